/** StartSession, ResumeSession and TerminateSession, with explained errors. */
import {
  ResumeSessionCommand,
  type SSMClient,
  StartSessionCommand,
  TerminateSessionCommand,
} from '@aws-sdk/client-ssm';
import { UserError } from '../errors.ts';
import { isExposed } from '../exposed-address.ts';
import { quoteCommand } from '../terminal/shell-word.ts';
import { explainServiceError, readDenial, ServiceError } from './service-errors.ts';
import { signChannel } from './sign-channel.ts';

export interface SessionRequest {
  readonly instanceId: string;
  /** At most 256 characters; the account's administrators see it. */
  readonly reason?: string | undefined;
  /** A session document; absent: the account's default. */
  readonly documentName?: string | undefined;
}

/** The service's answer, which opens the data channel. `endpoint`: the address that answered. */
export interface StartedSession {
  readonly SessionId: string;
  readonly StreamUrl: string;
  readonly TokenValue: string;
  readonly endpoint: string;
  /** Headers that sign the request to StreamUrl. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The request's parameters, for the official plugin. */
export function toStartParameters(request: SessionRequest): {
  Target: string;
  Reason?: string;
  DocumentName?: string;
} {
  return {
    Target: request.instanceId,
    ...(request.documentName ? { DocumentName: request.documentName } : {}),
    ...(request.reason ? { Reason: request.reason } : {}),
  };
}

/** @throws ServiceError that says why no session can be opened */
export async function startSession(client: SSMClient, request: SessionRequest): Promise<StartedSession> {
  const command = new StartSessionCommand(toStartParameters(request));
  const readEndpoint = noteEndpoint(command);
  const {
    SessionId = '',
    StreamUrl = '',
    TokenValue = '',
  } = await client.send(command).catch((error: unknown) => {
    throw explainStart(error, request);
  });
  const endpoint = readEndpoint();
  try {
    requireFitStream(StreamUrl, endpoint);
  } catch (error) {
    await terminateSession(client, SessionId);
    throw error;
  }
  return { SessionId, StreamUrl, TokenValue, endpoint, headers: await signChannel(client, StreamUrl) };
}

/** The address that a command was sent to: flag, variables, configuration file and Region together decide it. */
function noteEndpoint(command: StartSessionCommand | ResumeSessionCommand): () => string {
  let endpoint = '';
  const stack = command.middlewareStack as StartSessionCommand['middlewareStack'];
  stack.add(
    (next) => (args) => {
      const { protocol, hostname, port, path } = args.request as unknown as Record<
        string,
        string | undefined
      >;
      endpoint = `${protocol}//${hostname}${port ? `:${port}` : ''}${path === '/' ? '' : path}`;
      return next(args);
    },
    { step: 'build', name: 'noteEndpoint' },
  );
  return () => endpoint;
}

/** What is typed must not travel in the open where the commands do not. @throws UserError */
function requireFitStream(streamUrl: string, endpoint: string): void {
  const isStream = /^wss?:/i.test(streamUrl) && URL.canParse(streamUrl);
  if (isStream && (!isExposed(streamUrl.replace(/^ws/i, 'http')) || isExposed(endpoint))) return;
  throw new UserError({
    code: 'unfit-stream',
    what: `the data channel ${streamUrl} of the session was not opened`,
    why: isStream ? `it is not encrypted, and ${endpoint} is` : 'that is no address of a data channel',
    next: `find out who answers at ${endpoint}: Systems Manager gives a wss:// address`,
  });
}

/** Undefined if the session is over. @throws ServiceError if another attempt is useless; Error if it may help */
export async function resumeSession(
  client: SSMClient,
  sessionId: string,
  signal: AbortSignal,
): Promise<Pick<StartedSession, 'StreamUrl' | 'TokenValue' | 'headers'> | undefined> {
  try {
    const command = new ResumeSessionCommand({ SessionId: sessionId });
    const readEndpoint = noteEndpoint(command);
    const { StreamUrl = '', TokenValue = '' } = await client.send(command, { abortSignal: signal });
    if (StreamUrl === '') return { StreamUrl, TokenValue, headers: {} };
    requireFitStream(StreamUrl, readEndpoint());
    return { StreamUrl, TokenValue, headers: await signChannel(client, StreamUrl) };
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { name } = error as Error;
    if (name === 'DoesNotExistException') return undefined;
    const explained = explainServiceError(error, 'the session could not be resumed');
    if (FINAL_ERRORS.test(name)) throw explained;
    // The SDK retries until it is aborted, and an AbortError does not contain the cause.
    throw new Error(name === 'AbortError' ? 'the service could not be reached' : explained.why, {
      cause: error,
    });
  }
}

/** Ends a session, if the service takes the call. Never throws. */
export async function terminateSession(client: SSMClient, SessionId: string): Promise<void> {
  const abortSignal = AbortSignal.timeout(5000);
  await client.send(new TerminateSessionCommand({ SessionId }), { abortSignal }).catch(() => {});
}

const FINAL_ERRORS = /^(AccessDenied|ExpiredToken|UnrecognizedClient|InvalidSignature|CredentialsProvider)/;

function explainStart(error: unknown, request: SessionRequest): UserError {
  const what = `no session could be opened on ${request.instanceId}`;
  const found = explainRefusedStart(error as Error, request);
  if (!found) return explainServiceError(error, what);
  return new ServiceError({ code: (error as Error).name, what, ...found }, { cause: error });
}

const JUST_IN_TIME =
  'with just-in-time node access ask for approval instead:  aws ssm start-access-request , then export the credentials that  aws ssm get-access-token  prints';

/** ssm:StartSession is needed on the instance and on the session document, also the default one [user guide, “Sample IAM policies”]. */
function explainRefusedStart(error: Error, { instanceId, documentName }: SessionRequest) {
  if (error.name === 'TargetNotConnected')
    return {
      why: 'the service has no connection to it: unknown in this Region and account, stopped, or its agent cannot reach the service',
      next: quoteCommand`look with  ssm-keepalive doctor ${instanceId}`,
    };
  if (/^InvalidDocument/.test(error.name))
    return {
      why: `the service does not take ${documentName ?? 'the default document'} for a session`,
      next: 'look with  aws ssm list-documents --filters Key=DocumentType,Values=Session',
    };
  if (error.name === 'InvalidParameters')
    return {
      why: `${documentName} needs parameters, and this command passes none`,
      next: quoteCommand`aws ssm start-session --target ${instanceId} --document-name ${documentName ?? ''} --parameters NAME=VALUE`,
    };
  const denial = readDenial(error);
  if (denial?.action !== 'ssm:StartSession') return undefined;
  const { resource } = denial;
  const whole = 'the whole policy:  ssm-keepalive policy connect';
  const lack = `these credentials lack ssm:StartSession on ${resource || 'the instance or on the session document'}`;
  if (/:document\//.test(resource)) {
    const why = documentName === undefined ? ': the default document, needed though nobody names it' : '';
    return { why: `${lack}${why}`, next: `ask for ssm:StartSession on that document; ${whole}` };
  }
  return { why: lack, next: `ask for ssm:StartSession on it; ${whole}; ${JUST_IN_TIME}` };
}

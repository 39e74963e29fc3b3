import { type Denial, type Failure, UserError } from '../errors.ts';
import { nearestName } from '../nearest.ts';
import { quoteCommand } from '../terminal/shell-word.ts';
import { wordTable } from '../word-table.ts';
import { ForeignAnswerError } from './answers.ts';
import { ProfileError } from './profile-error.ts';

/** The Regions of the service [AWS General Reference, 2025], for whoever mistyped one. A Region that is missing here works all the same. */
const REGIONS: readonly string[] = [
  ['us', 'east-1 east-2 west-1 west-2 gov-east-1 gov-west-1'],
  ['eu', 'central-1 central-2 north-1 south-1 south-2 west-1 west-2 west-3'],
  ['ap', 'east-1 northeast-1 northeast-2 northeast-3 south-1 south-2'],
  ['ap', 'southeast-1 southeast-2 southeast-3 southeast-4 southeast-5 southeast-7'],
  ['af', 'south-1'],
  ['ca', 'central-1 west-1'],
  ['cn', 'north-1 northwest-1'],
  ['il', 'central-1'],
  ['me', 'central-1 south-1'],
  ['mx', 'central-1'],
  ['sa', 'east-1'],
].flatMap(([area, places = '']) => places.split(' ').map((place) => `${area}-${place}`));

/** A call that failed at the service, the network or the credentials. */
export class ServiceError extends UserError {}

type Explanation = Omit<Failure, 'code' | 'what'>;

/** By error name, not class: the service's model lacks most of these errors, such as AccessDeniedException. */
const EXPLANATIONS = wordTable<Explanation>({
  CredentialsProviderError: {
    why: 'no AWS credentials were found',
    next: 'sign in (aws sso login, aws configure) or name a profile with --profile; to try without an account add --lab',
  },
  ExpiredTokenException: {
    why: 'the AWS credentials have expired',
    next: 'sign in again, then run the same command again',
  },
  UnrecognizedClientException: {
    why: 'the service does not know these credentials',
    next: 'check AWS_ACCESS_KEY_ID, or the profile, and the Region',
  },
  InvalidSignatureException: {
    why: 'the signature did not match: a wrong secret key, or a proxy that changes requests',
    next: 'check AWS_SECRET_ACCESS_KEY, or the profile',
  },
  AccessDeniedException: {
    why: 'these credentials are not allowed to do that',
    next: 'ask for what  ssm-keepalive policy COMMAND  prints for the command that you ran',
  },
  ThrottlingException: {
    why: 'the service is throttling this account',
    next: 'wait a minute and run it again: finished instances report unchanged',
  },
  InvalidInstanceId: {
    why: 'at least one instance id is unknown, stopped, or has no working agent, and the service then refuses all of them',
    next: 'run the same command with --dry-run to see which',
  },
  UnsupportedPlatformType: {
    why: 'at least one instance does not run Linux, and the service then refuses all of them',
    next: 'run the same command with --dry-run to see which, and leave it out',
  },
  InvalidDocument: {
    why: 'the service does not take the document here: it is unknown in this Region, not active yet, or its hash is another one',
    next: 'check the Region and --document, then run it again',
  },
  ValidationException: {
    why: 'the service refused the request as malformed',
    next: 'run it with --debug and report what it prints',
  },
});

const LAB_UP = 'eval "$(ssm-keepalive lab up)"';

const NETWORK_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
]);

function nearestRegion(hostname: string): string | undefined {
  const [, region] = /(?:^|\.)ssm\.([a-z]{2,4}-[a-z0-9-]+)\.amazonaws\./.exec(hostname) ?? [];
  const nearest = region && !REGIONS.includes(region) ? nearestName(region, REGIONS) : undefined;
  return nearest && quoteCommand`did you mean --region ${nearest}?`;
}

/** Explains any error of a call. `what` names the failed step. An unknown error keeps the service's own words. */
export function explainServiceError(error: unknown, what: string): UserError {
  if (error instanceof UserError) return error;
  const [code, why, next] = explain(error as ForeignError);
  return new ServiceError({ code, what, why, next }, { cause: error });
}

interface ForeignError extends Error {
  readonly code?: string;
  readonly hostname?: string;
  readonly address?: string;
  readonly isOfEarlierLab?: boolean;
  readonly ofProfile?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

function explain(error: ForeignError): [code: string, why: string, next: string] {
  const { name = 'Error', message = String(error), code = '', hostname = '' } = error;
  if (name === 'CredentialsProviderError' && /sso session/i.test(message))
    return [
      'signed-out',
      'the single sign-on session of this profile is over, or was never begun',
      `sign in with  aws sso login${error.ofProfile ? quoteCommand` --profile ${error.ofProfile}` : ''} , then run the same command again`,
    ];
  if (error instanceof ProfileError) return ['no-profile', message, error.next];
  const httpStatus = error.$metadata?.httpStatusCode;
  if (error instanceof ForeignAnswerError)
    return [
      'not-the-service',
      `what answered is not the AWS service (${[httpStatus && `HTTP ${httpStatus}`, message].filter(Boolean).join('; ')})`,
      'check --endpoint-url, the Region, and whether a proxy stands in between',
    ];
  const denied = readDenial(error);
  if (denied) {
    const call = `${denied.action}${denied.resource ? ` on ${denied.resource}` : ''}`;
    // An organization often forbids whole Regions so.
    if (/explicit deny in a service control policy/.test(message))
      return [
        name,
        `a service control policy of the organization denies ${call}`,
        'work elsewhere: a policy of the account cannot allow it',
      ];
    const next = 'ask for it; all that a command needs:  ssm-keepalive policy COMMAND';
    return [name, `these credentials lack ${call}`, next];
  }
  const clock = explainClock(message);
  if (clock) return ['clock', clock.why, clock.next];
  if (error.isOfEarlierLab)
    return [
      name,
      'the lab was started again since these variables were set, or the keys in them are wrong',
      `set them again:  ${LAB_UP}`,
    ];
  const known = EXPLANATIONS[name] ?? EXPLANATIONS[name.replace(/Exception$/, '')];
  if (known) return [name, known.why, known.next];
  if (NETWORK_CODES.has(code) || name === 'TimeoutError')
    return [
      'network',
      `the service could not be reached (${[code || name, hostname].filter(Boolean).join(' ')})`,
      /^(127\.|::1$)/.test(error.address ?? '')
        ? `if that was a lab:  ${LAB_UP}`
        : (nearestRegion(hostname) ?? 'check the network, the proxy and the Region, then run it again'),
    ];
  // `region=""`: AWS_REGION is set but empty.
  if (/region is missing|region=""/i.test(message))
    return [
      'no-region',
      'no Region was given',
      'add --region, or set AWS_REGION; to try without an account add --lab',
    ];
  const [said = name] = message.split('\n');
  // An unexpected message that did not come from the service.
  const why = httpStatus === undefined ? `the AWS library says: “${said}”` : said;
  return [name, why, 'run it with --debug to see the whole answer'];
}

/** The reason and the advice for errors that only some calls have, by error name. */
export type Refusals = Readonly<Record<string, readonly [why: string, next: string]>>;

/** Explains an error of `refusals`, and any other as `explainServiceError` does. */
export function explainRefusal(refusals: Refusals, error: unknown, what: string): UserError {
  const { name } = error as Error;
  const [why, next] = refusals[name] ?? [];
  if (why === undefined || next === undefined) return explainServiceError(error, what);
  return new UserError({ code: name, what, why, next }, { cause: error });
}

/** Undefined for another error, or if the message does not name them. */
export function readDenial(error: unknown): Denial | undefined {
  if (!isAccessDenied(error)) return undefined;
  const found = /not authorized to perform: ([\w-]+:\w+)(?: on resource: (\S+))?/.exec(
    (error as Error).message,
  );
  return found ? { action: found[1] ?? '', resource: found[2] ?? '' } : undefined;
}

/** The SDK usually corrects the clock from the service's answers; if not, the message names both times. */
function explainClock(message: string): Explanation | undefined {
  const words = /Signature (?:expired|not yet current): (\S+) is [^(]*\((\S+) [+-] /.exec(message);
  if (!words) return undefined;
  const [ours = Number.NaN, theirs = Number.NaN] = words.slice(1).map(readBasicTime);
  const minutes = Math.round((ours - theirs) / 60_000);
  const off = Number.isNaN(minutes) ? 'off' : `${Math.abs(minutes)} min ${minutes < 0 ? 'behind' : 'ahead'}`;
  return {
    why: `this machine’s clock is ${off} by the service’s, too far for a signature to count`,
    next: 'set the clock (timedatectl set-ntp true), then run it again',
  };
}

/** Reads a time as 20240131T235959Z. */
function readBasicTime(text: string): number {
  return Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}

/** True if the account forbids the call; often the caller can continue without its result. */
export function isAccessDenied(error: unknown): boolean {
  return /^AccessDenied/.test((error as Error | undefined)?.name ?? '');
}

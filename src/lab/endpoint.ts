/** Serves the operations on loopback, as JSON 1.1 over HTTP. Reads only requests that the door admits. */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Account, Operation } from './account.ts';
import type { Accounts } from './accounts.ts';
import { checkAnswer, checkRequest } from './contract.ts';
import { type Door, readScope, type Scope } from './door.ts';
import type { EndpointFaults, WireFault } from './endpoint-faults.ts';
import * as associationChanges from './operations/association-changes.ts';
import * as associations from './operations/associations.ts';
import * as commands from './operations/commands.ts';
import * as documentChanges from './operations/document-changes.ts';
import * as documents from './operations/documents.ts';
import * as instances from './operations/instances.ts';
import * as sessions from './operations/sessions.ts';
import * as taggedResources from './operations/tagged-resources.ts';
import type { Organization, OrganizationOperation } from './organization.ts';
import { ServiceError } from './service-error.ts';
import { type OperationName, SHAPES } from './shapes.ts';

/** Each operation is the function of its name in one of these files. */
const OPERATIONS: { readonly [Name in OperationName as Uncapitalize<Name>]: Operation<Name> } = {
  ...associationChanges,
  ...associations,
  ...commands,
  ...documentChanges,
  ...documents,
  ...instances,
  ...sessions,
  ...taggedResources,
};

/** Target header and signing name of each service. */
const SERVICES = [
  { prefix: 'ssm', target: /^AmazonSSM\./, signed: 'ssm' },
  { prefix: 'tag', target: /^ResourceGroupsTaggingAPI_20170126\.(?=GetResources$)/, signed: 'tagging' },
  // These three list accounts and Regions; each has its own form.
  { prefix: 'organizations', target: /^AWSOrganizationsV20161128\./, signed: 'organizations' },
  { prefix: 'account', target: /^POST \/(?=listRegions$)/, signed: 'account' },
  { prefix: 'sts', target: /^form (?=AssumeRole$)/, signed: 'sts' },
] as const;

/** The target header, or what replaces it in services without one. */
function readTarget({ headers, url }: IncomingMessage): string {
  if (/x-www-form-urlencoded/.test(headers['content-type'] ?? '')) return 'form AssumeRole';
  return String(headers['x-amz-target'] ?? (url === '/' ? '' : `POST ${url}`));
}

const LARGEST_REQUEST_BYTES = 1024 * 1024;
const KEEP_ALIVE_MS = 600_000;

/** One line for each request; tests count calls. */
export interface RequestLog extends Scope {
  readonly operation: string;
  readonly at: number;
  readonly error: string | undefined;
}

export function makeEndpoint(
  accounts: Accounts,
  organization: Organization,
  door: Door,
  faults: EndpointFaults,
  log: (entry: Omit<RequestLog, 'at'>) => void,
): Server {
  const answer = async (
    request: IncomingMessage,
    { prefix, signed }: (typeof SERVICES)[number],
    operation: string,
    isLooped: boolean,
  ): Promise<Record<string, unknown>> => {
    const bytes = await readBody(request);
    if (request.method !== 'POST') throw new ServiceError('UnknownOperationException', '', 404);
    const scope = await door.check(request, bytes, signed, faults.now());
    const isOfAccount = prefix === 'ssm' || prefix === 'tag';
    const refusal = isOfAccount ? accounts.refusal(scope) : undefined;
    if (refusal !== undefined) throw new ServiceError(refusal, FAULT_MESSAGES[refusal]);
    checkToken(String(request.headers['x-amz-security-token'] ?? ''), faults.now());
    const fault = faults.takeError(operation);
    if (fault !== undefined)
      throw new ServiceError(fault, FAULT_MESSAGES[fault], fault === 'InternalServerError' ? 500 : 400);
    const body = readInput(bytes.toString('utf8'), signed === 'sts');
    const input = isLooped ? { ...body, NextToken: undefined } : body;
    const output = isOfAccount
      ? await runOperation(accounts.find(scope), operation, input, scope.region, prefix)
      : runOrganization(organization, operation, input, scope, faults.now());
    // The token leads to the same page again.
    return isLooped ? { ...output, NextToken: 'again' } : output;
  };
  const server = createServer((request, response) => {
    if (door.isShutFor(request)) {
      response.writeHead(403, { connection: 'close' }).end();
      return;
    }
    const target = readTarget(request);
    const service = SERVICES.find((known) => known.target.test(target)) ?? SERVICES[0];
    const operation = target.replace(service.target, '');
    const scope = readScope(request.headers, service.signed) ?? { accessKeyId: '', region: '' };
    // A client with a wrong clock corrects it from this header.
    if (faults.isClockHidden) response.sendDate = false;
    else response.setHeader('date', new Date(faults.now()).toUTCString());
    const broken = faults.takeWireFault(operation);
    if (broken === 'lost' || broken === 'silent') {
      log({ ...scope, operation, error: broken });
      if (broken === 'lost') request.socket.destroy();
      return;
    }
    answer(request, service, operation, broken === 'looped').then(
      (output) => {
        log({ ...scope, operation, error: broken });
        if (service.prefix === 'sts')
          sendXml(response, 200, 'AssumeRoleResponse', { AssumeRoleResult: output });
        else if (broken === undefined || broken === 'looped') send(response, 200, output);
        else sendBroken(response, output, broken);
      },
      (error: unknown) => {
        const { name, message, status } =
          error instanceof ServiceError ? error : new ServiceError('InternalServerError', String(error), 500);
        log({ ...scope, operation, error: name });
        // The service writes `message` for its framework's errors, `Message` for its own; clients take both.
        const key = name === 'ValidationException' ? 'message' : 'Message';
        if (service.prefix === 'sts') {
          const fault = { Code: name.replace(/Exception$/, ''), Message: message };
          sendXml(response, 403, 'ErrorResponse', { Error: fault });
        } else send(response, status, { __type: name, ...(message === '' ? {} : { [key]: message }) });
      },
    );
  });
  // After Node's 5 s a client can use the connection just as it closes, and sees a reset. The service waits longer.
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  return server;
}

function readInput(text: string, isForm: boolean): Record<string, unknown> {
  if (isForm) return Object.fromEntries(new URLSearchParams(text));
  try {
    return JSON.parse(text === '' ? '{}' : text);
  } catch {
    throw new ServiceError('SerializationException', 'The request body is not JSON.');
  }
}

async function runOperation(
  account: Account,
  operation: string,
  input: unknown,
  region: string,
  prefix: string,
): Promise<Record<string, unknown>> {
  if (!isServed(operation)) throw new ServiceError('UnknownOperationException');
  const checked = checkRequest(operation, input);
  account.guard.checkCall(prefix, operation, checked, account, region);
  const run = OPERATIONS[uncapitalize(operation)] as Operation<OperationName>;
  const output = await run(account, checked, region);
  checkAnswer(operation, output);
  if (!/^(Describe|Get|List)/.test(operation) && account.store.isDirty) account.store.save();
  return output;
}

function runOrganization(
  organization: Organization,
  operation: string,
  ...call: Parameters<Organization['AssumeRole']>
): Record<string, unknown> {
  if (!Object.hasOwn(organization, operation)) throw new ServiceError('UnknownOperationException');
  return organization[operation as OrganizationOperation](...call);
}

const isServed = (operation: string): operation is OperationName => Object.hasOwn(SHAPES, operation);

const uncapitalize = <Name extends string>(name: Name) =>
  (name.charAt(0).toLowerCase() + name.slice(1)) as Uncapitalize<Name>;

/** A token of the lab says until when it is good; any other is good for ever. */
function checkToken(token: string, now: number): void {
  const until = /^lab-until-(\d+)$/.exec(token)?.[1];
  if (until !== undefined && Number(until) <= now)
    throw new ServiceError('ExpiredTokenException', FAULT_MESSAGES['ExpiredTokenException']);
}

const FAULT_MESSAGES: Record<string, string> = {
  ThrottlingException: 'Rate exceeded',
  AccessDeniedException: 'User: arn:aws:iam::123456789012:user/lab is not authorized to perform this action',
  ExpiredTokenException: 'The security token included in the request is expired',
  UnrecognizedClientException: 'The security token included in the request is invalid.',
};

function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= LARGEST_REQUEST_BYTES) chunks.push(chunk);
    });
    request.on('end', () => {
      if (size > LARGEST_REQUEST_BYTES) reject(new ServiceError('RequestEntityTooLargeException', '', 413));
      else resolve(Buffer.concat(chunks));
    });
    request.on('error', reject);
  });
}

/** The call has had its effect. */
function sendBroken(response: ServerResponse, body: Record<string, unknown>, fault: WireFault): void {
  const text = JSON.stringify(body);
  const half = text.slice(0, text.length / 2);
  writeHead(response, 200, fault === 'cut' ? text : half);
  if (fault === 'truncated') response.end(half);
  else response.write(half, () => response.socket?.destroy());
}

function send(response: ServerResponse, status: number, body: Record<string, unknown>): void {
  const text = JSON.stringify(body);
  writeHead(response, status, text).end(text);
}

const writeHead = (response: ServerResponse, status: number, text: string) =>
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.1',
    'content-length': Buffer.byteLength(text),
    'x-amzn-requestid': randomUUID(),
  });

/** The older services answer in XML. */
function sendXml(
  response: ServerResponse,
  status: number,
  name: string,
  body: Record<string, unknown>,
): void {
  const write = (value: unknown): string =>
    typeof value === 'object' && value !== null
      ? Object.entries(value)
          .map(([key, inner]) => `<${key}>${write(inner)}</${key}>`)
          .join('\n')
      : String(value).replace(/[&<>]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[sign] ?? sign);
  response.writeHead(status, { 'content-type': 'text/xml', 'x-amzn-requestid': randomUUID() });
  response.end(write({ [name]: body }));
}

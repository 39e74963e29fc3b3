/** For services of which few operations are needed: SDK clients would be larger than the rest of the program. */
import type { SSMClient } from '@aws-sdk/client-ssm';
import { SignatureV4 } from '@smithy/signature-v4';
import * as z from 'zod';
import { sleep } from '../clock.ts';
import { makeInterrupted, orAbort } from '../interruption.ts';
import { findPartition } from '../partitions.ts';
import { wordTable } from '../word-table.ts';
import { ForeignAnswerError, readBounded } from './answers.ts';
import { type Connection, clockOf } from './client.ts';
import { findAddress } from './configured-addresses.ts';
import { explainProfile } from './profile-error.ts';
import { waitAfter } from './retries.ts';

/** The client whose credentials sign the call. */
export interface Caller {
  readonly client: SSMClient;
  readonly profile?: Connection['profile'];
  readonly variables?: NodeJS.ProcessEnv;
  /** The lab's address, on the lab. */
  readonly endpointUrl?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface SignedCall {
  readonly service: 'sts' | 'organizations' | 'account';
  readonly path?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const ANSWER_MS = 30_000;

/** The answer's text. @throws ForeignAnswerError, or Error with the service's name for what went wrong */
export async function callSigned(caller: Caller, call: SignedCall): Promise<string> {
  const { client, signal } = caller;
  for (let attempt = 1; ; attempt += 1) {
    try {
      signal?.throwIfAborted();
      const answer = callOnce(caller, call);
      return await (signal ? orAbort(answer, signal) : answer);
    } catch (error) {
      if (signal?.aborted) throw makeInterrupted('the accounts were not looked up', error);
      const waitMs = waitAfter(attempt, kindOf(error as Error));
      if (waitMs === undefined) throw error;
      await sleep(clockOf(client), waitMs, signal);
    }
  }
}

async function callOnce(caller: Caller, { service, path = '/', headers, body }: SignedCall): Promise<string> {
  const { credentials, sha256, systemClockOffset, region: readRegion } = caller.client.config;
  const own = await readRegion();
  const { suffix, home } = findPartition(own);
  // STS answers in every Region, and its credentials are valid in all. The other services have one address.
  const region = service === 'sts' ? own : home;
  const address =
    caller.endpointUrl ??
    (await findAddress(service, caller.profile, caller.variables ?? {})) ??
    `https://${service}.${region}.${suffix}`;
  const { protocol, host, hostname, port } = new URL(address);
  const signer = new SignatureV4({ credentials, region, service, sha256 });
  const request = await signer
    .sign(
      {
        method: 'POST',
        protocol,
        hostname,
        ...(port ? { port: Number(port) } : {}),
        path,
        query: {},
        headers: { host, ...headers },
        body,
      },
      { signingDate: new Date(Date.now() + systemClockOffset) },
    )
    .catch(async (error: unknown) => {
      throw await explainProfile(error, caller);
    });
  const { host: _, ...signed } = request.headers;
  const signals = [AbortSignal.timeout(ANSWER_MS), ...(caller.signal ? [caller.signal] : [])];
  const response = await fetch(`${protocol}//${host}${path}`, {
    method: 'POST',
    headers: signed,
    body,
    signal: AbortSignal.any(signals),
  }).catch((error: Error) => {
    // fetch says only “fetch failed”; the reason and the system's error code are in the cause.
    const { code, message = error.message } = (error.cause ?? {}) as Partial<NodeJS.ErrnoException>;
    throw Object.assign(new Error(message, { cause: error }), { name: error.name, code });
  });
  const text = await readBounded(response);
  if (response.ok) return text;
  throw readError(text, response);
}

/** What went wrong, in the words of waitAfter; empty: another attempt would not help. */
function kindOf({ name, status = 0, code }: Error & { status?: number; code?: string }): string {
  if (/Throttl|TooManyRequests|RequestLimitExceeded/.test(name)) return 'THROTTLING';
  const isBroken = status >= 500 || name === 'TimeoutError' || (code !== undefined && code !== 'ENOTFOUND');
  return isBroken ? 'TRANSIENT' : '';
}

/** JSON with `__type`, JSON with the name in a header, or XML. */
function readError(text: string, { status, headers }: Response): Error {
  const facts = readFacts(text);
  const type = facts.__type ?? headers.get('x-amzn-errortype') ?? readElement(text, 'Code');
  const message = facts.message ?? facts.Message ?? readElement(text, 'Message') ?? '';
  const $metadata = { httpStatusCode: status };
  if (type === undefined)
    return Object.assign(new ForeignAnswerError('an error without a name', { $metadata }), { status });
  const name = type.replace(/^.*#/, '').replace(/:.*$/, '');
  return Object.assign(new Error(message), { name, status, $metadata });
}

const word = z.string().optional().catch(undefined);
const errorFacts = z.object({ __type: word, message: word, Message: word });

function readFacts(text: string): Partial<z.output<typeof errorFacts>> {
  try {
    return errorFacts.parse(JSON.parse(text));
  } catch {
    return {};
  }
}

/** An answer in JSON. @throws ForeignAnswerError if it is of another form */
export function readAnswer<T>(form: z.ZodType<T>, text: string): T {
  try {
    return form.parse(JSON.parse(text));
  } catch (error) {
    throw new ForeignAnswerError('it is of another form', error);
  }
}

/** The text of an element that occurs once, of an answer in XML. */
export function readElement(xml: string, name: string): string | undefined {
  const found = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  return found?.replace(/&(lt|gt|quot|apos|amp);/g, (_, entity: string) => ENTITIES[entity] ?? '');
}

const ENTITIES = wordTable<string>({ lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' });

/** Admits requests with the right Host, without an Origin, and signed with this start's secret. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Sha256 } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';
import { type AccountSpec, LAB_KEY, LAB_ROLE_KEY } from './options.ts';
import { ServiceError } from './service-error.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface Scope {
  readonly accessKeyId: string;
  readonly region: string;
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\/\d{8}\/([a-z0-9-]+)\/([a-z]+)\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/;
/** Must be signed if sent. */
const ALWAYS_SIGNED = /^(host|x-amz-.*)$/;
/** Five minutes either way [Signature Version 4]. */
const SIGNATURE_MS = 5 * 60 * 1000;

/** The keys of an account's user and role. */
export function keysOf({ id, accessKeyId, role }: AccountSpec): string[] {
  return [...(accessKeyId === undefined ? [] : [accessKeyId]), ...(role === undefined ? [] : [roleKey(id)])];
}

/** ASIA marks temporary keys. */
export const roleKey = (account: string) => `ASIA${account}`;

export class Door {
  private readonly secrets = new Map<string, string>();
  private readonly hosts = new Set<string>();

  /** The first account's two keys share one secret: both work with what `lab up` printed. */
  constructor(accessKeyIds: readonly string[] = []) {
    const own = newSecret();
    for (const key of [LAB_KEY, LAB_ROLE_KEY]) this.secrets.set(key, own);
    for (const key of accessKeyIds) this.secrets.set(key, newSecret());
  }

  credentials(accessKeyId: string = LAB_KEY): Credentials {
    const secretAccessKey = this.secrets.get(accessKeyId);
    if (secretAccessKey === undefined) throw new Error(`the lab has no access key ${accessKeyId}`);
    return { accessKeyId, secretAccessKey };
  }

  /** `host`: a name with its port. */
  admit(host: string): void {
    this.hosts.add(host);
  }

  /** Such a request must not be read: browsers send an Origin, and after DNS rebinding another Host. */
  isShutFor({ headers, rawHeaders }: IncomingMessage): boolean {
    const hosts = rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host');
    return hosts.length !== 1 || !this.hosts.has(headers.host ?? '') || headers.origin !== undefined;
  }

  /** Resolves with the signer. @throws ServiceError in the service's words */
  async check(request: IncomingMessage, body: Buffer, service: string, now: number): Promise<Scope> {
    const scope = readScope(request.headers, service);
    if (scope === undefined)
      throw new ServiceError('MissingAuthenticationTokenException', 'Missing Authentication Token');
    const [, , , , names = '', signature = ''] =
      AUTHORIZATION.exec(request.headers.authorization ?? '') ?? [];
    const secretAccessKey = this.secrets.get(scope.accessKeyId);
    if (secretAccessKey === undefined)
      throw new ServiceError(
        'UnrecognizedClientException',
        'The security token included in the request is invalid.',
      );
    const signedAt = checkClock(String(request.headers['x-amz-date'] ?? ''), now);
    const signed = new Set(names.split(';'));
    const mustSign = ['host', ...Object.keys(request.headers).filter((name) => ALWAYS_SIGNED.test(name))];
    const wanted = await sign(request, body, service, { ...scope, secretAccessKey }, signed, signedAt);
    const isHashGood = [undefined, createHash('sha256').update(body).digest('hex')].includes(
      request.headers['x-amz-content-sha256'] as string | undefined,
    );
    if (!mustSign.every((name) => signed.has(name)) || !isHashGood || !isSame(wanted, signature))
      throw new ServiceError(
        'InvalidSignatureException',
        'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
      );
    return scope;
  }
}

/** The credential scope of a signature, not verified; undefined: no signature for that service. */
export function readScope({ authorization }: IncomingHttpHeaders, service: string): Scope | undefined {
  const match = AUTHORIZATION.exec(authorization ?? '');
  return match?.[3] === service ? { accessKeyId: match[1] ?? '', region: match[2] ?? '' } : undefined;
}

/** In constant time. */
export function isSame(one: string, other: string): boolean {
  const [left, right] = [one, other].map((text) => createHash('sha256').update(text).digest());
  return timingSafeEqual(left as Buffer, right as Buffer);
}

function newSecret(): string {
  return randomBytes(30).toString('base64url');
}

async function sign(
  { method = '', url = '/', headers }: IncomingMessage,
  body: Buffer,
  service: string,
  { region, ...credentials }: Scope & Credentials,
  signed: ReadonlySet<string>,
  signingDate: Date,
): Promise<string> {
  const { pathname, searchParams } = new URL(url, 'http://lab');
  const signer = new SignatureV4({ credentials, region, service, sha256: Sha256, applyChecksum: false });
  const { headers: done } = await signer.sign(
    {
      method,
      protocol: 'http:',
      hostname: '',
      path: pathname,
      query: Object.fromEntries(searchParams),
      headers: Object.fromEntries([...signed].map((name) => [name, String(headers[name] ?? '')])),
      body,
    },
    { signingDate, signableHeaders: new Set(signed) },
  );
  return AUTHORIZATION.exec(done['authorization'] ?? '')?.[5] ?? '';
}

function checkClock(signedAt: string, now: number): Date {
  const at = Date.parse(signedAt.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (Math.abs(now - at) <= SIGNATURE_MS) return new Date(at);
  // The service's words, as users quote them.
  const spell = (ms: number) => new Date(ms).toISOString().replace(/[-:]|\.\d+/g, '');
  const words = Number.isNaN(at)
    ? 'Date must be in ISO-8601 basic format.'
    : at < now
      ? `Signature expired: ${signedAt} is now earlier than ${spell(now - SIGNATURE_MS)} (${spell(now)} - 5 min.)`
      : `Signature not yet current: ${signedAt} is still later than ${spell(now + SIGNATURE_MS)} (${spell(now)} + 5 min.)`;
  throw new ServiceError('InvalidSignatureException', words);
}

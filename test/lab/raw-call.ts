/** Requests as bytes on the wire, past the SDK, which would not let some of them out. */
import { createHash, createHmac } from 'node:crypto';
import type { Credentials } from '../../src/lab/index.ts';

export interface RawAnswer {
  readonly status: number;
  /** The error's name, or empty. */
  readonly error: string;
  readonly body: Record<string, unknown>;
}

/** What answers, and the keys it knows. */
export interface Place {
  readonly endpoint: string;
  readonly credentials: Credentials;
}

/** Calls one operation, signed. */
export async function rawCall(place: Place, operation: string, body: unknown): Promise<RawAnswer> {
  const isTagging = operation === 'GetResources';
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(place.endpoint, {
    method: 'POST',
    headers: signByHand(place, {
      service: isTagging ? 'tagging' : 'ssm',
      target: `${isTagging ? 'ResourceGroupsTaggingAPI_20170126' : 'AmazonSSM'}.${operation}`,
      body: text,
    }),
    body: text,
  });
  const said = await response.text();
  // A stand-in that fails inside answers with a page.
  const answer = (said.startsWith('{') ? JSON.parse(said) : {}) as Record<string, unknown>;
  const error = response.ok ? '' : String(answer['__type'] ?? response.status).replace(/^.*#/, '');
  return { status: response.status, error, body: answer };
}

export interface Signing {
  readonly service: string;
  readonly target: string;
  readonly body: string;
  readonly at?: Date;
  /** The Host that is signed. Default the endpoint's. */
  readonly host?: string;
  readonly region?: string;
}

/** Signature Version 4 written out: a second reading of it beside the library that the lab checks with. */
export function signByHand(
  { endpoint, credentials }: Place,
  { service, target, body, at = new Date(), host = new URL(endpoint).host, region = 'us-east-1' }: Signing,
): Record<string, string> {
  const date = at.toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = [date.slice(0, 8), region, service, 'aws4_request'];
  const headers = `host:${host}\nx-amz-date:${date}\nx-amz-target:${target}\n`;
  const signed = 'host;x-amz-date;x-amz-target';
  const request = `POST\n/\n\n${headers}\n${signed}\n${hash(body)}`;
  const key = scope.reduce<string | Buffer>(
    (secret, word) => createHmac('sha256', secret).update(word).digest(),
    `AWS4${credentials.secretAccessKey}`,
  );
  const words = `AWS4-HMAC-SHA256\n${date}\n${scope.join('/')}\n${hash(request)}`;
  const signature = createHmac('sha256', key).update(words).digest('hex');
  return {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-date': date,
    'x-amz-target': target,
    authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope.join('/')}, SignedHeaders=${signed}, Signature=${signature}`,
  };
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

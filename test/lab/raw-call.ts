/** Requests as bytes on the wire, past the SDK, which would not let some of them out. */
export interface RawAnswer {
  readonly status: number;
  /** The error's name, or empty. */
  readonly error: string;
  readonly body: Record<string, unknown>;
}

/** Calls one operation; credentials are welcome whatever they are, the signature is only looked at. */
export async function rawCall(endpoint: string, operation: string, body: unknown): Promise<RawAnswer> {
  const isTagging = operation === 'GetResources';
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `${isTagging ? 'ResourceGroupsTaggingAPI_20170126' : 'AmazonSSM'}.${operation}`,
      authorization: `AWS4-HMAC-SHA256 Credential=raw/20260101/us-east-1/${isTagging ? 'tagging' : 'ssm'}/aws4_request, SignedHeaders=host, Signature=0`,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  // A stand-in that fails inside answers with a page.
  const answer = (text.startsWith('{') ? JSON.parse(text) : {}) as Record<string, unknown>;
  const error = response.ok ? '' : String(answer['__type'] ?? response.status).replace(/^.*#/, '');
  return { status: response.status, error, body: answer };
}

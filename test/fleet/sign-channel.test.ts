import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { test } from 'node:test';
import { SSMClient } from '@aws-sdk/client-ssm';
import { signChannel } from '../../src/fleet/sign-channel.ts';

const STREAM =
  'wss://ssmmessages.eu-central-1.amazonaws.com/v1/data-channel/ada-0a1b2c3d4e5f?role=publish_subscribe';
const SECRET = 'not-a-real-secret';

function makeClient(sessionToken?: string): SSMClient {
  const credentials = {
    accessKeyId: 'AKIDEXAMPLE',
    secretAccessKey: SECRET,
    ...(sessionToken ? { sessionToken } : {}),
  };
  return new SSMClient({ region: 'eu-central-1', credentials });
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();

/** Signature Version 4 by its own description [IAM user guide, *Create a signed AWS API request*], for this one request. */
function signatureOf(headers: Record<string, string>, signedNames: string): string {
  const time = headers['x-amz-date'] ?? '';
  const scope = `${time.slice(0, 8)}/eu-central-1/ssmmessages/aws4_request`;
  const url = new URL(STREAM);
  const canonical = [
    'GET',
    url.pathname,
    url.search.slice(1),
    ...signedNames.split(';').map((name) => `${name}:${{ ...headers, host: url.host }[name]}`),
    '',
    signedNames,
    sha256(''),
  ].join('\n');
  const key = ['eu-central-1', 'ssmmessages', 'aws4_request'].reduce<Buffer>(
    (last, part) => hmac(last, part),
    hmac(`AWS4${SECRET}`, time.slice(0, 8)),
  );
  return hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonical)}`).toString('hex');
}

test('data channel: its opening is signed for ssmmessages in the Region of the client', async () => {
  for (const token of [undefined, 'a-session-token']) {
    const headers = await signChannel(makeClient(token), STREAM);
    const [, day, names = '', signature] =
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/(\d{8})\/eu-central-1\/ssmmessages\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
        headers['authorization'] ?? '',
      ) ?? assert.fail(headers['authorization']);
    assert.equal(headers['x-amz-date']?.slice(0, 8), day);
    assert.equal(headers['x-amz-security-token'], token);
    assert.equal(names.includes('host'), true);
    assert.equal(signature, signatureOf(headers, names));
    assert.equal(headers['host'], undefined, 'the socket writes its own');
  }
});

test('data channel: an address that carries its signature is left as it is', async () => {
  assert.deepEqual(await signChannel(makeClient(), `${STREAM}&X-Amz-Signature=00`), {});
});

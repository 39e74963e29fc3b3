// The sources of credentials that a profile of the AWS CLI can name, through the built files.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { useLab } from './lab/test-lab.ts';
import { runCli } from './support/cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-test-'));
after(() => rmSync(folder, { recursive: true }));
const config = join(folder, 'config');
writeFileSync(
  config,
  `[profile process]
credential_process = cat ${join(folder, 'keys.json')}
[profile sso]
sso_session = company
sso_account_id = 111111111111
sso_role_name = operator
[sso-session company]
sso_region = us-east-1
sso_start_url = https://sso.invalid/start
`,
);

const lab = await useLab({ hosts: [] });
const { accessKeyId, secretAccessKey } = lab.credentials;
writeFileSync(
  join(folder, 'keys.json'),
  JSON.stringify({ Version: 1, AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey }),
);
const ask = (profile: string, more: Record<string, string> = {}) =>
  runCli(
    ['preferences', 'get', '--region', 'us-east-1', '--profile', profile, '--endpoint-url', lab.endpoint],
    {
      HOME: folder,
      AWS_CONFIG_FILE: config,
      AWS_SHARED_CREDENTIALS_FILE: join(folder, 'none'),
      ...more,
    },
  );

test('credentials: --profile beside keys in variables is no reason for the AWS library to warn', async (context) => {
  const { mock } = context.mock.method(console, 'warn', () => {});
  const { status, stderr } = await ask('process', { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' });
  assert.equal(status, 0, stderr);
  assert.deepEqual(mock.calls, []);
});

test('credentials: those that a program of the profile prints', async () => {
  const { status, stderr } = await ask('process');
  assert.equal(status, 0, stderr);
});

test('credentials: who is signed out of SSO is told how to sign in', async () => {
  const { status, stderr } = await ask('sso');
  assert.equal(status, 1);
  assert.match(stderr, /why: {2}the single sign-on session of this profile is over, or was never begun\n/);
  assert.match(stderr, /next: sign in with {2}aws sso login --profile sso , then run the same/);
});

test('credentials: a profile that is not there is named', async () => {
  const { status, stderr } = await ask('nobody');
  assert.equal(status, 1);
  assert.match(stderr, /why: {2}.*nobody.*\n {2}next: look with {2}aws configure list-profiles/);
  const near = await ask('proces');
  assert.match(near.stderr, /next: did you mean --profile process\? If not, look with/);
});

// What goes wrong before anything is sent: each command says the same why, and a next that helps in that very situation.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { Lab } from '../../src/lab/index.ts';
import { hosts, id } from '../fleet/push-rig.ts';
import { runCli } from '../support/cli.ts';
import { startTestLab } from '../support/lab.ts';
import { someOf } from '../support/turns.ts';

const COMMANDS = [
  'install --tag env=dev',
  'install --tag env=dev --dry-run',
  'install --tag env=dev --follow --no-canary',
  'uninstall --tag env=dev',
  'status --tag env=dev',
  'preferences get',
  'preferences set --idle 60 --yes',
  'doctor',
  `measure ${id(0)}`,
];

interface Situation {
  readonly what: string;
  readonly flags?: string;
  readonly env: (lab: Lab) => Record<string, string>;
  readonly why: RegExp;
  readonly next: RegExp;
}

const without = (env: Record<string, string>, ...names: string[]) =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !names.includes(name)));

const REGION = ['AWS_REGION', 'AWS_DEFAULT_REGION'];
const KEYS = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'];

/** Without keys in the environment, and with a profile `broken` of these lines. */
function withProfile(lines: string): Situation['env'] {
  const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-next-'));
  after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'config');
  writeFileSync(path, `[profile broken]\n${lines}\n`);
  return ({ env }) => ({ ...without(env, ...KEYS), AWS_CONFIG_FILE: path });
}

const SITUATIONS: readonly Situation[] = [
  {
    what: 'a profile that is in no file',
    flags: '--profile nobody',
    env: ({ env }) => without(env, ...REGION, ...KEYS),
    why: /profile nobody is not in the AWS configuration/,
    next: /look with {2}aws configure list-profiles/,
  },
  {
    what: 'AWS_PROFILE with such a profile',
    env: ({ env }) => ({ ...without(env, ...REGION, ...KEYS), AWS_PROFILE: 'nobody' }),
    why: /profile nobody is not in the AWS configuration/,
    next: /look with {2}aws configure list-profiles/,
  },
  {
    what: 'a profile whose program gives no credentials',
    flags: '--profile broken',
    env: withProfile('credential_process = /bin/false'),
    why: /profile broken gives no credentials/,
    next: /see why with {2}aws sts get-caller-identity --profile broken/,
  },
  {
    what: 'a profile that names a file which is missing, by AWS_PROFILE',
    env: (lab) => ({
      ...withProfile('web_identity_token_file = /nonexistent/token\nrole_arn = arn:aws:iam::1:role/x')(lab),
      AWS_PROFILE: 'broken',
    }),
    why: /profile broken gives no credentials: there is no such file or folder \(ENOENT \/nonexistent\/token\)/,
    next: /see why with {2}aws sts get-caller-identity --profile broken/,
  },
  {
    what: 'a profile that names a folder where a file belongs',
    flags: '--profile broken',
    env: withProfile('web_identity_token_file = /\nrole_arn = arn:aws:iam::1:role/x'),
    why: /profile broken gives no credentials: it is a folder \(EISDIR/,
    next: /see why with {2}aws sts get-caller-identity --profile broken/,
  },
  {
    what: 'a profile that asks for an MFA code',
    flags: '--profile broken',
    env: withProfile(
      'role_arn = arn:aws:iam::1:role/x\nsource_profile = base\nmfa_serial = arn:aws:iam::1:mfa/me\n' +
        '[profile base]\naws_access_key_id = AKIA1\naws_secret_access_key = x',
    ),
    why: /profile broken asks for an MFA code, and this program cannot ask you for it/,
    next: /take the credentials first: {2}eval "\$\(aws configure export-credentials --profile broken /,
  },
  {
    what: 'no Region',
    env: ({ env }) => without(env, ...REGION),
    why: /no Region was given/,
    next: /add --region, or set AWS_REGION/,
  },
  {
    what: 'no credentials',
    env: ({ env }) => without(env, ...KEYS),
    why: /no AWS credentials were found/,
    next: /sign in \(aws sso login, aws configure\) or name a profile with --profile/,
  },
  {
    what: 'expired credentials',
    env: ({ env, door }) => ({
      ...env,
      AWS_ACCESS_KEY_ID: EXPIRED,
      AWS_SECRET_ACCESS_KEY: door.credentials(EXPIRED).secretAccessKey,
    }),
    why: /the AWS credentials have expired/,
    next: /sign in again, then run the same command again/,
  },
];

const EXPIRED = 'AKIAEXPIRED';
/** Advice for other situations. */
const WRONG =
  /this is a bug|not in the AWS configuration, or|the AWS library|the document \S+ could not be read|left early|--command-id|nothing matched|no instance matched/;

describe('next', { concurrency: 3 }, () => {
  for (const { what, flags = '', env, why, next } of SITUATIONS)
    test(`next: ${what}: every command says so, and what helps`, async (context) => {
      const lab = await startTestLab(context, {
        hosts: hosts({}),
        accounts: [{ id: '111111111111', accessKeyId: EXPIRED, refusal: 'ExpiredTokenException' }],
      });
      for (const words of someOf(COMMANDS, 4)) {
        const { status, stdout, stderr } = await runCli(`${words} ${flags}`.trim().split(' '), env(lab));
        const said = (stdout + stderr).replace(/\n +(?=\S)/g, ' ').replace(/ +/g, ' ');
        const told = (pattern: RegExp) => new RegExp(pattern.source.replaceAll(' {2}', ' '));
        assert.equal(status, 1, `${words}\n${said}`);
        assert.match(said, told(why), words);
        assert.match(said, told(next), words);
        assert.doesNotMatch(said, WRONG, words);
      }
    });
});

test('next: a tag that nobody has: nothing advises to take up the command that reached nobody', async (context) => {
  const lab = await startTestLab(context, { hosts: hosts({}), timeoutScale: 0.02 });
  for (const words of ['status', 'uninstall --yes', 'install --no-canary --no-restart --yes']) {
    const { status, stderr } = await runCli(`${words} --tag env=none`.split(' '), lab.env);
    assert.equal(status, 1, stderr);
    assert.match(stderr, /no instance matched\n {2}why: .*nearest are env=dev/);
    assert.doesNotMatch(stderr, /left early|To take it up|--command-id/, words);
  }
});

test('next: advice reaches the account and Region of the failure, also with several', async (context) => {
  const lab = await startTestLab(context, { hosts: hosts({}) });
  for (const [words, told] of [
    ['preferences undo --region us-east-1', 'preferences get --region us-east-1'],
    ['preferences undo --region us-east-1,us-east-2', 'preferences get --region us-east-2'],
    [`measure ${id(9)} --region us-east-1`, `doctor ${id(9)} --region us-east-1`],
    ['measure nobody --region us-east-1', `measure ${id(0)} --region us-east-1`],
  ] as const) {
    const { status, stdout, stderr } = await runCli(words.split(' '), lab.env);
    assert.equal(status, 1, words + stderr);
    const said = `${stdout + stderr} `.replace(/\s+/g, ' ');
    assert.ok(said.includes(`ssm-keepalive ${told} `), stdout + stderr);
  }
});

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { refreshContents } from '../../src/commands/completion/completion-refresh.ts';
import { COMMANDS } from '../../src/commands/index.ts';
import { isExposed } from '../../src/exposed-address.ts';
import { runCli, USER_ENV, variablesOfRun } from '../support/cli.ts';
import { ManualClock } from '../support/clock.ts';

const KEYS = { AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x', AWS_REGION: 'eu-central-1' };
const INSTANCE = 'i-0123456789abcdef0';
/** Every command that has a service to call. */
const LINES = [
  `install --instance-id ${INSTANCE} --yes`,
  `uninstall --tag env=dev --dry-run`,
  `status --tag env=dev`,
  `measure ${INSTANCE}`,
  'preferences get',
  'doctor',
  `connect ${INSTANCE} --client plugin`,
];

interface Source {
  readonly name: string;
  readonly words?: readonly string[];
  readonly variables?: Readonly<Record<string, string>>;
  readonly config?: string;
  readonly credentials?: string;
  /** What the refusal calls it. */
  readonly label: string;
  /** The lab's answers would be needed to see it called. */
  readonly isHardToCall?: boolean;
}

const ROLE = 'role_arn = arn:aws:iam::123456789012:role/x\ncredential_source = Environment';

function listSources(address: string): Source[] {
  const inProfile = (name: string) => `endpoint_url of the AWS profile ${name}:`;
  return [
    { name: 'the flag', words: ['--endpoint-url', address], label: '--endpoint-url' },
    {
      name: 'its variable',
      variables: { SSM_KEEPALIVE_ENDPOINT_URL: address },
      label: 'SSM_KEEPALIVE_ENDPOINT_URL',
    },
    { name: 'AWS_ENDPOINT_URL', variables: { AWS_ENDPOINT_URL: address }, label: 'AWS_ENDPOINT_URL' },
    {
      name: 'AWS_ENDPOINT_URL_SSM',
      variables: { AWS_ENDPOINT_URL_SSM: address },
      label: 'AWS_ENDPOINT_URL_SSM',
    },
    ...['RESOURCE_GROUPS_TAGGING_API', 'SSO', 'SSO_OIDC', 'SIGNIN'].map((service) => ({
      name: service,
      variables: { [`AWS_ENDPOINT_URL_${service}`]: address },
      label: `AWS_ENDPOINT_URL_${service}`,
      isHardToCall: true,
    })),
    {
      name: 'the service that gives the credentials of a role',
      words: ['--profile', 'role'],
      config: `[profile role]\n${ROLE}\n`,
      variables: { AWS_ENDPOINT_URL_STS: address },
      label: 'AWS_ENDPOINT_URL_STS',
    },
    {
      name: 'the default profile',
      config: `[default]\nendpoint_url = ${address}\n`,
      label: inProfile('default'),
    },
    {
      name: 'the credentials file',
      credentials: `[default]\nendpoint_url=${address}\n`,
      label: inProfile('default'),
    },
    {
      name: 'the default profile beside --profile',
      words: ['--profile', 'other'],
      config: `[default]\nendpoint_url = ${address}\n[profile other]\nregion = eu-west-1\n`,
      credentials: '[other]\naws_access_key_id = x\naws_secret_access_key = x\n',
      label: inProfile('default'),
    },
    {
      name: 'AWS_PROFILE',
      variables: { AWS_PROFILE: 'other' },
      config: `[profile other]\nendpoint_url = ${address}\n`,
      credentials: '[other]\naws_access_key_id = x\naws_secret_access_key = x\n',
      label: inProfile('other'),
    },
    {
      name: '--profile',
      words: ['--profile', 'other'],
      config: `[profile other]\nendpoint_url = ${address}\n`,
      label: inProfile('other'),
      isHardToCall: true,
    },
    ...['ssm', 'sts'].map((service) => ({
      name: `the section of services, ${service}`,
      config: `[default]\nservices = here\n${service === 'sts' ? ROLE : ''}\n[services here]\n${service} =\n  endpoint_url = ${address}\n`,
      variables: service === 'sts' ? { AWS_PROFILE: 'default' } : {},
      label: inProfile('default'),
    })),
  ];
}

/** Listens on every address of this machine, so that a call to one that is not loopback would be seen. */
async function listen(context: TestContext): Promise<{ address: string; countCalls: () => number }> {
  let calls = 0;
  const server = createServer((_, response) => {
    calls += 1;
    response.writeHead(400, { 'content-type': 'application/x-amz-json-1.1', connection: 'close' });
    response.end('{"__type":"AccessDeniedException","message":"no"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  context.after(() => server.close());
  return { address: `http://0.0.0.0:${(server.address() as AddressInfo).port}`, countCalls: () => calls };
}

function makeHome(context: TestContext, { config = '', credentials = '' }: Partial<Source>): string {
  const home = mkdtempSync(join(tmpdir(), 'ssm-keepalive-test-addresses-'));
  context.after(() => rmSync(home, { recursive: true, force: true }));
  mkdirSync(join(home, '.aws'));
  // It is looked for, and never started.
  writeFileSync(join(home, 'session-manager-plugin'), '', { mode: 0o755 });
  writeFileSync(join(home, '.aws/config'), config);
  writeFileSync(join(home, '.aws/credentials'), credentials);
  return home;
}

test('an address without TLS is loopback, or it is exposed', () => {
  for (const address of [
    'https://ssm.eu-central-1.amazonaws.com',
    'HTTPS://x',
    'http://localhost:4566',
    'http://LOCALHOST',
    'http://127.0.0.1:1/x',
    'http://127.1',
    'http://0x7f000001',
    'http://[::1]:80',
  ])
    assert.ok(!isExposed(address), address);
  for (const address of [
    'http://ssm.example.com',
    'http://127.0.0.1.example.com',
    'http://127.0.0.1@example.com',
    'http://localhost.example.com',
    'http://localhost.localstack.cloud:4566',
    'http://0.0.0.0',
    'http://[::]',
    'http://128.0.0.1',
    'http://169.254.169.254',
    'http://[fe80::1]',
    'ftp://example.com',
    'localhost:4566',
    'example.com',
    '//example.com',
    'https//example.com',
    ' ',
  ])
    assert.ok(isExposed(address), address);
});

test('no command calls anything where Node takes any certificate', async (context) => {
  const { address, countCalls } = await listen(context);
  const home = makeHome(context, {});
  const variables = { ...KEYS, HOME: home, PATH: home, NODE_TLS_REJECT_UNAUTHORIZED: '0' };
  for (const line of LINES) {
    const endpoint = ['--endpoint-url', address.replace('http:', 'https:')];
    const { status, stdout, stderr } = await runCli([...line.split(' '), ...endpoint], variables);
    assert.deepEqual([status, stdout], [2, ''], line);
    assert.match(stderr, /NODE_TLS_REJECT_UNAUTHORIZED=0 switches the check of certificates off\n {2}why: /);
  }
  assert.equal(countCalls(), 0);
});

test('no command calls an address without TLS beyond this machine, whatever gives it', async (context) => {
  const { address, countCalls } = await listen(context);
  const reaching = COMMANDS.filter(({ name }) => !['render', 'policy', 'lab', 'completion'].includes(name));
  assert.deepEqual(
    new Set(LINES.map((line) => line.split(' ')[0])),
    new Set(reaching.map(({ name }) => name)),
  );
  for (const source of listSources(address)) {
    const home = makeHome(context, source);
    const variables = { ...KEYS, HOME: home, PATH: home, ...source.variables };
    for (const line of LINES) {
      const called = await runCli([...line.split(' '), ...(source.words ?? [])], variables);
      assert.deepEqual(
        [called.status, called.stdout, called.stderr],
        [
          2,
          '',
          `ssm-keepalive: ${source.label} ${address} is not encrypted\n` +
            '  why:  whoever is on the way can read the sessions and change the scripts that run as root\n' +
            '  next: give an https:// address; on a network that you trust, add --allow-unencrypted-endpoint\n',
        ],
        `${source.name}: ${line}`,
      );
    }
    const all = { ...USER_ENV, ...variables };
    const flag = source.words?.indexOf('--endpoint-url') === 0 ? address : undefined;
    const profile = source.words?.indexOf('--profile') === 0 ? source.words[1] : undefined;
    const place = { isLab: false, region: undefined, profile, endpointUrl: flag, allowsUnencrypted: false };
    if (!source.variables?.['SSM_KEEPALIVE_ENDPOINT_URL'])
      await assert.rejects(
        variablesOfRun.run(all, () => refreshContents(place, all, new ManualClock())),
        /is not encrypted/,
        source.name,
      );
    assert.equal(countCalls(), 0, `${source.name}: something was sent`);
  }
});

test('with the flag that names the risk every such address is called: none of them is refused for nothing', async (context) => {
  for (const source of listSources('http://0.0.0.0:1').filter(({ isHardToCall }) => !isHardToCall)) {
    const { address, countCalls } = await listen(context);
    const {
      config,
      credentials,
      words = [],
      variables,
    } = listSources(address).find(({ name }) => name === source.name) as Source;
    const home = makeHome(context, { config: config ?? '', credentials: credentials ?? '' });
    const { status, stderr } = await runCli(
      ['preferences', 'get', '--allow-unencrypted-endpoint', ...words],
      { ...KEYS, HOME: home, ...variables },
    );
    assert.ok(countCalls() > 0, `${source.name}: ${stderr}`);
    assert.equal(status, 1, source.name);
  }
});

const IN_A_FILE: Source = { name: 'a config file', words: ['--config', 'HOME/here.json'], label: '' };

test('a password in an address is neither used nor shown, whatever gives it', async (context) => {
  const { address, countCalls } = await listen(context);
  const { port } = new URL(address);
  for (const [turn, given] of [
    `http://me:PASSWORD@127.0.0.1:${port}`,
    'http://me:PASSWORD@example.com',
    'http://PASSWORD@example.com/x',
    'https://me:PASS WORD@x/PASSWORD@example.com',
    'ftp://me:PASSWORD@example.com',
    'me:PASSWORD@example.com',
  ].entries())
    for (const [place, source] of [IN_A_FILE, ...listSources(given)].entries()) {
      // Ours takes no such address; what the SDK reads may hold a password, which it leaves out.
      const isOurs = /^the flag|^its variable|^a config/.test(source.name);
      if (!isOurs && turn !== place % 2) continue;
      const home = makeHome(context, source);
      writeFileSync(join(home, 'here.json'), JSON.stringify({ 'endpoint-url': given }));
      const line = LINES[(turn + place) % LINES.length]!;
      const { status, stdout, stderr } = await runCli(
        [
          ...line.split(' '),
          ...(place % 2 ? ['--output', 'json'] : []),
          '--debug',
          ...(source.words ?? []),
        ].map((word) => word.replace('HOME', home)),
        { ...KEYS, HOME: home, PATH: home, ...source.variables },
      );
      const where = `${source.name}, ${given}: ${line}\n${stdout}${stderr}`;
      assert.doesNotMatch(stdout + stderr, /PASS|WORD/, where);
      if (isOurs || !given.includes('127.0.0.1')) assert.equal(status, 2, where);
    }
  assert.ok(countCalls() > 0);
});

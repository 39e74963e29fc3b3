import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderFailures } from '../../src/commands/deliver/failure-report.ts';
import { renderPlannedInstances } from '../../src/commands/deliver/plan-table.ts';
import { renderStatus } from '../../src/commands/deliver/status-report.ts';
import { mergeAlike, renderGroups } from '../../src/commands/deliver/verdict-groups.ts';
import type { Row } from '../../src/commands/deliver/verdict-json.ts';
import { renderVerdictTable } from '../../src/commands/deliver/verdict-report.ts';
import { judgeInvocation } from '../../src/fleet/judge.ts';
import { Interruption } from '../../src/interruption.ts';
import { showText } from '../../src/terminal/safe-text.ts';
import { hosts, id } from '../fleet/push-rig.ts';
import { until } from '../lab/test-lab.ts';
import { makeIo, runCli } from '../support/cli.ts';
import { startTestLab } from '../support/lab.ts';
import { DEV, host, makeAccountRig } from './account-rig.ts';

const io = (columns: number) => makeIo({ columns });

function row(
  n: number,
  statusDetails: string,
  report?: Readonly<Record<string, unknown>>,
  region?: string,
): Row {
  const sent = report?.['verdict'] === 'status' ? 'status' : 'install';
  const output = report ? `${JSON.stringify({ 'ssm-keepalive': 1, ...report })}\n` : '';
  const verdict = judgeInvocation(
    {
      commandId: '',
      instanceId: id(n),
      name: `host-${n}`,
      statusDetails,
      isFinal: true,
      exitCode: 0,
      output,
    },
    sent,
  );
  return region ? { ...verdict, account: { profile: 'prod', region } } : verdict;
}

const INSTALLED = { verdict: 'installed', entries: { env: 'live' }, keeper: 'relay', restart: 'not-needed' };
const fits = (text: string, columns: number) => {
  for (const line of text.split('\n')) assert.ok(line.length <= columns, `${line.length}: ${line}`);
};

test('results: many instances are told as groups, also of several Regions, within 80 columns', () => {
  const rows = Array.from({ length: 300 }, (_, n) =>
    row(
      n,
      n < 30 ? 'Undeliverable' : 'Success',
      n < 30 ? undefined : INSTALLED,
      n % 2 ? 'eu-west-1' : 'us-east-1',
    ),
  );
  const text = renderGroups(rows, io(80));
  fits(text, 80);
  assert.match(text, /^REGION +COUNT +VERDICT +NOTE AND INSTANCES\n/);
  assert.match(text, /^eu-west-1 +135 +installed +relay; env; /m);
  assert.match(text, /^us-east-1 +15 +failed +offline; /m);
  assert.ok(text.split('\n').length < 20, text);
  assert.match(
    renderGroups(
      rows.map(({ account, ...alone }) => alone),
      io(80),
    ),
    /^COUNT +VERDICT +KEEPER +ENTRIES +NOTE/,
  );
});

test('results: where the groups of each Region would be many, what is alike in all of them is one row', () => {
  const rows = Array.from({ length: 44 }, (_, n) =>
    row(n, n % 2 ? 'Undeliverable' : 'Success', n % 2 ? undefined : INSTALLED, `eu-west-${n >> 2}`),
  );
  const text = renderGroups(rows, io(80));
  assert.match(text, /^COUNT +VERDICT/);
  assert.match(
    text.replace(/\s+/g, ' '),
    /22 installed relay env in 1 account and 11 Regions; .* 22 failed .* in 1 account and 11 Regions;/,
  );
});

test('results: of many hosts, sessions without an answer are counted, and what that means is told, also where rows were merged', () => {
  const session = { keeper: 'relay', state: 'no-answer' };
  const found = { verdict: 'status', state: 'installed', keeper: 'relay', sessions: [session] };
  const away = { ...found, sessions: [session, { ...session, state: 'not-answering' }] };
  const rows = Array.from({ length: 30 }, (_, n) => row(n, 'Success', n === 29 ? away : found));
  for (const shown of [rows, mergeAlike(rows)]) {
    const text = renderStatus(shown, io(120));
    assert.match(text, /^30 +installed +relay .* 31 +31 without an answer; /m);
    assert.match(
      text,
      /\nno answer: the client has never answered.*\n.*\nnot answering: the client has answered, but/,
    );
  }
  const quiet = Array.from({ length: 30 }, (_, n) => row(n, 'Success', { ...found, sessions: [] }));
  assert.doesNotMatch(renderStatus(quiet, io(120)), /answer/);
});

test('results: hosts with another version or digest are a group of their own in status', () => {
  const found = {
    verdict: 'status',
    state: 'installed',
    version: '1.0.0',
    digest: 'aaaaaaaaaaaaaaaa',
    keeper: 'relay',
  };
  const rows = Array.from({ length: 40 }, (_, n) =>
    row(n, 'Success', n < 10 ? { ...found, digest: 'bbbbbbbbbbbbbbbb' } : found),
  );
  const text = renderGroups(rows, io(120));
  assert.match(text, /^30 +installed +relay .*1\.0\.0 aaaaaaaaaaaa;/m);
  assert.match(text, /^10 +installed +relay .*1\.0\.0 bbbbbbbbbbbb;/m);
});

test('results: at 80 columns each host has one row, and how long a session is kept stands once below', () => {
  const report = { ...INSTALLED, entries: { env: 'live', profile: 'live' }, unattendedSeconds: 28_800 };
  const pending = { ...report, keeper: 'none', entries: { env: 'pending', profile: 'live' } };
  const limited = {
    ...pending,
    verdict: 'limited',
    class: 'limited keeper',
    why: 'no Python',
    next: 'install it',
  };
  const rows = [row(1, 'Success', report), row(2, 'Success', report), row(3, 'Success', limited)];
  const lines = renderVerdictTable(rows, io(80)).trimEnd().split('\n');
  assert.match(lines[1] ?? '', / host-1 /);
  assert.deepEqual(
    lines.map((line) => line.split(' ', 1)[0]),
    ['INSTANCE', id(1), id(2), id(3), 'a'],
    lines.join('\n'),
  );
  assert.equal(lines.at(-1), 'a session without a key press is kept for at most 8h');
  const capped = [...rows, row(4, 'Success', { ...report, unattendedSeconds: 3600 })];
  assert.match(renderVerdictTable(capped, io(80)), /at most 1h \(1 of 3\) or 8h \(2 of 3\)\n$/);
});

const PENDING = { ...INSTALLED, entries: { env: 'pending' } };
const found = (state: string) => row(1, 'Success', { ...INSTALLED, verdict: 'status', state });
const CODES = { green: '32', yellow: '33', red: '31' } as const;
for (const [color, verdict, told] of [
  ...['installed', 'updated', 'unchanged', 'skipped'].map(
    (verdict) => ['green', verdict, row(1, 'Success', { ...INSTALLED, verdict })] as const,
  ),
  ['green', 'removed', { ...row(1, 'Success', INSTALLED), verdict: 'removed' }],
  ['green', 'installed', found('installed')],
  ['yellow', 'installed', row(1, 'Success', { ...PENDING, restart: 'scheduled' })],
  ['yellow', 'installed', row(1, 'Success', { ...PENDING, restart: 'pending' })],
  ['yellow', 'installed', row(1, 'Success', { ...PENDING, restart: 'unknown' })],
  ['yellow', 'limited', row(1, 'Success', { ...INSTALLED, verdict: 'limited' })],
  ['yellow', 'limited', found('limited')],
  ['red', 'drifted', found('drifted')],
  ['red', 'partial', found('partial')],
  ['red', 'failed', row(1, 'Undeliverable')],
  ['red', 'unfinished', row(1, 'InProgress')],
  ['red', 'unknown', row(1, 'Surprising')],
  ['plain', 'not installed', found('absent')],
] as const) {
  const { restart = '' } = told.report ?? {};
  test(`results: ${verdict} ${told.report?.verdict === 'status' ? 'of status' : restart} is ${color}`, () => {
    const shown = showText(renderVerdictTable([told], makeIo({ columns: 120, hasColor: true })));
    // The code 39 ends a colour.
    const painted = [...shown.matchAll(/\x1b\[(?!39m)(\d+)m([^\x1b]*)/g)].map(([, code, text]) => [
      code,
      text,
    ]);
    assert.deepEqual(painted, color === 'plain' ? [] : [[CODES[color], verdict]]);
    assert.ok(shown.includes(verdict), shown);
    assert.ok(!renderVerdictTable([told], io(120)).includes('\x1b'), 'none without colours');
  });
}

test('results: ten thousand equal failures are told once, with how many and why and next', () => {
  const rows = Array.from({ length: 10_000 }, (_, n) => row(n, n % 2 ? 'AccessDenied' : 'Undeliverable'));
  const facts = {
    command: 'install',
    version: '1',
    digest: 'd',
    commandIds: [],
    missingCount: 0,
    exitStatus: 1,
  };
  const text = renderFailures(rows, facts);
  assert.equal(text.split('\n').length, 8, text);
  assert.match(text, /install did not succeed on 10000 of 10000 instances/);
  assert.match(
    text,
    /5000 instances, offline: i-\w+ i-\w+ and 4998 more\n {4}why: {2}the agent lost[^\n]*\n {4}next: start/,
  );
  assert.match(
    renderFailures(rows.slice(0, 1), facts),
    /^ssm-keepalive: install did not succeed on this instance\n/,
  );
  assert.match(
    renderFailures(rows.slice(0, 1), facts),
    /^ {2}host-0 \(i-0{17}\): offline\n {4}why: .*\n {4}next: /m,
  );
});

test('results: the labelled table fits 80 columns', () => {
  const rows = [
    row(1, 'Success', INSTALLED, 'eu-central-1'),
    row(2, 'Undeliverable', undefined, 'us-east-1'),
  ];
  const text = renderVerdictTable(rows, io(80));
  fits(text, 80);
  assert.match(text, /^REGION +INSTANCE +NAME +VERDICT +NOTE/);
  assert.match(renderVerdictTable(rows, io(140)), /^REGION +INSTANCE +NAME +VERDICT +KEEPER +ENTRIES +NOTE/);
});

test('dry run: platform, agent version and who is not reached are told within 80 columns, many as groups', () => {
  const instance = {
    name: 'a-host-with-a-long-name',
    platform: 'Debian GNU/Linux 12',
    platformType: 'Linux',
    agentVersion: '3.3.1611.0',
    isOnline: true,
    pingStatus: 'Online',
    why: '',
  };
  const planOf = (count: number) => [
    {
      name: undefined,
      plan: {
        reach: {
          instances: Array.from({ length: count }, (_, n) => ({
            ...instance,
            instanceId: id(n),
            why: n === 0 ? 'offline (ConnectionLost): start its agent' : '',
          })),
        },
      } as never,
    },
  ];
  const few = renderPlannedInstances(planOf(2), ['i-0fffffffffffffff1'], io(80));
  fits(few, 80);
  assert.match(few, /^INSTANCE +NAME +PLATFORM +AGENT +REACHED\n/);
  assert.match(few, /3\.3\.1611\.0 +offline/);
  const many = renderPlannedInstances(planOf(5000), [], io(80));
  fits(many, 80);
  assert.match(many, /^4999 +Debian GNU\/Linux 12 +3\.3\.1611\.0 +yes$/m);
  assert.ok(many.split('\n').length < 10, many);
  const everywhere = Array.from({ length: 22 }, (_, n) =>
    planOf(2).map(({ plan }) => ({ plan, name: { profile: 'prod', region: `eu-west-${n}` } })),
  ).flat();
  const together = renderPlannedInstances(everywhere, [], io(80));
  fits(together, 80);
  assert.match(together, /^COUNT +PLATFORM/);
  assert.match(together.replace(/\s+/g, ' '), /22 Debian .* yes; in 1 account and 22 Regions/);
});

test('cli: --output ndjson tells each verdict in a line and the summary in the last', async (context) => {
  const lab = await startTestLab(context, {
    hosts: hosts({}, { outcome: 'Undeliverable' }, ...Array(58).fill({})),
    timeoutScale: 0.05,
  });
  const words = [
    'install',
    '--tag',
    'env=dev',
    '--no-canary',
    '--no-restart',
    '--max-concurrency',
    '100%',
    '--yes',
  ];
  const done = await runCli([...words, '--output', 'ndjson'], lab.env);
  assert.equal(done.status, 1, done.stderr);
  const lines = done.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(lines.length, 61);
  assert.equal(new Set(lines.slice(0, 60).map(({ type, instanceId }) => `${type} ${instanceId}`)).size, 60);
  const last = lines.at(-1);
  assert.equal(last.type, 'summary');
  assert.deepEqual(last.summary, { installed: 59, failed: 1 });
  assert.equal(last.exitStatus, 1);
  const plan = await runCli(['install', '--tag', 'env=dev', '--dry-run', '--output', 'ndjson'], lab.env);
  const planned = plan.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    [planned[0].type, planned[0].agentVersion, planned.at(-1).type],
    ['instance', '3.3.1611.0', 'plan'],
  );
  assert.ok(
    planned.at(-1).permissions.some(({ action }: { action: string }) => action === 'ssm:SendCommand'),
  );
  const bad = await runCli(['install', '--output', 'ndjson'], lab.env);
  assert.equal(JSON.parse(bad.stdout).type, 'error');
});

test('cli: a dry run with ndjson tells the instances of an account while another one does not answer', async (context) => {
  const rig = await makeAccountRig(context, [
    host('near', { account: DEV.id, region: 'eu-west-1' }),
    host('far', { account: DEV.id, region: 'us-east-1' }),
  ]);
  const line = 'install --tag env=dev --profile dev --region us-east-1,eu-west-1 --dry-run --output ndjson';
  const whole = (await rig.run(line)).stdout
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text));
  assert.deepEqual(
    whole.map(({ type }) => type),
    ['instance', 'instance', 'plan'],
  );
  const document = JSON.parse((await rig.run(line.replace('ndjson', 'json'))).stdout);
  const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
  assert.deepEqual(
    whole.slice(0, 2).sort(byName),
    document.instances.sort(byName).map((instance: object) => ({ type: 'instance', ...instance })),
  );
  const { type: _, ...plan } = whole[2];
  const { instances: __, ...rest } = document;
  assert.deepEqual(plan, rest);

  rig.lab.faults.breakNext('DescribeInstanceInformation', 'silent', 1);
  const interruption = new Interruption();
  let heard = '';
  const ended = runCli(line.split(' '), rig.env, {
    interruption,
    onOut: (text) => {
      heard += text;
    },
  });
  await until('a line', () => heard !== '');
  assert.deepEqual(
    heard
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text).type),
    ['instance'],
  );
  interruption.request();
  await ended;
});

test('cli: --output ndjson does not wait for the slowest account', async (context) => {
  const rig = await makeAccountRig(context, [
    host('quick', { account: DEV.id, region: 'eu-west-1' }),
    host('slow', { account: DEV.id, region: 'us-east-1' }, { latencySeconds: 3 }),
  ]);
  const done = await rig.run(
    'uninstall --tag env=dev --profile dev --region us-east-1 --region eu-west-1 --region eu-north-1 --output ndjson',
  );
  const lines = done.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const told = lines.map(({ type, region = '' }) => `${type} ${region}`);
  assert.equal(told.length, 4, done.stdout);
  assert.deepEqual(told.slice(-2), ['instance us-east-1', 'summary ']);
  assert.equal(lines.find(({ type }) => type === 'account').error.code, 'no-match');
});

test('cli: after Ctrl-C that came too late, it says that all had been done', async (context) => {
  for (const isLate of [true, false]) {
    const lab = await startTestLab(context, { hosts: hosts({ latencySeconds: isLate ? 4 : 60 }) });
    // A refused cancellation is one that came too late.
    if (isLate) lab.faults.failNext('CancelCommand', 'InternalServerError', 9);
    const interruption = new Interruption();
    const ended = runCli(['uninstall', '--tag', 'env=dev'], lab.env, { interruption });
    await until('the command', () => lab.requests.some(({ operation }) => operation === 'SendCommand'));
    interruption.request();
    const { status, stderr } = await ended;
    assert.equal(status, 130, stderr);
    assert.equal(/you interrupted it, but all of it had been done already/.test(stderr), isLate, stderr);
  }
});

test('cli: who leaves at once is not told that all had been done', async (context) => {
  const rig = await makeAccountRig(context, [
    host('quick', { account: DEV.id, region: 'eu-west-1' }),
    host('slow', { account: DEV.id, region: 'us-east-1' }, { latencySeconds: 60 }),
  ]);
  const interruption = new Interruption();
  let told = '';
  const ended = runCli(
    'uninstall --tag env=dev --profile dev --region us-east-1,eu-west-1 --output ndjson'.split(' '),
    rig.env,
    {
      interruption,
      onOut: (text) => {
        told += text;
      },
    },
  );
  await until('the quick one', () => told.includes('quick'));
  interruption.request();
  interruption.request();
  const { status, stderr } = await ended;
  assert.equal(status, 130, stderr);
  assert.match(stderr, /us-east-1: left early/);
  assert.doesNotMatch(stderr, /had been done already/);
});

test('cli: where no instance matches the nearest tags of managed instances are named, in few calls', async (context) => {
  const lab = await startTestLab(context, {
    hosts: [...hosts({}, {}, {}), { ...host('x', {}), tags: { env: 'prod', role: 'web' } }],
  });
  const done = await runCli(['status', '--tag', 'env=prd'], lab.env);
  assert.equal(done.status, 1);
  assert.match(
    done.stderr,
    /has --tag env=prd; nearest are env=prod \(1 instance\), env=dev \(3 instances\), role=web \(1 instance\)/,
  );
  assert.match(done.stderr, /next: did you mean --tag env=prod\?/);
  assert.ok(lab.requests.filter(({ operation }) => /Describe|GetResources/.test(operation)).length <= 7);
  lab.faults.failNext('GetResources', 'AccessDeniedException', 9);
  const blind = await runCli(['status', '--tag', 'env=prd'], lab.env);
  assert.match(
    blind.stderr,
    /no managed instance[^\n]*has --tag env=prd\n[^\n]*describe-instance-information/,
  );
});

test('cli: ndjson where nothing is told one by one is bad usage', async () => {
  const { status, stderr } = await runCli(['render', '--output', 'ndjson']);
  assert.equal(status, 2);
  assert.match(stderr, /--output ndjson is for install, uninstall, status, doctor/);
});

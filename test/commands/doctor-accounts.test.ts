// `doctor` over several profiles and Regions at once, on a lab that plays two accounts.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { CreateDocumentCommand } from '@aws-sdk/client-ssm';
import { makeClient } from '../../src/fleet/client.ts';
import { Interruption } from '../../src/interruption.ts';
import { DEFAULT_REGIONS } from '../../src/lab/options.ts';
import { until } from '../lab/test-lab.ts';
import { runCli } from '../support/cli.ts';
import { DEV, makeAccountRig, PROD } from './account-rig.ts';

const BOTH = 'doctor --profile dev --profile prod';

/** Sessions of dev in us-east-1 end after 15 minutes, before their idle timeout: something to do there alone. */
async function makeRig(context: TestContext, options = {}) {
  const rig = await makeAccountRig(context, [], options);
  const client = makeClient({
    endpointUrl: rig.lab.endpoint,
    region: 'us-east-1',
    credentials: rig.lab.door.credentials(DEV.accessKeyId),
  });
  context.after(() => client.destroy());
  await client.send(
    new CreateDocumentCommand({
      Name: 'SSM-SessionManagerRunShell',
      DocumentType: 'Session',
      DocumentFormat: 'JSON',
      Content:
        '{"schemaVersion":"1.0","sessionType":"Standard_Stream","inputs":{"idleSessionTimeout":"20","maxSessionDuration":"15"}}',
    }),
  );
  const before = rig.lab.requests.length;
  return { ...rig, asked: () => rig.lab.requests.slice(before) };
}

interface Account {
  profile: string;
  region: string;
  error: object | null;
  summary: Record<string, number>;
  checks: { check: string; level: string }[];
}

const levelOf = ({ checks }: Account, name: string) => checks.find(({ check }) => check === name)?.level;

test('doctor: the same checks for every profile and Region, each below its name', async (context) => {
  const rig = await makeRig(context);
  const { status, stdout, stderr } = await rig.run(`${BOTH} --region eu-west-1,us-east-1`);
  assert.equal(status, 1, stderr);
  assert.equal(stderr, '', 'no warning of the runtime either');
  const names = ['dev eu-west-1', 'dev us-east-1', 'prod eu-west-1', 'prod us-east-1'];
  assert.deepEqual([...new Set([...stdout.matchAll(/^(\S+ \S+):$/gm)].map(([, name]) => name))], names);
  const [, first = ''] = stdout.split(/^(?:dev|prod) \S+:$/m);
  assert.match(first, /^ok {5}maximum duration +none/m);
  // What there is to do comes last, by account.
  assert.match(
    stdout,
    /^dev us-east-1:\nTO DO {2}maximum duration (.*\n)+?ssm-keepalive doctor: dev eu-west-1: /m,
  );
  for (const check of ['credentials', 'permissions', 'idle timeout', 'plugin', 'proxy', 'session history'])
    assert.equal(stdout.match(new RegExp(`^\\S.{6}${check} `, 'gm'))?.length, 4, check);
  assert.equal(stdout.match(/^Does that end a session\?$/gm)?.length, undefined, 'nobody asked');
  assert.match(stdout, /^ssm-keepalive doctor: dev eu-west-1: nothing to do, /m);
  assert.match(stdout, /^ssm-keepalive doctor: dev us-east-1: 1 to do, /m);
  for (const line of stdout.split('\n')) assert.ok(line.length <= 80, line);
  assert.deepEqual(
    rig.asked().filter(({ operation }) => !/^(Describe|Get|List)/.test(operation)),
    [],
    'nothing but reads',
  );
});

test('accounts: of more than 20, doctor and preferences get have one row for what is alike, and doctor what there is to do last', async (context) => {
  const rig = await makeRig(context);
  const regions = DEFAULT_REGIONS.slice(0, 11);
  assert.ok(regions.includes('us-east-1'));
  const everywhere = `--profile dev --profile prod --region ${regions.join(',')}`;
  const doctor = await rig.run(`doctor ${everywhere}`);
  assert.equal(doctor.status, 1, doctor.stderr);
  const lines = doctor.stdout.split('\n');
  for (const line of lines) assert.ok(line.length <= 80, line);
  const marks = lines.flatMap((line) => /^(?:ok|note|\?|TO DO) /.exec(line)?.[0].trim() ?? []);
  const order = ['ok', 'note', '?', 'TO DO'];
  assert.deepEqual(
    marks,
    [...marks].sort((one, other) => order.indexOf(one) - order.indexOf(other)),
    doctor.stdout,
  );
  assert.equal(doctor.stdout.match(/^\S.{6}credentials /gm)?.length, 1);
  assert.match(doctor.stdout, /^ok {5}credentials +in 2 accounts and 11 Regions$/m);
  assert.match(doctor.stdout, /^ok {5}maximum duration +in 2 accounts and 11 Regions$/m);
  assert.match(
    doctor.stdout,
    /^TO DO {2}maximum duration +in dev us-east-1: .*\n(?: {7,}.*\n)+\nssm-keepalive doctor: 22 accounts and Regions: 1 to do, /m,
  );

  const preferences = await rig.run(`preferences get ${everywhere}`);
  assert.equal(preferences.status, 0, preferences.stderr);
  assert.match(
    preferences.stdout,
    /^IDLE TIMEOUT +MAXIMUM +SHELL PROFILE +WHERE\n20m \(default\) +none +none +in 2 accounts and 11 Regions\n20m +15m +none +in dev us-east-1\n*$/,
  );
});

test('doctor: one document of several for programs, one account that is refused among them', async (context) => {
  const rig = await makeRig(context, { accounts: [DEV, { ...PROD, refusal: 'ExpiredTokenException' }] });
  const { status, stdout } = await rig.run(`${BOTH} --output json`);
  assert.equal(status, 1);
  const document = JSON.parse(stdout);
  assert.deepEqual(Object.keys(document), [
    ...['command', 'version', 'exitStatus', 'summary', 'accounts', 'answers'],
  ]);
  assert.equal(document.exitStatus, 1);
  const [dev, prod] = document.accounts as [Account, Account];
  assert.deepEqual(Object.keys(dev), [
    ...['profile', 'region', 'error', 'summary', 'checks', 'permissions', 'history'],
  ]);
  // The Regions that the profiles' own file names.
  assert.deepEqual(
    [dev, prod].map(({ profile, region, error }) => [profile, region, error]),
    [
      ['dev', 'eu-west-1', null],
      ['prod', 'us-east-1', null],
    ],
  );
  assert.deepEqual([levelOf(dev, 'credentials'), levelOf(dev, 'idle timeout')], ['ok', 'ok']);
  assert.deepEqual([levelOf(prod, 'credentials'), levelOf(prod, 'idle timeout')], ['todo', 'unknown']);
  for (const level of ['ok', 'note', 'todo', 'unknown'])
    assert.equal(document.summary[level], (dev.summary[level] ?? 0) + (prod.summary[level] ?? 0), level);
});

test('doctor: nothing to do anywhere leaves with 0, and no Region of a profile is a finding of its own', async (context) => {
  const rig = await makeRig(context);
  const well = await rig.run(`${BOTH} --region eu-west-1 --output json`);
  assert.equal(well.status, 0, well.stdout);
  const lost = await rig.run(`doctor --profile dev --profile nosuch --output json`);
  assert.equal(lost.status, 1);
  const [dev, nosuch] = JSON.parse(lost.stdout).accounts as [Account, Account];
  assert.deepEqual([levelOf(dev, 'credentials'), levelOf(nosuch, 'credentials')], ['ok', 'todo']);
});

const linesOf = (stdout: string) =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

test('doctor: with ndjson a line for each account and Region, and the summary of the document in the last', async (context) => {
  const rig = await makeRig(context, { accounts: [DEV, { ...PROD, refusal: 'ExpiredTokenException' }] });
  const document = JSON.parse((await rig.run(`${BOTH} --output json`)).stdout);
  const { status, stdout } = await rig.run(`${BOTH} --output ndjson`);
  assert.equal(status, document.exitStatus);
  const lines = linesOf(stdout);
  const last = lines.pop();
  assert.equal(last.type, 'summary');
  assert.deepEqual(
    [last.command, last.exitStatus, last.summary, last.answers],
    [document.command, document.exitStatus, document.summary, document.answers],
  );
  const told = lines.sort((a, b) => (a.profile < b.profile ? -1 : 1));
  assert.deepEqual(
    told,
    document.accounts.map((account: Account) => ({ type: 'account', instanceId: null, ...account })),
  );
  const [alone, end] = linesOf((await rig.run('doctor --profile dev --output ndjson')).stdout);
  assert.deepEqual(
    [alone.type, alone.region, end.type, end.exitStatus],
    ['account', 'eu-west-1', 'summary', 0],
  );
});

test('doctor: with ndjson an account is told while another one does not answer', async (context) => {
  const rig = await makeRig(context);
  // The first question of one of the two.
  rig.lab.faults.breakNext('GetDocument', 'silent', 1);
  const interruption = new Interruption();
  let heard = '';
  const ended = runCli(`${BOTH} --output ndjson`.split(' '), rig.env, {
    interruption,
    onOut: (text) => {
      heard += text;
    },
  });
  await until('a line', () => heard !== '');
  assert.deepEqual(
    linesOf(heard).map(({ type, error }) => [type, error]),
    [['account', null]],
  );
  interruption.request();
  const { status, stdout } = await ended;
  assert.equal(status, 130);
  assert.deepEqual(
    linesOf(stdout).map(({ type }) => type),
    ['account', 'account', 'summary'],
  );
});

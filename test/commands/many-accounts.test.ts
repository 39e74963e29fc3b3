// A `status` of more accounts than anybody reads one by one: what is alike is one row, and JSON comes while the command runs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Workplace } from '../../src/accounts/account-work.ts';
import type { OpenService } from '../../src/accounts/connection.ts';
import { findPlaces } from '../../src/accounts/places.ts';
import { Interruption } from '../../src/interruption.ts';
import { DEFAULT_REGIONS } from '../../src/lab/options.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { until } from '../lab/test-lab.ts';
import { runCli } from '../support/cli.ts';
import { DEV, host, makeAccountRig, PROD } from './account-rig.ts';
import { checkCalls, startOrganization, statusOf } from './many-accounts.ts';

const SIZE = { accounts: 11, regions: 2, hosts: 2 };

test('accounts: of many the report has a row for what is alike, failures once, and JSON every instance', async (context) => {
  const lab = await startOrganization(context, SIZE);
  const run = (output: string) => runCli(statusOf(output), lab.env);
  const table = await run('table');
  checkCalls(lab, SIZE);
  assert.equal(table.status, 1, table.stderr);
  assert.ok(table.stdout.split('\n').length <= 13, table.stdout);
  assert.match(table.stdout, /^42 +installed +/m);
  assert.match(table.stdout.replace(/\s+/g, ' '), /in 11 accounts and 2 Regions/);
  assert.match(table.stdout, /^44 instances; each one: {2}--output json$/m);
  assert.match(table.stderr, /there is something to do for 2 of 44 instances/);
  assert.match(table.stderr, /22 of 22 accounts and Regions done/);
  assert.match(
    table.stderr,
    /900000000001: account 900000000001 was not worked in\n {2}why: {2}the role fleet-reader/,
  );
  const document = JSON.parse((await run('json')).stdout);
  assert.deepEqual(Object.keys(document).slice(0, 2), ['instances', 'command']);
  assert.equal(document.instances.length, 44);
  assert.deepEqual(document.summary, { installed: 42, failed: 2 });
  assert.equal(document.accounts.length, 24);
  const lines = (await run('ndjson')).stdout
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text));
  assert.equal(lines.filter(({ type }) => type === 'instance').length, 44);
  assert.deepEqual(lines.at(-1).summary, document.summary);
  const failed = lines.filter(({ type }) => type === 'account');
  assert.deepEqual(
    failed.map(({ account, error }) => `${account} ${error.code}`),
    ['900000000001 no-role', '900000000002 AccessDeniedException'],
  );
});

test('accounts: of many each instance is in --output json while another account is still at work, and Ctrl-C leaves one document', async (context) => {
  const regions = DEFAULT_REGIONS.slice(0, 11);
  const hosts = [DEV.id, PROD.id].flatMap((account) =>
    regions.map((region, at) =>
      host(
        `${account.slice(0, 2)}-${at}`,
        { account, region },
        account === PROD.id && at === 10 ? { latencySeconds: 600 } : {},
      ),
    ),
  );
  const rig = await makeAccountRig(context, hosts);
  const interruption = new Interruption();
  let heard = '';
  const words = `install --tag env=dev --profile dev --profile prod --region ${regions.join(',')} --no-restart --output json`;
  const running = runCli(words.split(' '), rig.env, {
    interruption,
    onOut: (text) => {
      heard += text;
    },
  });
  const countHeard = () => heard.match(/"verdict": "installed"/g)?.length ?? 0;
  await until('all but one', () => countHeard() === hosts.length - 1);
  assert.match(heard, /^\{\n {2}"instances": \[\n {4}\{/);
  assert.doesNotMatch(heard, /"summary"/);
  interruption.request();
  const { status, stdout } = await running;
  assert.equal(status, 130);
  const { instances, summary, exitStatus } = JSON.parse(stdout);
  assert.deepEqual([instances.length, summary, exitStatus], [22, { installed: 21, failed: 1 }, 130]);
});

/** How many waited together, again and again until none is left. */
async function drain(waiting: (() => void)[], count: number): Promise<number[]> {
  const counts: number[] = [];
  for (let done = 0; done < count; done += counts.at(-1) ?? 0) {
    // Whoever may begin has begun after a few turns of the loop.
    for (let turn = 0; turn < 10; turn++) await setImmediate();
    assert.ok(waiting.length > 0);
    counts.push(waiting.length);
    for (const resolve of waiting.splice(0)) resolve();
  }
  return counts;
}

test('accounts: at most 32 accounts and Regions are worked in at once, in each step', async () => {
  const client = {} as ReturnType<OpenService['clientFor']>;
  const service = { clientFor: () => client, release: () => {} } as unknown as OpenService;
  const profiles = Array.from({ length: 10 }, (_, at) => `p${at}`);
  const settings = readSettings({ profile: profiles, region: [...DEFAULT_REGIONS] });
  const count = profiles.length * DEFAULT_REGIONS.length;
  const workplace = new Workplace(settings, service, new Interruption());
  const waiting: (() => void)[] = [];
  const work = () => new Promise<void>((resolve) => waiting.push(resolve));
  const first = workplace.workInEach(work);
  const expected = [32, 32, 32, 32, 32, 10];
  assert.deepEqual(await drain(waiting, count), expected);
  const second = workplace.goOnInEach(await first, work);
  assert.deepEqual(await drain(waiting, count), expected);
  assert.equal((await second).length, count);
});

test('accounts: the Regions of at most 16 accounts are looked up at once', async () => {
  const waiting: (() => void)[] = [];
  const region = () => new Promise((_, reject) => waiting.push(() => reject(new Error('no Region'))));
  const service = { callerFor: () => ({ client: { config: { region } } }), release: () => {} };
  const accounts = Array.from({ length: 40 }, (_, at) => String(200_000_000_000 + at));
  const settings = readSettings({ accounts, role: 'keeper', 'all-regions': true });
  const found = findPlaces(settings, service as unknown as OpenService, new Interruption());
  assert.deepEqual(await drain(waiting, accounts.length), [16, 16, 8]);
  assert.deepEqual(
    (await found).map(({ name }) => name.account),
    accounts,
  );
});

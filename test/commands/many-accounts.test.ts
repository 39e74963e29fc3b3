// A `status` of more accounts than anybody reads one by one: what is alike is one row, and JSON comes while the command runs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCli } from '../support/cli.ts';
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
});

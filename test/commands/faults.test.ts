// Faults of the service and of the way to it, met by the command line: the right words, nothing lost, nothing done twice.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostSpec, Lab } from '../../src/lab/index.ts';
import { hosts, id } from '../fleet/push-rig.ts';
import { rawCall } from '../lab/raw-call.ts';
import { until } from '../lab/test-lab.ts';
import { runCli } from '../support/cli.ts';
import { startTestLab } from '../support/lab.ts';

const PUSH = ['--no-canary', '--no-restart', '--max-concurrency', '100%'];
const many = (count: number, spec: NonNullable<HostSpec['synthetic']> = {}) =>
  hosts(...Array.from({ length: count }, () => spec));

const run = (lab: Lab, argv: readonly string[]) => runCli(argv, lab.env);

/** Each host ran the script once. */
function assertRanOnce(lab: Lab): void {
  const ids = lab.runs.map(({ instanceId }) => instanceId);
  assert.deepEqual(
    [...ids].sort(),
    lab
      .hosts()
      .map(({ spec }) => spec.id)
      .sort(),
  );
}

test('cli: through throttling, 500s, broken and garbled answers every host is installed on once', async (context) => {
  const lab = await startTestLab(context, { hosts: many(60) });
  lab.faults.throttle(0.3, 7);
  for (const fault of ['cut', 'truncated'] as const) {
    lab.faults.breakNext('SendCommand', fault);
    lab.faults.breakNext('ListCommands', fault);
    lab.faults.breakNext('ListCommandInvocations', fault);
  }
  lab.faults.failNext('ListCommandInvocations', 'InternalServerError', 2);
  const { status, stdout, stderr } = await run(lab, [
    'install',
    '--tag',
    'env=dev',
    ...PUSH,
    '--yes',
    '--output',
    'json',
  ]);
  assert.equal(status, 0, stderr);
  const { summary, missingCount, commandIds } = JSON.parse(stdout);
  assert.deepEqual([summary, missingCount, commandIds.length], [{ installed: 60 }, 0, 1]);
  assertRanOnce(lab);
});

test('cli: credentials that expire half-way: it says so, and the line it prints takes the command up', async (context) => {
  const lab = await startTestLab(context, { hosts: many(2, { latencySeconds: 0.5 }) });
  lab.faults.failNext('ListCommands', 'ExpiredTokenException');
  const first = await run(lab, ['install', '--tag', 'env=dev', ...PUSH]);
  assert.equal(first.status, 1);
  assert.match(
    first.stderr,
    /why: {2}the AWS credentials have expired\n {2}next: sign in again, then run the same command again/,
  );
  const again = /To take it up again: {2}ssm-keepalive (install --command-id [0-9a-f-]{36}.*)/.exec(
    first.stderr,
  );
  assert.ok(again?.[1], first.stderr);
  const second = await run(lab, [...again[1].trim().split(/\s+/), '--output', 'json']);
  assert.equal(second.status, 0, second.stderr);
  assert.deepEqual(JSON.parse(second.stdout).summary, { installed: 2 });
  assertRanOnce(lab);
});

test('cli: a command that somebody else cancels is reported as cancelled, with what to do', async (context) => {
  const lab = await startTestLab(context, { hosts: many(2, { latencySeconds: 600 }) });
  const running = run(lab, ['install', '--tag', 'env=dev', ...PUSH]);
  await until('both hosts to begin', () => lab.runs.length === 2);
  await rawCall(lab, 'CancelCommand', { CommandId: lab.runs[0]?.commandId });
  const { status, stdout, stderr } = await running;
  assert.equal(status, 1, stderr);
  assert.match(stdout, new RegExp(`${id(0)} .*failed .*cancelled`));
  assert.match(stderr, /why: .*cancelled/);
  assert.match(stderr, /next: /);
});

test('cli: a clock that the SDK cannot set right is named, with how far it is off', async (context) => {
  const lab = await startTestLab(context, { hosts: many(1) });
  for (const [hours, words] of [
    [1, '60 min behind'],
    [-1, '60 min ahead'],
  ] as const) {
    lab.faults.skewClock(hours * 3600, { isHidden: true });
    const { status, stderr } = await run(lab, ['status', '--tag', 'env=dev']);
    assert.equal(status, 1);
    assert.match(stderr, new RegExp(`why: {2}this machine’s clock is ${words}`));
    assert.match(stderr, /next: set the clock/);
  }
  assert.equal(lab.runs.length, 0);
});

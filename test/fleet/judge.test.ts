import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Invocation } from '../../src/fleet/invocation.ts';
import { attribute, isGood, judgeInvocation, KEEPS_NOTHING } from '../../src/fleet/judge.ts';

const invocation = (change: Partial<Invocation>): Invocation => ({
  commandId: '01234567-0123-0123-0123-0123456789ab',
  instanceId: 'i-0123456789abcdef0',
  name: 'web-1',
  statusDetails: 'Success',
  isFinal: true,
  exitCode: 0,
  output: '',
  ...change,
});

const line = (fields: object) => `${JSON.stringify({ 'ssm-keepalive': 1, ...fields })}\nwords for people\n`;

/** The status as the service spells it, and the class it must get. */
const STATUSES: readonly (readonly [statusDetails: string, kind: string])[] = [
  ['Undeliverable', 'offline'],
  ['Delivery Timed Out', 'delivery timed out'],
  ['DeliveryTimedOut', 'delivery timed out'],
  ['Execution Timed Out', 'execution timed out'],
  ['ExecutionTimedOut', 'execution timed out'],
  ['TimedOut', 'timed out'],
  ['Access Denied', 'access denied'],
  ['Cancelled', 'cancelled'],
  ['Terminated', 'not sent'],
  ['Pending', 'not finished'],
  ['Delayed', 'not finished'],
  ['In Progress', 'not finished'],
  ['Failed', 'script failed'],
];

for (const [statusDetails, kind] of STATUSES) {
  test(`judge: ${statusDetails} is never good, has class "${kind}", a why and a next`, () => {
    const verdict = judgeInvocation(invocation({ statusDetails, exitCode: -1 }), 'install');
    assert.equal(verdict.class, kind);
    assert.ok(verdict.why && verdict.next);
    assert.equal(isGood(verdict), false);
  });
}

test('judge: an instance that does not run Linux is skipped and good, however the service or its agent says so', () => {
  for (const [statusDetails, output] of [
    ['Invalid Platform', ''],
    ['InvalidPlatform', ''],
    [
      'Success',
      `Step execution skipped due to unsatisfied preconditions: '"StringEquals": [platformType, Linux]'. Step name: install`,
    ],
    ['Success', 'Step execution skipped due to unsupported plugin: aws:runShellScript. Step name: install'],
    [
      'Failed',
      'Plugin with name aws:runShellScript is not supported in current platform. Step name: aws:runShellScript',
    ],
  ] as const) {
    const verdict = judgeInvocation(invocation({ statusDetails, output, exitCode: -1 }), 'install');
    assert.deepEqual([verdict.verdict, verdict.class, isGood(verdict)], ['skipped', 'wrong platform', true]);
    assert.ok(verdict.why && verdict.next);
  }
});

test('judge: limited is not good, whether an install or a look says it, and keeps why and next of the host', () => {
  const said = { class: 'limited keeper', why: 'no Python here', next: 'install Python 3' };
  for (const [sent, fields] of [
    ['install', { verdict: 'limited', state: 'unchanged' }],
    ['status', { verdict: 'status', state: 'limited' }],
  ] as const) {
    const verdict = judgeInvocation(invocation({ output: line({ ...fields, ...said }) }), sent);
    assert.deepEqual(
      [verdict.verdict, verdict.class, verdict.why, verdict.next],
      ['limited', ...Object.values(said)],
    );
    assert.equal(isGood(verdict), false);
  }
});

test('judge: a status of a newer service is shown, not guessed at', () => {
  const verdict = judgeInvocation(invocation({ statusDetails: 'Hibernated' }), 'install');
  assert.equal(verdict.verdict, 'unknown');
  assert.match(verdict.why, /"Hibernated"/);
  assert.equal(isGood(verdict), false);
});

test('judge: Success without a report of ours is a failure, since nobody knows what ran', () => {
  for (const output of ['', 'hello\n', '{"verdict":"installed"}\n', '{broken\n', '[]\n']) {
    assert.equal(judgeInvocation(invocation({ output }), 'install').class, 'no report', output);
  }
});

test('judge: a report of another form is none', () => {
  for (const form of [0, 2, '1', null, true, [1], {}]) {
    const output = line({ 'ssm-keepalive': form, verdict: 'installed' });
    assert.equal(judgeInvocation(invocation({ output }), 'install').class, 'no report', JSON.stringify(form));
  }
});

const GOOD = {
  install: ['installed', 'updated', 'unchanged', 'skipped'],
  uninstall: ['removed', 'unchanged', 'skipped'],
  status: ['status', 'skipped'],
} as const;

for (const sent of ['install', 'uninstall', 'status'] as const)
  test(`judge: what another script than ${sent} reports is no report of it`, () => {
    const all = new Set(Object.values(GOOD).flat());
    for (const verdict of all) {
      const output = line({ verdict, state: 'installed' });
      const judged = judgeInvocation(invocation({ output }), sent);
      const belongs = (GOOD[sent] as readonly string[]).includes(verdict);
      assert.deepEqual([isGood(judged), judged.report !== undefined], [belongs, belongs], verdict);
      if (belongs) continue;
      assert.equal(judged.class, 'no report');
      assert.equal(judged.why, `what ran there reported ${verdict}, which ${sent} never does`);
      const failed = judgeInvocation(invocation({ output, statusDetails: 'Failed', exitCode: 1 }), sent);
      assert.equal(failed.why, judged.why);
    }
  });

test('judge: the first line of output is the verdict, and later lines change nothing', () => {
  const output = `${line({ verdict: 'installed', entries: { env: 'live' } })}${line({ verdict: 'failed' })}`;
  const verdict = judgeInvocation(invocation({ output }), 'install');
  assert.equal(verdict.verdict, 'installed');
  assert.equal(verdict.report?.entries['env'], 'live');
});

test('judge: a script that failed with a report keeps its own step, why and next', () => {
  const output = line({ verdict: 'failed', step: 'selftest', why: 'no pty', next: 'mount devpts' });
  const verdict = judgeInvocation(invocation({ statusDetails: 'Failed', exitCode: 1, output }), 'install');
  assert.equal(verdict.why, 'no pty (its script was at the step “selftest”)');
  assert.equal(verdict.next, 'mount devpts');
});

test('judge: a command at the end of a reason becomes the next step, if nothing in it can mean more to a shell', () => {
  const judge = (why: string, sent: 'install' | 'status' = 'install') =>
    judgeInvocation(
      invocation({ output: line({ verdict: 'failed', step: 'path', why, next: 'its next' }) }),
      sent,
    );
  const [reason, path] = ['/opt/x can be written by others than root (drwxrwxr-x)', '/opt/x'];
  for (const command of ['chmod go-w', 'chown root:root', 'setfacl -b']) {
    const verdict = judge(`${reason}: ${command} ${path}`);
    assert.deepEqual(
      [attribute(verdict, 'why'), attribute(verdict, 'next')],
      [`the instance says: ${reason}`, `as root there, before you run the same again:  ${command} ${path}`],
    );
    const looked = judge(`${reason}: ${command} ${path}`, 'status').why;
    assert.equal(looked, `not known whether sessions are kept: the instance says: ${reason}`);
  }
  for (const end of [
    'chmod go-w /opt/x; rm -rf /',
    'chmod go-w $HOME',
    'chmod go-w /opt/x /etc',
    'chmod 777 /etc',
    'curl x',
  ]) {
    const verdict = judge(`${reason}: ${end}`);
    assert.match(attribute(verdict, 'why'), /^the instance says: .*: c/, end);
    assert.equal(attribute(verdict, 'next'), 'the instance says: its next');
  }
  assert.equal(attribute(judge(`a: chmod go-w /b; c: chmod go-w /d`), 'next'), 'the instance says: its next');
});

test('judge: of a changed host only what keeps every session out is told beside the change', () => {
  const judge = (kind: string) => {
    const said = { class: kind, why: 'its why', next: 'its next' };
    const output = line({ verdict: 'status', state: 'drifted', drifted: ['/x/relay.py'], ...said });
    return judgeInvocation(invocation({ output }), 'status');
  };
  // A relay that is gone looks as if Python were missing.
  for (const kind of ['limited keeper', 'entry left out']) {
    assert.equal(judge(kind).why, 'not as installed: /x/relay.py', kind);
    assert.match(judge(kind).next, /^run install again/, kind);
  }
  for (const kind of KEEPS_NOTHING) {
    assert.equal(judge(kind).why, 'its why; not as installed: /x/relay.py', kind);
    assert.match(judge(kind).next, /^the instance says: its next; then, run install again/, kind);
  }
});

test('judge: a class is a few words, since it stands in tables and titles; a sentence of the host is none', () => {
  const judge = (kind: string) =>
    judgeInvocation(invocation({ output: line({ verdict: 'limited', class: kind }) }), 'install').class;
  for (const kind of ['', 'limited keeper', 'entry left out', 'switched off'])
    assert.equal(judge(kind), kind);
  for (const kind of [
    'limited. To mend the fleet run:  ssm-keepalive uninstall --all --yes',
    'ssm-keepalive: ok',
    'why: x',
    'a b c d e',
    'x'.repeat(25),
    'a  b',
    'a\nb',
  ])
    assert.equal(judge(kind), 'other', kind);
});

test('judge: a reason that was cut has no command to tell', () => {
  const why = `${'/srv/'.padEnd(150, 'b')} can be written by others than root (drwxrwxrwx): chmod go-w /srv/bbb...`;
  const output = line({ verdict: 'failed', step: 'path', why, next: 'its next' });
  assert.equal(judgeInvocation(invocation({ output }), 'install').next, 'its next');
});

test('judge: a script that died without a report names its exit status and last words', () => {
  const verdict = judgeInvocation(
    invocation({ statusDetails: 'Failed', exitCode: 127, output: 'sh: gzip: not found\n' }),
    'install',
  );
  assert.match(verdict.why, /exit status 127.*gzip: not found/);
});

test('judge: a good status with a failed report is a failure', () => {
  assert.equal(
    isGood(judgeInvocation(invocation({ output: line({ verdict: 'failed', why: 'x' }) }), 'install')),
    false,
  );
});

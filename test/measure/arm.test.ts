// One arm in time that the test moves: what it types into a fresh shell, when it says so, and how long it waits for an answer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { playArm } from '../../src/session/measure/arm.ts';
import type { ArmName } from '../../src/session/measure/arms.ts';
import type { FromArm, ToArm } from '../../src/session/measure/messages.ts';
import { ManualClock } from '../support/clock.ts';

const QUERY = '\x1b[5n';

/** A shell that does what it is told, if it takes lines at all. */
function playWith(arm: ArmName, answer: (line: string) => string) {
  const clock = new ManualClock();
  const startedAt = clock.now();
  const typed: string[] = [];
  const sizes: string[] = [];
  const told: FromArm[] = [];
  let ask: (message: ToArm) => void = () => {};
  let print: (text: string) => void = () => {};
  const session = { SessionId: 's', StreamUrl: '', TokenValue: '', endpoint: '', headers: {} };
  const begun = playArm(
    { arm, tickSeconds: 10, session },
    clock,
    {
      tell: (message) => void told.push(message),
      onMessage(listener) {
        ask = listener;
        return () => {};
      },
    },
    async (_order, onOutput) => {
      print = (text) => onOutput(Buffer.from(text));
      return {
        write(bytes) {
          typed.push(bytes);
          const text = answer(bytes);
          if (text !== '') queueMicrotask(() => print(text));
        },
        resize: (cols, rows) => void sizes.push(`${cols}x${rows}`),
        close: () => {},
        ended: new Promise(() => {}),
      };
    },
  );
  const seconds = () => (clock.now() - startedAt) / 1000;
  const find = (kind: FromArm['kind']) => told.find((message) => message.kind === kind);
  /** Moves on until something of this kind was told, at most so long. */
  const until = async (kind: FromArm['kind'], mostSeconds: number) => {
    const end = clock.now() + mostSeconds * 1000;
    while (!find(kind) && clock.now() < end) await clock.advance(10);
    return find(kind);
  };
  return {
    clock,
    typed,
    sizes,
    told,
    begun,
    seconds,
    until,
    print: (text: string) => print(text),
    ask: (message: ToArm) => ask(message),
  };
}

const obedient = (line: string): string =>
  line.includes('ssmka- look')
    ? 'ssmka-look sh,\r\n$ '
    : line.includes('ssmka- set')
      ? 'ssmka-set\r\n$ '
      : '';

test('arm: the shell is spoken to when its prompt is complete, and the arm begins when it has done what it was told', async () => {
  const arm = playWith('input', obedient);
  await arm.clock.advance(3000);
  assert.deepEqual(arm.typed, []);
  arm.print('$ ');
  await arm.clock.advance(400);
  assert.deepEqual(arm.typed, []);
  assert.ok(await arm.until('begun', 5));
  await arm.begun;
  assert.equal(arm.typed.length, 2);
  // Its own part: a key each ten seconds, told with the rest of the traffic.
  await arm.clock.advance(30_200);
  assert.deepEqual(arm.typed.slice(2), ['\r', '\r', '\r']);
  const input = arm.told.flatMap((message) => (message.kind === 'traffic' ? [message.input] : []));
  assert.deepEqual(input.slice(-3), [1, 1, 1]);
});

test('arm: size sends the unchanged size, resize two in turn, and neither a byte', async () => {
  for (const [name, sizes] of [
    ['size', ['80x24', '80x24', '80x24']],
    ['resize', ['80x25', '80x24', '80x25']],
  ] as const) {
    const arm = playWith(name, obedient);
    await setImmediate();
    arm.print('$ ');
    assert.ok(await arm.until('begun', 5));
    arm.typed.length = arm.told.length = 0;
    await arm.clock.advance(30_200);
    assert.deepEqual([arm.sizes, arm.typed], [sizes, []]);
    const told = arm.told.flatMap((one) => (one.kind === 'traffic' ? [[one.input, one.sizes]] : []));
    assert.deepEqual(told, [
      [0, 1],
      [0, 1],
      [0, 1],
    ]);
  }
});

test('arm: only the arms that answer answer a query, and both count it', async () => {
  for (const [name, isAnswered] of [
    ['query', true],
    ['output', false],
  ] as const) {
    const arm = playWith(name, obedient);
    await setImmediate();
    arm.print('$ ');
    assert.ok(await arm.until('begun', 5));
    arm.typed.length = arm.told.length = 0;
    arm.print(QUERY);
    await arm.clock.advance(200);
    assert.deepEqual(arm.typed, isAnswered ? ['\x1b[0n'] : []);
    const [traffic] = arm.told;
    assert.ok(traffic?.kind === 'traffic');
    assert.deepEqual([traffic.queries, traffic.answers], [1, isAnswered ? 1 : 0]);
  }
});

test('arm: a shell that takes no line in twenty seconds is named with what it printed', async () => {
  const arm = playWith('foreground', () => '');
  await setImmediate();
  arm.print('login: ');
  const failed = await arm.until('failed', 60);
  assert.ok(failed?.kind === 'failed');
  assert.match(failed.why, /did not take a line; it printed ""/);
  assert.ok(arm.seconds() >= 20 && arm.seconds() < 22, String(arm.seconds()));
});

for (const isAlive of [true, false]) {
  test(`arm: a probe is Ctrl-C, and ${isAlive ? 'the next output' : 'ten seconds of silence'} the answer to it`, async () => {
    const arm = playWith('nothing', obedient);
    await setImmediate();
    arm.print('$ ');
    assert.ok(await arm.until('begun', 5));
    arm.ask({ op: 'probe' });
    assert.equal(arm.typed.at(-1), '\x03');
    await arm.clock.advance(9_990);
    assert.equal(await arm.until('probed', 0), undefined);
    if (isAlive) arm.print('^C');
    assert.deepEqual(await arm.until('probed', 1), { kind: 'probed', isAlive });
  });
}

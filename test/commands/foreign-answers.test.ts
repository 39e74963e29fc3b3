// Whatever answers in the service's place: no command calls it a bug of ours, and none takes it for the service.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { LONGEST_ANSWER_BYTES } from '../../src/fleet/answers.ts';
import type { Lab } from '../../src/lab/index.ts';
import { hosts, id } from '../fleet/push-rig.ts';
import { type Change, startFront } from '../support/answer-front.ts';
import { runCli } from '../support/cli.ts';
import { HurriedClock } from '../support/clock.ts';
import { startTestLab } from '../support/lab.ts';
import { seededRandom } from '../support/random.ts';
import { isLong, someOf } from '../support/turns.ts';

const LINES = [
  'install --tag env=dev',
  `install --instance-id ${id(0)} --document Ours`,
  'install --tag env=dev --dry-run',
  'install --tag env=dev --follow --yes',
  `uninstall --instance-id ${id(0)}`,
  'uninstall --tag env=dev --follow --yes',
  'status --tag env=dev',
  'status host-1',
  'status --tag env=dev --output json',
  'doctor',
  `doctor ${id(0)}`,
  'preferences get',
  'preferences set --idle 50 --yes',
  'preferences undo --yes',
  `measure ${id(0)} --arm nothing --limit 1`,
  `measure ${id(0)} --arm nothing --limit 1 --temporary-document`,
];

const json = (body: string, status = 200, headers = {}) =>
  new Response(body, { status, headers: { 'content-type': 'application/x-amz-json-1.1', ...headers } });

/** Answers of no service, to every call. Functions: a response can be read only once. */
const ANSWERS: readonly (readonly [name: string, answer: () => Response])[] = [
  ['an empty object', () => json('{}')],
  ['a list', () => json('[]')],
  ['null', () => json('null')],
  ['a number', () => json('5')],
  ['a text', () => json('"x"')],
  ['nothing', () => json('')],
  ['half of an object', () => json('{"Document')],
  ['a page', () => new Response('<html>sign in</html>', { headers: { 'content-type': 'text/html' } })],
  ['a page, refused', () => new Response('<html>no</html>', { status: 403 })],
  ['an error without a name', () => json('{"message":"no"}', 400)],
  ['an error with a number as name', () => json('{"__type":5,"message":"no"}', 400)],
  ['an error with an object as name', () => json('{"__type":{"a":1},"message":"no"}', 400)],
  ['an error with a number as message', () => json('{"__type":"AccessDeniedException","message":5}', 400)],
  ['an error with a list as message', () => json('{"__type":"InvalidDocument","message":["a"]}', 400)],
  ['an error that is a list', () => json('["AccessDeniedException"]', 400)],
  ['an error with an empty name', () => json('{"__type":"","message":"no"}', 400)],
  ['an error named as what every object has', () => json('{"__type":"constructor","message":"no"}', 400)],
];

async function startLab(context: TestContext): Promise<Lab> {
  return startTestLab(context, { hosts: hosts({}, {}), timeoutScale: 0.02 });
}

const BUG = /this is a bug|TypeError|RangeError|is not iterable|undefined|\[object/;

/** The command line against a front whose minutes are short. Whatever it is told, it ends with a status and with words. */
async function play(line: string, env: Record<string, string>) {
  const { status, stdout, stderr } = await runCli(line.split(' '), env, { clock: new HurriedClock(200) });
  const shown = `${line}\n${stdout}\n${stderr}`;
  assert.ok(status !== undefined, shown);
  assert.doesNotMatch(shown, BUG);
  return { status, shown };
}

for (const [name, answer] of ANSWERS) {
  test(`foreign answers: ${name}, to every call, fails every command`, async (context) => {
    const env = await startFront(context, await startLab(context), () => answer());
    for (const line of name === 'an empty object' ? LINES : someOf(LINES, 5)) {
      const { status, shown } = await play(line, env);
      assert.notEqual(status, 0, shown);
      assert.match(shown, / (why|next): |TO DO/);
    }
  });
}

test('foreign answers: an answer without end is broken off', async (context) => {
  const lab = await startLab(context);
  let sent = 0;
  const endless = () =>
    new Response(
      new ReadableStream({
        pull(controller) {
          sent += 1024 * 1024;
          controller.enqueue(new Uint8Array(1024 * 1024).fill(0x20));
          if (sent > 8 * LONGEST_ANSWER_BYTES) controller.close();
        },
      }),
    );
  const env = await startFront(context, lab, endless);
  const { status, shown } = await play('preferences get', env);
  assert.equal(status, 1, shown);
  assert.match(shown, /what answered is not Systems Manager/);
  assert.ok(sent <= 4 * LONGEST_ANSWER_BYTES, `${sent} bytes were taken`);
});

/** What a value is replaced by. */
const ODD = [null, 5, -1, 1e300, 'x', '', true, [], {}, [null], [5], [[]], { a: 1 }, '9'.repeat(400)];

type Place = { readonly holder: Record<string, unknown>; readonly key: string };

/** Every place of an answer that holds a value. */
function listPlaces(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((key) => [{ holder, key }, ...listPlaces(holder[key])]);
}

const ROUNDS = isLong ? 2000 : 60;
const SEED = Number(process.env['SSM_KEEPALIVE_FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 30));

test('foreign answers: whatever stands in the place of one value, no command breaks', async (context) => {
  context.diagnostic(`SSM_KEEPALIVE_FUZZ_SEED=${SEED}`);
  const lab = await startLab(context);
  let change: Change = () => undefined;
  const env = await startFront(context, lab, (...all) => change(...all));
  for (let round = SEED; round < SEED + ROUNDS; round += 1) {
    const random = seededRandom(round);
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
    const line = pick(LINES);
    const which = Math.floor(random() * 8);
    let calls = 0;
    let said = '';
    change = (operation, _, answer) => {
      calls += 1;
      if (calls - 1 !== which) return undefined;
      const places = listPlaces(answer);
      if (places.length === 0) return undefined;
      const { holder, key } = pick(places);
      holder[key] = pick(ODD);
      said = `${operation}: ${key} = ${JSON.stringify(holder[key])}`;
      return undefined;
    };
    try {
      await play(line, env);
    } catch (error) {
      throw new Error(`${said}; again with SSM_KEEPALIVE_FUZZ_SEED=${round}\n${(error as Error).message}`);
    }
  }
});

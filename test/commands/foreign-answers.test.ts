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
  ['a redirect', () => json('', 302)],
  ['a proxy that wants a password', () => json('', 407)],
  ['a gateway without a service', () => json('', 503)],
];

const MAY_BE_EMPTY = ANSWERS.slice(0, 6).map(([name]) => name);

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
    for (const line of name === 'an empty object' ? LINES : someOf(LINES, 3)) {
      const { status, shown } = await play(line, env);
      assert.notEqual(status, 0, shown);
      // The library reads some of them as an empty answer, which may be an empty list.
      if (!MAY_BE_EMPTY.includes(name))
        assert.match(shown.replace(/\s+/g, ' '), /what answered is not the AWS service/);
    }
  });
}

const NOTHING = '{}';

/** Runs a line while these operations have their effect, or not, and are answered by nothing. */
async function playLost(context: TestContext, line: string, lost: Change, before: readonly string[] = []) {
  const lab = await startLab(context);
  for (const earlier of before) assert.equal((await runCli(earlier.split(' '), lab.env)).status, 0, earlier);
  const asked: string[] = [];
  const env = await startFront(context, lab, (operation, input, answer) => {
    asked.push(operation);
    return lost(operation, input, answer);
  });
  const { status, shown } = await play(line, env);
  assert.equal(status, 1, shown);
  const count = (operation: string) => asked.filter((one) => one === operation).length;
  return { shown: shown.replace(/\s+/g, ' '), count };
}

const FOLLOW = 'install --tag env=dev --follow --yes --no-canary --no-restart';

test('foreign answers: the making of an association whose answers are lost is tried three times', async (context) => {
  const { count } = await playLost(context, FOLLOW, (operation) => {
    if (operation === 'CreateAssociation') return json(NOTHING);
    return operation === 'ListAssociations' ? { Associations: [] } : undefined;
  });
  assert.equal(count('CreateAssociation'), 3);
});

test('foreign answers: the change of an association whose answers are lost is tried three times', async (context) => {
  let old: object | undefined;
  const { count } = await playLost(
    context,
    `${FOLLOW} --interval 30`,
    (operation, _, answer) => {
      if (operation === 'UpdateAssociation') return json(NOTHING);
      if (operation !== 'DescribeAssociation') return undefined;
      old ??= structuredClone(answer);
      return old;
    },
    [FOLLOW],
  );
  assert.equal(count('UpdateAssociation'), 3);
});

for (const [line, operation, before] of [
  ['preferences set --idle 50 --yes', 'CreateDocument', []],
  ['preferences set --idle 40 --yes', 'UpdateDocument', ['preferences set --idle 50 --yes']],
] as const)
  test(`foreign answers: of a lost answer to ${operation} \`${line}\` says that it is not known`, async (context) => {
    const lost: Change = (one) => (one === operation ? json(NOTHING) : undefined);
    const { shown } = await playLost(context, line, lost, before);
    assert.match(shown, /it is not known whether the session preferences were changed .* next: look with/);
  });

test('foreign answers: a temporary document that may have been created is deleted', async (context) => {
  const line = `measure ${id(0)} --arm nothing --limit 1 --temporary-document`;
  const lost: Change = (operation) => (operation === 'CreateDocument' ? json(NOTHING) : undefined);
  const { count } = await playLost(context, line, lost);
  assert.equal(count('DeleteDocument'), 1);
});

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
  assert.match(shown, /what answered is not the AWS service/);
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

const ROUNDS = isLong ? 2000 : 30;
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

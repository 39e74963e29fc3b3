import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { wireCommands } from '../../src/bundle/index.ts';
import { KEEPERS, LIFE_TABLE, type LifeCell } from '../../src/bundle/keepers.ts';
import type { HostSpec, Lab } from '../../src/lab/index.ts';
import { makeClient, pause, runOn, sandboxMissing, until, useLab } from '../lab/test-lab.ts';
import { bundleOf } from '../support/bundle.ts';
import { type Dialogue, startSession } from './dialogue.ts';

/** Eight heartbeats fit into one timeout, so that a busy machine delays several before a session dies of it. */
const IDLE_SECONDS = 8;
const INTERVAL_SECONDS = 1;
/** What is alive after this many timeouts is kept alive. */
const TIMEOUTS = 2;
const SENTENCE = 'Your session timed out due to inactivity and has been terminated.';

const POLICIES = [...new Set(LIFE_TABLE.map(({ policy }) => policy))];
const skip = sandboxMissing();

/** One host per keeper, in every lab; one lab per policy. */
const hosts: HostSpec[] = KEEPERS.map(({ name }, index) => ({
  name,
  id: `i-0fffffffffffffff${index}`,
  tags: {},
}));

const labs = new Map<string, Lab>();
for (const policy of skip ? [] : POLICIES) {
  labs.set(policy, await useLab({ hosts, idleSeconds: IDLE_SECONDS, policy, consistencySeconds: 0 }));
}

/** Puts a keeper on a host the way a user does, byte for byte, and waits for what the agent's restart has to bring. */
async function installKeeper(lab: Lab, keeper: string): Promise<void> {
  if (keeper === 'none') return;
  const { spec } = lab.host(keeper);
  const client = makeClient(lab);
  const bundle = bundleOf({
    keeper: keeper === 'prompt' ? 'prompt' : 'auto',
    intervalSeconds: INTERVAL_SECONDS,
  });
  const installed = await runOn(client, spec.id, wireCommands('install', bundle.installer));
  assert.equal(
    readVerdict(installed.StandardOutputContent)['verdict'],
    'installed',
    installed.StandardOutputContent,
  );
  await until(`${keeper} to be live`, async () => {
    // While its agent restarts the service refuses the host by id: not yet, and no failure.
    const status = await runOn(client, spec.id, wireCommands('status', bundle.status)).catch(
      (error: Error) => {
        if (error.name === 'InvalidInstanceId') return undefined;
        throw error;
      },
    );
    if (status === undefined) return false;
    return (readVerdict(status.StandardOutputContent)['entries'] as Record<string, string>)['env'] === 'live';
  });
}

function readVerdict(output: string | undefined): Record<string, unknown> {
  return JSON.parse((output ?? '').split('\n')[0] || '{}') as Record<string, unknown>;
}

interface Outcome {
  readonly cell: LifeCell;
  readonly lives: boolean;
  readonly sentence: string;
  /** Everything that shows that an answer, or part of one, reached a program or the screen. */
  readonly leaks: string[];
}

async function playCell(lab: Lab, cell: LifeCell, index: number): Promise<Outcome> {
  const host = lab.host(cell.keeper);
  const talk = await startSession(makeClient(lab), host.spec.id, { terminal: 'answers' });
  await talk.wait(/[$#] $/);
  // The session's own sh is dash here: output only. A login bash is how a user gets a line editor, past the profile entry.
  if (cell.shell === 'swallows') await talk.say('exec bash -l\r', /@none|@relay|@prompt|bash[^\r\n]*[$#] $/);
  const recording = `/tmp/read-${index}`;
  if (cell.activity === 'silent-job') await talk.say('echo be"gun"; sleep 1000\r', /begun/);
  if (cell.activity === 'reading') {
    // Raw and byte by byte: what arrives is recorded even without a line's end.
    await talk.say(`stty raw -echo; echo be"gun"; dd bs=1 of=${recording} 2>/dev/null; stty sane\r`, /begun/);
  }
  const from = talk.printed().length;
  const end = await Promise.race([talk.session.ended, pause(IDLE_SECONDS * TIMEOUTS * 1000)]);
  const leaks = findLeaks(talk.printed().slice(from));
  if (cell.activity === 'reading') {
    const bytes = (await host.exec(['cat', recording])).stdout;
    if (bytes !== '') leaks.push(`the reading program got ${JSON.stringify(bytes)}`);
  }
  if (end === undefined) leaks.push(...(await findTypedLeaks(talk, cell)));
  talk.session.close();
  return { cell, lives: end === undefined, sentence: end?.sentence ?? '', leaks };
}

/** An answer that reached a program is echoed in some form that keeps its last characters. */
function findLeaks(printed: string): string[] {
  return printed.replaceAll('\x1b[5n', '').includes('0n')
    ? [`an answer was echoed: ${JSON.stringify(printed)}`]
    : [];
}

/** What came before a typed command in the terminal's queue or the line editor would spoil it. */
async function findTypedLeaks(talk: Dialogue, cell: LifeCell): Promise<string[]> {
  if (cell.activity === 'reading') return [];
  if (cell.activity === 'silent-job') await talk.say('\x03', /[$#] $/);
  const answer = await talk.ask('echo $((40 + 2))');
  return answer === '42' ? [] : [`a typed command answered ${JSON.stringify(answer)}`];
}

describe('the live-and-die table', { skip, concurrency: true }, () => {
  const installed = Promise.all(
    [...labs.values()].flatMap((lab) => KEEPERS.map(({ name }) => installKeeper(lab, name))),
  );
  // A failure here is every cell's failure; without this it would also be an unhandled rejection.
  installed.catch(() => {});

  for (const [index, cell] of LIFE_TABLE.entries()) {
    const what = `${cell.keeper}, ${cell.shell}, counting ${cell.policy}, ${cell.activity}`;
    test(`${what}: ${cell.lives ? 'lives' : 'dies after one timeout'}, and nothing leaks`, async () => {
      await installed;
      // Staggered: 54 sessions that start at once would all be late.
      await pause(index * 150);
      const lab = labs.get(cell.policy);
      assert.ok(lab);
      const outcome = await playCell(lab, cell, index);
      assert.equal(outcome.lives, cell.lives, `it ${outcome.lives ? 'lived' : 'died'}: ${outcome.sentence}`);
      if (!cell.lives) assert.equal(outcome.sentence, SENTENCE);
      assert.deepEqual(outcome.leaks, []);
    });
  }
});

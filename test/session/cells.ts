/** Plays one cell of what must live and what must die: a real session on a host of the lab, from its start to after its timeout. */
import assert from 'node:assert/strict';
import { type BundleSettings, wireCommands } from '../../src/bundle/index.ts';
import type { Activity } from '../../src/bundle/keepers.ts';
import type { Lab } from '../../src/lab/index.ts';
import { makeClient, pause, runOn, until } from '../lab/test-lab.ts';
import { bundleOf } from '../support/bundle.ts';
import { type Dialogue, startSession } from './dialogue.ts';

/** Eight heartbeats fit into one timeout, four of the prompt keeper, so that a busy machine delays several before a session dies of it. */
export const IDLE_SECONDS = 8;
const INTERVAL_SECONDS = 1;
/** The prompt keeper's: longer than a program takes to start on a busy machine. */
const PROMPT_INTERVAL_SECONDS = 2;
/** What is alive after this many timeouts is kept alive. */
const TIMEOUTS = 2;
const SENTENCE = 'Your session timed out due to inactivity and has been terminated.';
/** Of every shell, by its own startup files or as it comes. */
const PROMPT = /[$#>] /;

const ALTERNATE_SCREEN = '\x1b[?1049h';

/** The user's own startup files: one prompt for all, and no greeting or first-start dialogue. */
const STARTUP: Readonly<Record<string, string>> = {
  '.zshrc': "PS1='@> '\n",
  '.config/fish/config.fish': "set -g fish_greeting\nfunction fish_prompt; echo -n '@> '; end\n",
  // Without this folder the first start reads every manual page.
  '.local/share/fish/generated_completions/none': '',
  '.bashrc': "PS1='@> '\n",
  '.profile': "PS1='@> '\n",
};

export interface Scene {
  readonly host: string;
  readonly activity: Activity;
  /** Typed at the first prompt; the shell that this becomes is the one of the cell. Absent: the session's own sh is. */
  readonly become?: string;
  /** What the path of the shell in question begins with. */
  readonly binary: string;
  readonly isInTmux?: boolean;
  /** The prompt keeper queries while this shell waits for keys. An answer on its way at Enter is its named limit (README). */
  readonly isQueriedAtPrompt?: boolean;
  /** A tmux server of the cell's own: no other login finds what this one left. */
  readonly tmuxFolder?: string;
  /** Its number among all, for the names of its files. */
  readonly index: number;
}

interface Outcome {
  readonly lives: boolean;
  readonly sentence: string;
  /** Everything that shows that an answer, or part of one, reached a program or the screen. */
  readonly leaks: readonly string[];
}

/** Plays a scene and asserts how it ends, and that nothing leaks. */
export async function assertCell(lab: Lab, scene: Scene, lives: boolean): Promise<void> {
  let outcome = await playScene(lab, scene);
  // One query may still have crossed the start of the program on a busy machine. A keeper that is not silent leaks each time.
  const mayCross = scene.isQueriedAtPrompt && scene.activity !== 'prompt';
  for (let again = 0; again < 2 && mayCross && outcome.leaks.length > 0; again++)
    outcome = await playScene(lab, scene);
  assert.equal(outcome.lives, lives, `it ${outcome.lives ? 'lived' : 'died'}: ${outcome.sentence}`);
  if (!lives) assert.equal(outcome.sentence, SENTENCE);
  assert.deepEqual(outcome.leaks, []);
}

/** Puts a keeper on a host the way a user does, byte for byte, and waits for what the agent's restart has to bring. */
export async function installKeeper(lab: Lab, host: string, changes: Partial<BundleSettings>): Promise<void> {
  const { spec } = lab.host(host);
  const client = makeClient(lab);
  const bundle = bundleOf({
    intervalSeconds: changes.keeper === 'prompt' ? PROMPT_INTERVAL_SECONDS : INTERVAL_SECONDS,
    ...changes,
  });
  const installed = await runOn(client, spec.id, wireCommands('install', bundle));
  const verdict = readVerdict(installed.StandardOutputContent);
  assert.equal(verdict['verdict'], 'installed', installed.StandardOutputContent);
  if (changes.entries !== undefined && !changes.entries.includes('env')) return;
  await until(`${host} to be live`, async () => {
    // While its agent restarts the service refuses the host by id: not yet, and no failure.
    const status = await runOn(client, spec.id, wireCommands('status', bundle)).catch((error: Error) => {
      if (error.name === 'InvalidInstanceId') return undefined;
      throw error;
    });
    if (status === undefined) return false;
    return (readVerdict(status.StandardOutputContent)['entries'] as Record<string, string>)['env'] === 'live';
  });
}

/** Writes the user's startup files; `sh` is what the agent's sh is to be on this host. */
export async function prepareHost(lab: Lab, host: string, sh?: string): Promise<void> {
  const lines = Object.entries(STARTUP).map(
    ([path, text]) => `mkdir -p "$(dirname ${path})"; cat >>${path} <<'EOF'\n${text}EOF\n`,
  );
  const link = sh === undefined ? '' : `ln -sf ${sh} /usr/local/bin/sh\n`;
  const script = `cd /home/ssm-user\n${lines.join('')}chown -R 1001:1001 .\nln -sf /usr/bin/busybox /usr/local/bin/ash\n${link}`;
  const { stderr } = await lab.host(host).exec(['/bin/dash', '-c', script]);
  assert.equal(stderr, '');
}

function readVerdict(output: string | undefined): Record<string, unknown> {
  return JSON.parse((output ?? '').split('\n')[0] || '{}') as Record<string, unknown>;
}

async function playScene(lab: Lab, scene: Scene): Promise<Outcome> {
  const { activity, become, tmuxFolder, index } = scene;
  const host = lab.host(scene.host);
  const talk = await startSession(makeClient(lab), host.spec.id, { terminal: 'answers' });
  await talk.wait(PROMPT);
  if (tmuxFolder !== undefined) {
    await talk.say(
      `mkdir ${tmuxFolder}; export TMUX_TMPDIR=${tmuxFolder}; echo fol"der"\r`,
      /folder\r?\n.*[$#] /s,
    );
  }
  if (become !== undefined)
    await talk.say(`exec ${become}\r`, new RegExp(`exec ${become}[^]*?${PROMPT.source}`));
  // A shell or wrapper that did not start would leave another one, that lives or dies as well.
  await talk.say(`sh -c 'readlink /proc/$PPID/exe'\r`, new RegExp(scene.binary));
  assert.equal(talk.printed().includes(ALTERNATE_SCREEN), scene.isInTmux ?? false, 'tmux is there');
  // The query's answer goes first, and the keys put the next query off: nothing is on its way when the program starts.
  if (scene.isQueriedAtPrompt && activity !== 'prompt') await talk.next(/\x1b\[5n/);
  const recording = `/tmp/read-${index}`;
  if (activity === 'silent-job') await talk.say('echo be"gun"; sleep 1000\r', /begun/);
  if (activity === 'reading') {
    // Raw and byte by byte: what arrives is recorded even without a line's end.
    await talk.say(`stty raw -echo; echo be"gun"; dd bs=1 of=${recording} 2>/dev/null; stty sane\r`, /begun/);
  }
  const from = talk.printed().length;
  const end = await Promise.race([talk.session.ended, pause(IDLE_SECONDS * TIMEOUTS * 1000)]);
  const leaks = findLeaks(talk.printed().slice(from));
  if (activity === 'reading') {
    const bytes = (await host.exec(['cat', recording])).stdout;
    if (bytes !== '') leaks.push(`the reading program got ${JSON.stringify(bytes)}`);
  }
  if (end === undefined && activity !== 'reading') leaks.push(...(await findTypedLeaks(talk, activity)));
  talk.session.close();
  return { lives: end === undefined, sentence: end?.sentence ?? '', leaks };
}

/** An answer that reached a program is echoed in some form that keeps its last characters. */
function findLeaks(printed: string): string[] {
  return printed.replaceAll('\x1b[5n', '').includes('0n')
    ? [`an answer was echoed: ${JSON.stringify(printed)}`]
    : [];
}

/** What came before a typed command in the terminal's queue or the line editor would spoil it. */
async function findTypedLeaks(talk: Dialogue, activity: Activity): Promise<string[]> {
  if (activity === 'silent-job') await talk.say('\x03', PROMPT);
  const from = talk.printed().length;
  // In words that every shell reads alike; the echo of the line does not look like its output.
  await talk.say(`printf '<%s>\\n' 4''2; printf '<%s>\\n' en''d\r`, /<end>/);
  const printed = talk.printed().slice(from);
  return printed.includes('<42>') && !/not found|[Uu]nknown command/.test(printed)
    ? []
    : [`a typed command answered ${JSON.stringify(printed)}`];
}

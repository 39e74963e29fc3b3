/** Plays rows of the table of life and death: each is one session, whose record says what a timer of each policy would have done. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Lab } from '../../src/lab/index.ts';
import { makeClient, sandboxMissing, until } from '../lab/test-lab.ts';
import { findCommand } from '../shells/support/shells.ts';
import { skipUnless } from '../support/sandbox.ts';
import { type Dialogue, startSession } from './dialogue.ts';
import {
  ACTIVITIES,
  type Activity,
  IDLE_POLICIES,
  type IdlePolicy,
  KEEPERS,
  type ShellName,
} from './keepers.ts';
import { type KeptHost, useKeptLab } from './kept-host.ts';
import { type LifeRow, SESSION_SH } from './life-table.ts';
import { outlives, type SessionRecord, type TickClock, type Traffic } from './record.ts';
import { Turns } from './turns.ts';

/** The prompt keeper's is longer than a program takes to start on a busy machine: a query that crosses the start is its named limit. */
const INTERVAL_TICKS = { relay: 1, prompt: 2, none: 1 } as const;
/** How much later than its interval a heartbeat may come. */
const LATE_TICKS = 2;
/** What is alive after this many timeouts is kept alive. */
const TIMEOUTS = 2;
/** No real timer ends these sessions. */
const NEVER_SECONDS = 36_000;
const STARTS_AT_ONCE = 6;
/** Again, where one query may have crossed the start of a program. A keeper that is not silent leaks each time. */
const TRIES = 3;
const WATCH_LIMIT_SECONDS = 90;
const BARE = 'none';
/** Of every shell, by its own startup files or as it comes. */
const PROMPT = /[$#>] /;
const ALTERNATE_SCREEN = '\x1b[?1049h';

/** The session's own sh, by its path; and how a user gets there from it. */
const START: Readonly<Record<ShellName, { command: string; login: string; interactive: string }>> = {
  bash: { command: 'bash', login: 'bash -l', interactive: 'bash' },
  zsh: { command: 'zsh', login: 'zsh -l', interactive: 'zsh' },
  fish: { command: 'fish', login: 'fish -l', interactive: 'fish' },
  dash: { command: 'dash', login: 'dash -l', interactive: 'dash' },
  'busybox ash': { command: 'busybox', login: 'ash -l', interactive: 'ash' },
  ksh: { command: 'ksh', login: 'ksh -l', interactive: 'ksh' },
  mksh: { command: 'mksh', login: 'mksh -l', interactive: 'mksh' },
};

interface Played {
  readonly lives: Readonly<Record<IdlePolicy, boolean>>;
  /** Everything that shows that an answer, or part of one, reached a program or the screen. */
  readonly leaks: readonly string[];
}

/** Plays these rows at the same time, each activity as a test. */
export async function describeLife(rows: readonly LifeRow[]): Promise<void> {
  const absent = [...new Set(rows.map(({ shell }) => START[shell.name].command))].filter(
    (command) => findCommand(command) === undefined,
  );
  const skip =
    sandboxMissing() ||
    skipUnless('tmux', 'setpriv') ||
    (process.env['CI'] !== 'true' && absent.length > 0 && `absent: ${absent.join(', ')}`);
  const lab = await useKeptLab(skip ? [] : hostsOf(rows), { idleSeconds: NEVER_SECONDS });

  describe('the table of life and death', { skip, concurrency: true }, () => {
    const stage = skip ? undefined : startClock(lab);
    // A failure here is every row's failure; without this it would also be an unhandled rejection.
    stage?.catch(() => {});
    const starting = new Turns(STARTS_AT_ONCE);
    const alone = new Map<string, Turns>();

    for (const [index, row] of rows.entries()) {
      const { keeper, wrapper, seat, shell, client } = row;
      const what = `${keeper}, wrapper ${wrapper}, ${shell.name} by ${seat.entry}, a client that ${client === 'silent' ? 'is silent' : 'answers'}`;
      test(what, async (context) => {
        const clock = await stage!;
        const host = hostOf(row);
        if (!alone.has(host)) alone.set(host, new Turns(1));
        // Logins by `env` share one tmux: none may find what another has just made and not yet taken.
        const start = () => starting.take(() => startRow(lab, row, index, clock));
        const scene = await (wrapper === 'tmux' ? alone.get(host)!.take(start) : start());
        for (const activity of ACTIVITIES) {
          const lives = Object.fromEntries(
            IDLE_POLICIES.map((policy) => [policy, rowLives(row, activity, policy)]),
          );
          const under = IDLE_POLICIES.filter((policy) => lives[policy]);
          await context.test(
            `${activity}: lives under ${under.join(', ') || 'none'}, and nothing leaks`,
            async () => {
              const played = await scene.play(activity);
              assert.deepEqual(played, { lives, leaks: [] }, scene.tell());
            },
          );
        }
        scene.close();
      });
    }
  });
}

function rowLives(row: LifeRow, activity: Activity, policy: IdlePolicy): boolean {
  const { shell, client } = row;
  return KEEPERS.find(({ name }) => name === row.keeper)!.lives({
    policy,
    activity,
    shell: shell.class,
    client,
  });
}

const hostOf = ({ keeper, wrapper, seat }: LifeRow): string =>
  keeper === 'none' ? BARE : [keeper, wrapper, seat.entry, START[seat.sh].command].join('-');

/** What the rows need; the clock by which they are watched is on the one that has no keeper. */
function hostsOf(rows: readonly LifeRow[]): KeptHost[] {
  const firsts = new Map(rows.map((row) => [hostOf(row), row]));
  assert.ok(firsts.has(BARE));
  return [...firsts].map(([name, { keeper, wrapper, seat }], index) => ({
    spec: { name, id: `i-0eeeeeeeeeeeeee${String(index).padStart(2, '0')}`, tags: {} },
    sh: findCommand(START[seat.sh].command),
    settings:
      keeper === 'none'
        ? undefined
        : { keeper, wrap: wrapper, entries: [seat.entry], intervalSeconds: INTERVAL_TICKS[keeper] },
  }));
}

/** Ticks once a second in a session of its own, at the lowest priority: whatever keeps a keeper waiting keeps this clock waiting longer. */
async function startClock(lab: Lab): Promise<TickClock> {
  let ticks = 0;
  const talk = await startSession(makeClient(lab), lab.host(BARE).spec.id, {
    onOutput: (bytes) => {
      ticks += Buffer.from(bytes).toString('latin1').split('\x07').length - 1;
    },
  });
  await talk.wait(PROMPT);
  talk.session.write('exec nice -n 19 sh -c \'while sleep 1; do printf "\\007"; done\'\r');
  await until('the clock to tick', () => ticks > 0);
  return {
    get now() {
      return ticks;
    },
  };
}

class Scene {
  private readonly recording: string;

  constructor(
    private readonly lab: Lab,
    private readonly row: LifeRow,
    private readonly talk: Dialogue,
    private readonly traffic: readonly Traffic[],
    private readonly clock: TickClock,
    index: number,
  ) {
    this.recording = `/tmp/read-${index}`;
  }

  async play(activity: Activity): Promise<Played> {
    const tries = this.isQueriedAtPrompt && activity !== 'prompt' ? TRIES : 1;
    for (let left = tries; ; left -= 1) {
      await this.begin(activity);
      const from = this.talk.printed().length;
      const record = await this.watch();
      const leaks = [...findLeaks(this.talk.printed().slice(from)), ...(await this.end(activity))];
      if (leaks.length > 0 && left > 1) continue;
      const lives = Object.fromEntries(
        IDLE_POLICIES.map((policy) => [policy, outlives(record, policy, this.timeoutTicks)]),
      ) as Record<IdlePolicy, boolean>;
      return { lives, leaks };
    }
  }

  /** For the message of a test that is red. */
  tell(): string {
    const traffic = this.traffic.slice(-20).map(({ at, direction }) => `${at} ${direction}`);
    return `traffic in ticks: ${traffic.join(', ')}; now ${this.clock.now}; ${JSON.stringify(this.talk.printed().slice(-300))}`;
  }

  close(): void {
    this.talk.session.close();
  }

  private get timeoutTicks(): number {
    return INTERVAL_TICKS[this.row.keeper] + LATE_TICKS;
  }

  /** The prompt keeper queries while this shell waits for keys. */
  private get isQueriedAtPrompt(): boolean {
    const { keeper, shell, client } = this.row;
    return keeper === 'prompt' && shell.class === 'swallows' && client === 'answers';
  }

  private async begin(activity: Activity): Promise<void> {
    const { talk } = this;
    if (activity === 'prompt') return;
    // The query's answer goes first, and the keys put the next query off: nothing is on its way when the program starts.
    if (this.isQueriedAtPrompt) await talk.next(/\x1b\[5n/);
    if (activity === 'silent-job') await talk.say('echo be"gun"; sleep 1000\r', /begun/);
    // Raw and byte by byte: what arrives is recorded even without a line's end.
    else
      await talk.say(
        `stty raw -echo; echo be"gun"; dd bs=1 of=${this.recording} 2>/dev/null; stty sane\r`,
        /begun/,
      );
  }

  /** Until it has outlived its timeouts, or until no policy would have let it live. */
  private async watch(): Promise<SessionRecord> {
    const { clock, timeoutTicks } = this;
    const beganAt = clock.now;
    const first = this.traffic.length;
    const take = () => ({ beganAt, endedAt: clock.now, traffic: this.traffic.slice(first) });
    await until(
      'the clock',
      () => clock.now >= beganAt + TIMEOUTS * timeoutTicks || !outlives(take(), 'any', timeoutTicks),
      WATCH_LIMIT_SECONDS,
    );
    return take();
  }

  /** Back to the prompt; what came before a typed command in the terminal's queue or the line editor would spoil it. */
  private async end(activity: Activity): Promise<string[]> {
    const { talk, recording } = this;
    const leaks: string[] = [];
    if (activity === 'silent-job') await talk.say('\x03', PROMPT);
    if (activity === 'reading') {
      const host = this.lab.host(hostOf(this.row));
      const { stdout } = await host.exec(['cat', recording]);
      if (stdout !== '') leaks.push(`the reading program got ${JSON.stringify(stdout)}`);
      await host.exec(['pkill', '-f', `^dd bs=1 of=${recording}$`]);
      await talk.next(PROMPT).catch(() => {});
    }
    const from = talk.printed().length;
    // In words that every shell reads alike; the echo of the line does not look like its output.
    await talk.say(`printf '<%s>\\n' 4''2; printf '<%s>\\n' en''d\r`, /<end>/);
    const printed = talk.printed().slice(from);
    if (!printed.includes('<42>') || /not found|[Uu]nknown command/.test(printed))
      leaks.push(`a typed command answered ${JSON.stringify(printed)}`);
    return leaks;
  }
}

/** A session in the shell of its row, which has been looked at: one that did not start would leave another, that lives or dies as well. */
async function startRow(lab: Lab, row: LifeRow, index: number, clock: TickClock): Promise<Scene> {
  const { keeper, wrapper, seat, shell, client } = row;
  const traffic: Traffic[] = [];
  let answers = 0;
  let opened: Dialogue | undefined;
  const talk = await startSession(makeClient(lab), lab.host(hostOf(row)).spec.id, {
    terminal: client,
    onOutput: () => {
      traffic.push({ at: clock.now, direction: 'output' });
      // The client answers once this returns. The first output may come before the session is known here.
      queueMicrotask(() => {
        const sent = opened?.session.stats.answersSent ?? 0;
        if (sent > answers) traffic.push({ at: clock.now, direction: 'input' });
        answers = sent;
      });
    },
  });
  opened = talk;
  await talk.wait(PROMPT);
  const isShared = wrapper === 'tmux' && seat.entry === 'env';
  if (wrapper === 'tmux' && !isShared) {
    const folder = `/tmp/tmux-${index}`;
    await talk.say(`mkdir ${folder}; export TMUX_TMPDIR=${folder}; echo fol"der"\r`, /folder\r?\n.*[$#] /s);
  }
  const start = START[shell.name];
  const isSessionSh = seat.entry === 'env' && (keeper === 'none' ? SESSION_SH : seat.sh) === shell.name;
  const become = seat.entry === 'profile' ? start.login : start.interactive;
  if (!isSessionSh) await talk.say(`exec ${become}\r`, new RegExp(`exec ${become}[^]*?${PROMPT.source}`));
  await talk.say(`sh -c 'readlink /proc/$PPID/exe'\r`, new RegExp(`/usr/bin/${start.command}`));
  assert.equal(talk.printed().includes(ALTERNATE_SCREEN), wrapper === 'tmux', 'tmux is there');
  return new Scene(lab, row, talk, traffic, clock, index);
}

/** An answer that reached a program is echoed in some form that keeps its last characters. */
function findLeaks(printed: string): string[] {
  return printed.replaceAll('\x1b[5n', '').includes('0n')
    ? [`an answer was echoed: ${JSON.stringify(printed)}`]
    : [];
}

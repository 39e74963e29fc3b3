// A real shell in a real pty, and a terminal that answers device status queries as every emulator does.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type IPty, spawn } from '@lydell/node-pty';
import { childrenOf, commandLine, findHelpers, isRunning } from './processes.ts';
import { type PromptFile, writePromptFolder } from './render.ts';
import { findCommand, prompt, type Shell, writeStartup } from './shells.ts';

const query = '\x1b[5n';
/** What else programs ask a terminal (fish 4 and ble.sh before their first prompt, fzf, vim), as an xterm at its first line answers. */
const otherAnswers: Readonly<Record<string, string>> = {
  '[c': '\x1b[?6c',
  '[0c': '\x1b[?6c',
  '[>c': '\x1b[>41;379;0c',
  '[>0c': '\x1b[>41;379;0c',
  '[>q': '\x1bP>|XTerm(379)\x1b\\',
  '[>0q': '\x1bP>|XTerm(379)\x1b\\',
  '[6n': '\x1b[1;1R',
};
const answer = '\x1b[0n';

const otherQuery = /\x1b(\[0?c|\[>0?c|\[>0?q|\[6n)/g;

/** How long anything may take before a test gives up; nothing is asserted about speed. */
const patienceMs = Number(process.env.SSM_KEEPALIVE_TEST_PATIENCE_MS ?? 30_000);

export interface TerminalOptions {
  readonly shell: Shell;
  /** `split`: every byte on its own, 30 ms apart, as the Windows client sends them. */
  readonly answers?: 'whole' | 'split' | 'never';
  readonly intervalSeconds?: number;
  readonly maxIdleSeconds?: number;
  /** Lines of the startup file before and after the keeper. */
  readonly before?: string;
  readonly after?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly edit?: (file: PromptFile, text: string) => string;
  /** Puts something in front of the shell's command line, e.g. a change of user. */
  readonly wrap?: (argv: readonly string[]) => readonly string[];
}

export class Terminal {
  readonly pty: IPty;
  readonly folder: string;
  readonly cleanUp: () => void;
  raw = '';
  queries = 0;
  answered = 0;
  nuls = 0;
  exitCode: number | undefined;
  #scanned = 0;
  #identified = 0;
  #answering: Promise<void> = Promise.resolve();
  #gapMs = 30;
  #unfinished = false;
  #typed = '';
  #answers: 'whole' | 'split' | 'never';

  constructor(options: TerminalOptions) {
    const { shell, intervalSeconds = 1, maxIdleSeconds = 28_800 } = options;
    const bundle = writePromptFolder({ intervalSeconds, maxIdleSeconds }, options.edit);
    const home = mkdtempSync(join(tmpdir(), 'prompt-home-'));
    this.folder = bundle.path;
    this.cleanUp = () => {
      bundle.remove();
      rmSync(home, { recursive: true, force: true });
    };
    const startup = join(bundle.path, 'startup');
    writeStartup(startup, bundle.path, shell, options.before, options.after);
    const { argv, env } = shell.start(startup, bundle.path);
    const [file = '', ...args] = options.wrap?.(argv) ?? argv;
    this.#answers = options.answers ?? 'whole';
    this.pty = spawn(findCommand(file) ?? file, args, {
      name: 'xterm-256color',
      cols: 200,
      rows: 50,
      cwd: home,
      env: {
        PATH: process.env.PATH ?? '/usr/bin:/bin',
        HOME: home,
        LANG: 'C.UTF-8',
        HISTFILE: join(home, 'history'),
        INPUTRC: '/dev/null',
        ...env,
        ...options.env,
      },
    });
    this.pty.onData((data) => this.#read(data));
    this.pty.onExit(({ exitCode }) => {
      this.exitCode = exitCode;
    });
  }

  get pid(): number {
    return this.pty.pid;
  }

  /** What a person would see, less heartbeats, NUL bytes and the colours and modes a line editor prints. */
  get screen(): string {
    return this.raw
      .replaceAll(query, '')
      .replaceAll('\0', '')
      .replace(/\x1b\[[0-9;?<=>]*[ -/]*[@-~]|\x1b[=>]/g, '')
      .replace(/\x1b[\]P][^\x07\x1b]*(\x07|\x1b\\)|\x1b\(B/g, '')
      .replace(/[\r\x07]/g, '');
  }

  /** A terminal sends an answer and a key one after the other: what is typed during a split answer comes after it. */
  type(text: string): void {
    if (this.#unfinished) this.#typed += text;
    else this.pty.write(text);
  }

  /** Polls until `condition` holds; what the screen shows is in the failure. */
  async until(what: string, condition: () => boolean): Promise<void> {
    const end = Date.now() + patienceMs;
    while (!condition()) {
      if (Date.now() > end) {
        assert.fail(`${what}: not seen. queries ${this.queries}, NUL ${this.nuls}, exit ${this.exitCode}
${JSON.stringify(this.raw)}`);
      }
      await pause(20);
    }
  }

  async see(text: string | RegExp, from = 0): Promise<RegExpExecArray> {
    const pattern = typeof text === 'string' ? new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')) : text;
    let match: RegExpExecArray | null = null;
    await this.until(`${pattern}`, () => {
      match = pattern.exec(this.screen.slice(from));
      return match !== null;
    });
    return match as unknown as RegExpExecArray;
  }

  /** From now on every byte of an answer comes on its own. */
  answerSlowly(gapMs: number): void {
    this.#answers = 'split';
    this.#gapMs = gapMs;
  }

  ready(): Promise<RegExpExecArray> {
    return this.see(prompt);
  }

  /** Waits for `count` more heartbeats, answered to the last byte: what is typed next is read after them. */
  async heartbeats(count = 1): Promise<void> {
    const wanted = this.answered + count;
    await this.until(`${count} heartbeats answered`, () => this.answered >= wanted);
  }

  /** Waits for `count` more outputs of the kind this keeper makes. */
  async outputs(keeper: Shell['keeper'], count = 1): Promise<void> {
    const made = () => (keeper === 'query' ? this.queries : this.nuls);
    const wanted = made() + count;
    await this.until(`${count} outputs`, () => made() >= wanted);
  }

  /** Runs a command line and returns what it prints between `=[` and `]=`. */
  async ask(words: string): Promise<string> {
    const from = this.screen.length;
    this.type(`${show(words)}\r`);
    return this.answerTo(from);
  }

  async answerTo(from: number): Promise<string> {
    const [, found = ''] = await this.see(/=\[((?!%s\]=).*?)\]=/s, from);
    return found;
  }

  async helper(): Promise<number> {
    await this.until('one helper', () => findHelpers(this.pid).length === 1);
    return findHelpers(this.pid)[0]!;
  }

  /** Waits until the helper has woken `count` times, each a new sleep, so that silence means something. */
  async ticks(count: number): Promise<void> {
    const helper = await this.helper();
    // Its other children (stty, ls) are no tick of their own: counted as such, two seconds would pass for four.
    const sleeps = () => childrenOf(helper).filter((child) => commandLine(child)[0]?.endsWith('sleep'));
    const seen = new Set<number>(sleeps());
    await this.until(`${count} ticks of the helper`, () => {
      for (const child of sleeps()) seen.add(child);
      return seen.size > count;
    });
  }

  async helperGone(helper: number): Promise<void> {
    await this.until('helper gone', () => !isRunning(helper));
  }

  async exited(): Promise<number> {
    await this.until('exit', () => this.exitCode !== undefined);
    return this.exitCode!;
  }

  /** Ends everything and leaves nothing: the shell, the helper and the folder. */
  async close(): Promise<void> {
    const helpers = findHelpers(this.pid);
    try {
      if (this.exitCode === undefined) process.kill(this.pid, 'SIGKILL');
    } catch {
      // Gone already, or gone just now.
    }
    await this.exited();
    for (const helper of helpers) await this.helperGone(helper);
    this.cleanUp();
  }

  #read(data: string): void {
    this.raw += data;
    for (;;) {
      otherQuery.lastIndex = this.#identified;
      const found = otherQuery.exec(this.raw);
      if (!found) break;
      this.#identified = otherQuery.lastIndex;
      // After an answer that is under way, as a terminal does.
      this.type(otherAnswers[found[1]!]!);
    }
    for (;;) {
      const at = this.raw.indexOf(query, this.#scanned);
      if (at < 0) break;
      this.#scanned = at + query.length;
      this.queries += 1;
      // Whole: now, before anything is typed. Split: one after the other.
      if (this.#answers === 'split') this.#answering = this.#answering.then(() => this.#answer());
      else void this.#answer();
    }
    this.nuls += data.split('\0').length - 1;
  }

  async #answer(): Promise<void> {
    if (this.#answers === 'never') return;
    if (this.#answers === 'whole') this.pty.write(answer);
    else {
      this.#unfinished = true;
      for (const byte of answer) {
        this.pty.write(byte);
        await pause(this.#gapMs);
      }
      this.#unfinished = false;
      this.pty.write(this.#typed);
      this.#typed = '';
    }
    this.answered += 1;
  }
}

/** A command line whose output `answerTo` finds; its echo does not match. */
export const show = (words: string): string => `printf '=[%s]=\\n' ${words}`;

/** Opens a terminal, waits for the first prompt, runs the body, and always leaves nothing behind. */
export async function inTerminal(
  options: TerminalOptions,
  body: (terminal: Terminal) => Promise<void>,
): Promise<void> {
  const terminal = new Terminal(options);
  try {
    await terminal.ready();
    await body(terminal);
  } finally {
    await terminal.close();
  }
}

/** Often enough for a machine that others keep busy; a keeper that is not silent crosses every time. */
const MOST_CROSSINGS = 4;

/**
 * As `inTerminal`, anew where `body` says that a query crossed the start of its program: the named limit (README), rare with
 * the intervals that users have, and none of what it wants to show.
 */
export async function withoutCrossing(
  options: TerminalOptions,
  body: (terminal: Terminal) => Promise<'shown' | 'crossed'>,
): Promise<void> {
  let outcome: 'shown' | 'crossed' = 'crossed';
  for (let count = 0; outcome === 'crossed'; count++) {
    assert.ok(count < MOST_CROSSINGS, `a query at the start of the program, ${count} times`);
    await inTerminal(options, async (terminal) => {
      outcome = await body(terminal);
    });
  }
}

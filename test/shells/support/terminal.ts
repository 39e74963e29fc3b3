// A real shell in a real pty, and a terminal that answers device status queries as every emulator does.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { childrenOf, commandLine, findHelpers, isRunning } from '../../support/processes.ts';
import { LocalPty, type PtyOptions, QUERY } from '../../support/pty.ts';
import { type PromptFile, writePromptFolder } from './render.ts';
import { findCommand, prompt, type Shell, writeStartup } from './shells.ts';

/** What else programs ask a terminal (fish 4 and ble.sh before their first prompt, fzf, vim), as an xterm at its first line answers. */
const reports: Readonly<Record<string, string>> = {
  '\x1b[c': '\x1b[?6c',
  '\x1b[0c': '\x1b[?6c',
  '\x1b[>c': '\x1b[>41;379;0c',
  '\x1b[>0c': '\x1b[>41;379;0c',
  '\x1b[>q': '\x1bP>|XTerm(379)\x1b\\',
  '\x1b[>0q': '\x1bP>|XTerm(379)\x1b\\',
  '\x1b[6n': '\x1b[1;1R',
};

export interface TerminalOptions {
  readonly shell: Shell;
  readonly answers?: PtyOptions['answers'];
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

/** Keys at a start hide the first answer. The helper asks again after 30 s; in tests after 3 s, and as often as a busy machine needs. */
function askSoon(file: PromptFile, text: string): string {
  if (file !== 'prompt-helper.sh') return text;
  const hurried = text.replace('last_ask)) -ge 30 ]', 'last_ask)) -ge 3 ]');
  assert.notEqual(hurried, text, 'the pause before the helper asks again');
  return hurried.replace('[ "$sent" -lt 5 ]', '[ "$sent" -lt 50 ]');
}

/** Everything a shell needs to start with the keeper, in folders of its own. */
function prepare(options: TerminalOptions) {
  const { shell, intervalSeconds = 1, maxIdleSeconds = 28_800 } = options;
  const { edit = (_, text) => text } = options;
  const bundle = writePromptFolder({ intervalSeconds, maxIdleSeconds }, (file, text) =>
    edit(file, options.answers === 'never' ? text : askSoon(file, text)),
  );
  const home = mkdtempSync(join(tmpdir(), 'prompt-home-'));
  const startup = join(bundle.path, 'startup');
  writeStartup(startup, bundle.path, shell, options.before, options.after);
  const { argv, env } = shell.start(startup, bundle.path);
  const [command = '', ...args] = options.wrap?.(argv) ?? argv;
  const program = {
    file: findCommand(command) ?? command,
    args,
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
  };
  const cleanUp = () => {
    bundle.remove();
    rmSync(home, { recursive: true, force: true });
  };
  return { program, folder: bundle.path, cleanUp };
}

export class Terminal extends LocalPty {
  readonly folder: string;
  readonly cleanUp: () => void;

  constructor(options: TerminalOptions) {
    const { program, folder, cleanUp } = prepare(options);
    super(program, { reports, ...(options.answers && { answers: options.answers }) });
    this.folder = folder;
    this.cleanUp = cleanUp;
  }

  /** What a person would see, less heartbeats, NUL bytes and the colours and modes a line editor prints. */
  override get screen(): string {
    return this.raw
      .replaceAll(QUERY, '')
      .replaceAll('\0', '')
      .replace(/\x1b\[[0-9;?<=>]*[ -/]*[@-~]|\x1b[=>]/g, '')
      .replace(/\x1b[\]P][^\x07\x1b]*(\x07|\x1b\\)|\x1b\(B/g, '')
      .replace(/[\r\x07]/g, '');
  }

  ready(): Promise<RegExpExecArray> {
    return this.see(prompt);
  }

  /** Waits for `count` more queries. */
  async outputs(count: number): Promise<void> {
    const wanted = this.queries + count;
    await this.until(`${count} queries`, () => this.queries >= wanted);
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

  /** Ends everything and leaves nothing: the shell, the helper and the folder. */
  async close(): Promise<void> {
    const helpers = findHelpers(this.pid);
    if (this.exitStatus === undefined) this.kill();
    await this.exited();
    for (const helper of helpers) await this.helperGone(helper);
    this.cleanUp();
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
 * As `inTerminal`, anew where `body` says that a query crossed the start of its program: the named limit (docs/shells.md), rare with
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

/** A terminal in front of a program: what it shows, what it answers, what a person types. Waiting polls, and every failure has the screen. */
import assert from 'node:assert/strict';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as pause } from 'node:timers/promises';
import { type IPty, spawn } from '@lydell/node-pty';

export const QUERY = '\x1b[5n';
export const ANSWER = '\x1b[0n';

/** How long anything may take before a test gives up; nothing is asserted about speed. */
const PATIENCE_MS = Number(process.env['SSM_KEEPALIVE_TEST_PATIENCE_MS'] ?? 60_000);
/** What is on the screen is looked at when something came; other things, which cost more, as often as this. */
const POLL_MS = 100;
/** What a program prints at once comes in pieces. */
const PIECES_MS = 5;
const LONGEST_POLL_MS = 200;
/** No query that a terminal knows is longer. */
const LONGEST_QUERY = 16;

export interface PtyOptions {
  /** `split`: every byte on its own, as the Windows client sends them. */
  readonly answers?: 'whole' | 'split' | 'never';
  /** Between the bytes of a split answer. */
  readonly gapMs?: number;
  /** How long an answer is on its way. */
  readonly delayMs?: number;
  /** What else a program may ask this terminal, and what the terminal says. */
  readonly reports?: Readonly<Record<string, string>>;
  /** `latin1`: a character for each byte. */
  readonly encoding?: 'utf8' | 'latin1';
}

const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** The terminal, whatever carries its bytes. */
export abstract class Pty {
  /** All that was printed. */
  raw = '';
  queries = 0;
  /** Heartbeats that were answered to the last byte: what is typed next is read after them. */
  answered = 0;
  nuls = 0;
  /** 128 + N after a death by signal N. */
  exitStatus: number | undefined;
  answers: NonNullable<PtyOptions['answers']>;
  gapMs: number;
  readonly #delayMs: number;
  readonly #encoding: BufferEncoding;
  readonly #reports: Readonly<Record<string, string>>;
  readonly #asks: RegExp;
  readonly #decoder: StringDecoder;
  /** The end of what was read, where a query may have begun. */
  #tail = '';
  #answering: Promise<void> = Promise.resolve();
  #isAnswering = false;
  #typed = '';
  readonly #waiting = new Set<() => void>();

  constructor({
    answers = 'whole',
    gapMs = 30,
    delayMs = 0,
    reports = {},
    encoding = 'utf8',
  }: PtyOptions = {}) {
    this.answers = answers;
    this.gapMs = gapMs;
    this.#delayMs = delayMs;
    this.#encoding = encoding;
    this.#reports = { ...reports, [QUERY]: ANSWER };
    this.#asks = new RegExp(Object.keys(this.#reports).map(literal).join('|'), 'g');
    this.#decoder = new StringDecoder(encoding);
  }

  protected abstract write(bytes: Buffer): void;

  /** What a person would see; `see` looks at it. */
  get screen(): string {
    return this.raw;
  }

  /** A terminal sends an answer and a key one after the other: what is typed during a split answer comes after it. */
  type(keys: string): void {
    if (this.#isAnswering) this.#typed += keys;
    else this.write(Buffer.from(keys, this.#encoding));
  }

  /** Polls until `holds`. */
  async until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    let left = PATIENCE_MS;
    let last = Date.now();
    while (!(await holds())) {
      if (left < 0) assert.fail(`gave up waiting for ${what}\n${this.describe()}`);
      await this.#news();
      const now = Date.now();
      // Time in which this process read nothing is no reason to give up.
      left -= Math.min(now - last, LONGEST_POLL_MS);
      last = now;
    }
  }

  /** Until something was printed or ended, or it is time to look anyway. */
  async #news(): Promise<void> {
    const hasCome = await new Promise<boolean>((resolve) => {
      const wake = () => done(true);
      const timer = setTimeout(() => done(false), POLL_MS);
      const done = (isNews: boolean) => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve(isNews);
      };
      this.#waiting.add(wake);
    });
    if (hasCome) await pause(PIECES_MS);
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  protected end(status: number): void {
    this.exitStatus = status;
    this.#wake();
  }

  /** Waits for words on the screen, from the character `from` on. */
  async see(words: string | RegExp, from = 0): Promise<RegExpExecArray> {
    const pattern = typeof words === 'string' ? new RegExp(literal(words)) : words;
    let found: RegExpExecArray | null = null;
    await this.until(`the screen to show ${pattern}`, () => {
      found = pattern.exec(this.screen.slice(from));
      return found !== null;
    });
    return found as unknown as RegExpExecArray;
  }

  /** Types, then waits for words that are printed from then on. */
  say(keys: string, words: string | RegExp): Promise<RegExpExecArray> {
    const from = this.screen.length;
    this.type(keys);
    return this.see(words, from);
  }

  /** Waits for `count` more heartbeats, each answered to the last byte. */
  async heartbeats(count = 1): Promise<void> {
    const wanted = this.answered + count;
    await this.until(`${count} heartbeats answered`, () => this.answered >= wanted);
  }

  async exited(): Promise<number> {
    await this.until('the end', () => this.exitStatus !== undefined);
    return this.exitStatus!;
  }

  /** What a failure says of this terminal. */
  protected describe(): string {
    return `queries ${this.queries}, answered ${this.answered}, NUL ${this.nuls}, exit ${this.exitStatus}\n--- screen\n${JSON.stringify(this.raw.slice(-5000))}`;
  }

  protected read(bytes: Buffer): void {
    const data = this.#decoder.write(bytes);
    this.raw += data;
    this.nuls += data.split('\0').length - 1;
    const text = this.#tail + data;
    let scanned = 0;
    for (const { 0: query, index } of text.matchAll(this.#asks)) {
      scanned = index + query.length;
      if (query === QUERY) this.queries += 1;
      this.#answerTo(query);
    }
    this.#tail = text.slice(Math.max(scanned, text.length - LONGEST_QUERY));
    this.#wake();
  }

  #answerTo(query: string): void {
    if (this.answers === 'never' && query === QUERY) return;
    // Whole and without delay: now, before anything is typed.
    if (this.answers === 'whole' && this.#delayMs === 0) this.#send(query);
    else this.#answering = this.#answering.then(() => this.#answerLater(query));
  }

  #send(query: string): void {
    this.type(this.#reports[query]!);
    if (query === QUERY) this.answered += 1;
  }

  async #answerLater(query: string): Promise<void> {
    if (this.#delayMs > 0) await pause(this.#delayMs);
    if (this.answers === 'never' && query === QUERY) return;
    if (this.answers !== 'split' || query !== QUERY) return this.#send(query);
    this.#isAnswering = true;
    for (const byte of ANSWER) {
      this.write(Buffer.from(byte));
      await pause(this.gapMs);
    }
    this.#isAnswering = false;
    const typed = this.#typed;
    this.#typed = '';
    if (typed !== '') this.type(typed);
    this.answered += 1;
  }
}

export interface Program {
  readonly file: string;
  readonly args?: readonly string[];
  readonly cwd?: string;
  readonly env: Readonly<Record<string, string>>;
  readonly cols?: number;
  readonly rows?: number;
}

/** A program of this machine on a pty of its own. */
export class LocalPty extends Pty {
  readonly #pty: IPty;

  constructor({ file, args = [], cwd = '/', env, cols = 200, rows = 50 }: Program, options: PtyOptions = {}) {
    super(options);
    this.#pty = spawn(file, [...args], {
      name: env['TERM'] ?? 'xterm-256color',
      cols,
      rows,
      cwd,
      env: { ...env },
      encoding: null,
    });
    this.#pty.onData((data) => this.read(data as unknown as Buffer));
    this.#pty.onExit(({ exitCode, signal }) => {
      this.end(signal ? 128 + signal : exitCode);
    });
  }

  get pid(): number {
    return this.#pty.pid;
  }

  protected write(bytes: Buffer): void {
    // Its socket takes bytes as they are; its types know of strings alone.
    this.#pty.write(bytes as unknown as string);
  }

  resize(cols: number, rows: number): void {
    this.#pty.resize(cols, rows);
  }

  /** The terminal goes away. */
  hangUp(): void {
    (this.#pty as unknown as { destroy(): void }).destroy();
  }

  kill(): void {
    try {
      process.kill(this.pid, 'SIGKILL');
    } catch {
      // Gone already.
    }
  }
}

/** A person at a terminal who runs `ssm-keepalive connect` from a shell and looks at the terminal before and after. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type IPty, spawn } from '@lydell/node-pty';
import { childrenOf } from '../shells/support/processes.ts';
import { CLI } from '../support/cli.ts';

const QUERY = '\x1b[5n';
const PATIENCE_MS = 30_000;
/** The shell that runs it says what the terminal's modes were and are, and how it left. */
const SHELL =
  'trap : INT; printf "before=%s\\n" "$(stty -g)"; "$@"; s=$?; printf "\\nstatus=%s after=%s.\\n" "$s" "$(stty -g)"';

export class Seat {
  readonly pty: IPty;
  raw = '';
  queries = 0;
  private hasLeft = false;

  constructor(
    context: TestContext,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    cols = 80,
  ) {
    this.pty = spawn('/bin/sh', ['-c', SHELL, 'sh', process.execPath, CLI, 'connect', ...args], {
      name: 'xterm-256color',
      cols,
      rows: 24,
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: '/nonexistent',
        AWS_EC2_METADATA_DISABLED: 'true',
        ...env,
      },
    });
    this.pty.onData((data) => {
      this.raw += data;
      for (let found = this.raw.split(QUERY).length - 1; this.queries < found; this.queries += 1)
        this.pty.write('\x1b[0n');
    });
    this.pty.onExit(() => {
      this.hasLeft = true;
    });
    context.after(async () => {
      for (const pid of [...childrenOf(this.pty.pid), this.pty.pid]) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // Gone already.
        }
      }
      await this.until('the end', () => this.hasLeft);
    });
  }

  /** The process of ssm-keepalive. */
  get pid(): number {
    const [pid] = childrenOf(this.pty.pid);
    assert.ok(pid, 'it does not run');
    return pid;
  }

  get sessionId(): string {
    return /session (\S+) on/.exec(this.raw)?.[1] ?? '';
  }

  type(keys: string): void {
    this.pty.write(keys);
  }

  async until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
    const limit = Date.now() + PATIENCE_MS;
    while (!(await isTrue())) {
      if (Date.now() > limit)
        assert.fail(`gave up waiting for ${what}:\n${JSON.stringify(this.raw.slice(-3000))}`);
      await pause(10);
    }
  }

  /** Waits for words that are printed from now on, or from `from`. */
  async see(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    let found: RegExpExecArray | null = null;
    await this.until(String(pattern), () => {
      found = pattern.exec(this.raw.slice(from));
      return found !== null;
    });
    return found as unknown as RegExpExecArray;
  }

  /** Types, then waits for words that are printed from then on. */
  async say(keys: string, pattern: RegExp): Promise<RegExpExecArray> {
    const from = this.raw.length;
    this.type(keys);
    return this.see(pattern, from);
  }

  /** Waits for the remote shell. */
  async ready(): Promise<void> {
    await this.see(/on i-[\s\S]*[$#] $/);
  }

  /** Waits for the own shell: with what status it left, with which last words, and the terminal as it was. */
  async left(): Promise<{ status: number; words: string }> {
    const [, status, after] = await this.see(/\nstatus=(\d+) after=(\S+)\./);
    const [, before] = await this.see(/before=(\S+)/);
    assert.equal(after, before, 'the terminal is as it was');
    return {
      status: Number(status),
      words: /ssm-keepalive: session \S+ ended after [\s\S]*?(?=\r\n\r?\n)/.exec(this.raw)?.[0] ?? '',
    };
  }
}

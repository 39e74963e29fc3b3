/** A person at a terminal who runs `ssm-keepalive connect` from a shell and looks at the terminal before and after. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { CLI } from '../support/cli.ts';
import { childrenOf } from '../support/processes.ts';
import { LocalPty } from '../support/pty.ts';

/** The shell that runs it says what the terminal's modes were and are, and how it left. */
const SHELL =
  'trap : INT; printf "before=%s\\n" "$(stty -g)"; "$@"; s=$?; printf "\\nstatus=%s after=%s.\\n" "$s" "$(stty -g)"';

export class Seat extends LocalPty {
  constructor(
    context: TestContext,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    cols = 80,
  ) {
    super({
      file: '/bin/sh',
      args: ['-c', SHELL, 'sh', process.execPath, CLI, 'connect', ...args],
      cols,
      rows: 24,
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: '/nonexistent',
        AWS_EC2_METADATA_DISABLED: 'true',
        ...env,
      },
    });
    context.after(async () => {
      for (const pid of [...childrenOf(this.pid), this.pid]) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // Gone already.
        }
      }
      await this.exited();
    });
  }

  /** The process of ssm-keepalive. */
  get client(): number {
    const [pid] = childrenOf(this.pid);
    assert.ok(pid, 'it does not run');
    return pid;
  }

  get sessionId(): string {
    return /session (\S+) on/.exec(this.raw)?.[1] ?? '';
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
      // Each sentence in one line, however wide the terminal is. All that was shown, where it ended in another way.
      words: (
        /ssm-keepalive: session \S+ ended after [\s\S]*?(?=\r\n\r?\n)/.exec(this.raw)?.[0] ?? this.raw
      ).replace(/\r\n(?! *next: ) +/g, ' '),
    };
  }
}

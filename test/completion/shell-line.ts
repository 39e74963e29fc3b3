/** A person who types half a command line into a real shell and presses TAB; what the line has become is read back as words. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { spawn } from '@lydell/node-pty';
import { CLI } from '../support/cli.ts';

const PATIENCE_MS = 60_000;

export interface Desk {
  readonly home: string;
  readonly env: Record<string, string>;
}

/** A home of its own, and `ssm-keepalive` on PATH. */
export function makeDesk(context: TestContext, env: Readonly<Record<string, string>>): Desk {
  const home = mkdtempSync(join(tmpdir(), 'ssm-keepalive-test-desk-'));
  context.after(() => rmSync(home, { recursive: true, force: true }));
  const program = join(home, 'ssm-keepalive');
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`);
  chmodSync(program, 0o755);
  return {
    home,
    env: {
      PATH: `${home}:${process.env['PATH']}`,
      HOME: home,
      XDG_CACHE_HOME: join(home, 'cache'),
      LANG: 'C.UTF-8',
      INPUTRC: '/dev/null',
      HISTFILE: '/dev/null',
      AWS_EC2_METADATA_DISABLED: 'true',
      ...env,
    },
  };
}

const START = {
  bash: { args: ['--norc', '--noprofile', '-i'], load: 'source <(ssm-keepalive completion bash)' },
  zsh: { args: ['-f', '-i'], load: 'source <(ssm-keepalive completion zsh); unsetopt zle_bracketed_paste' },
} as const;

/** A shell at its prompt that has loaded the completion. */
export class ShellLine {
  readonly #pty: ReturnType<typeof spawn>;
  #raw = '';
  #count = 0;

  private constructor(context: TestContext, shell: keyof typeof START, desk: Desk) {
    this.#pty = spawn(shell, [...START[shell].args], { cols: 300, rows: 50, cwd: desk.home, env: desk.env });
    this.#pty.onData((data) => {
      this.#raw += data;
    });
    context.after(() => this.#pty.kill('SIGKILL'));
  }

  static async open(context: TestContext, shell: keyof typeof START, desk: Desk): Promise<ShellLine> {
    const line = new ShellLine(context, shell, desk);
    line.#pty.write(`${START[shell].load}; echo load''ed\r`);
    await line.#see(/loaded/);
    return line;
  }

  /** Types `keys` and has the shell print the words of the line, one space after the last of them shown as an empty word. */
  async words(keys: string): Promise<string[]> {
    this.#count += 1;
    const mark = `<${this.#count}:`;
    // A word that shows whether a space went before it, Ctrl-A, and a command that prints words in front of all.
    this.#pty.write(`${keys}@\x01printf '<%s:' ${this.#count} ; printf '%s|' \r`);
    const [, text = ''] = await this.#see(new RegExp(`${mark}([^\\r\\n]*\\|)`));
    return text.split('|').slice(0, -1);
  }

  async #see(pattern: RegExp): Promise<RegExpExecArray> {
    const limit = Date.now() + PATIENCE_MS;
    for (;;) {
      const found = pattern.exec(this.#raw);
      if (found) return found;
      if (Date.now() > limit)
        assert.fail(`gave up waiting for ${pattern}:\n${JSON.stringify(this.#raw.slice(-2000))}`);
      await pause(20);
    }
  }
}

/** A person who types half a command line into a real shell and presses TAB; what the line has become is read back as words. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { CLI } from '../support/cli.ts';
import { LocalPty } from '../support/pty.ts';

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
  readonly #pty: LocalPty;
  #count = 0;

  private constructor(context: TestContext, shell: keyof typeof START, desk: Desk) {
    const { args } = START[shell];
    this.#pty = new LocalPty({ file: shell, args, cols: 300, cwd: desk.home, env: desk.env });
    context.after(() => this.#pty.kill());
  }

  static async open(context: TestContext, shell: keyof typeof START, desk: Desk): Promise<ShellLine> {
    const line = new ShellLine(context, shell, desk);
    await line.#pty.say(`${START[shell].load}; echo load''ed\r`, 'loaded');
    return line;
  }

  /** Types `keys` and has the shell print the words of the line, one space after the last of them shown as an empty word. */
  async words(keys: string): Promise<string[]> {
    this.#count += 1;
    const mark = `<${this.#count}:`;
    // A word that shows whether a space went before it, Ctrl-A, and a command that prints words in front of all.
    const line = `${keys}@\x01printf '<%s:' ${this.#count} ; printf '%s|' \r`;
    const [, text = ''] = await this.#pty.say(line, new RegExp(`${mark}([^\\r\\n]*\\|)`));
    return text.split('|').slice(0, -1);
  }
}

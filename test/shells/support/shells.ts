// The shells the prompt keeper runs in. Tests loop over this list, so a new shell is tested by being added here.
import { accessSync, constants, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isLong, TURN } from '../../support/turns.ts';
import { faults } from './faults.ts';

/** Set in the startup file: some shells take none from the environment. */
export const prompt = '@> ';

export interface Shell {
  readonly name: string;
  readonly command: string;
  readonly template: 'prompt.bash' | 'prompt.zsh' | 'prompt.fish';
  /** What to run so that `startup` is the file this shell reads at an interactive start. */
  start(startup: string, folder: string): { argv: readonly string[]; env: Readonly<Record<string, string>> };
}

export const shells: readonly Shell[] = [
  {
    name: 'bash',
    command: 'bash',
    template: 'prompt.bash',
    start: (startup) => ({ argv: ['bash', '--noprofile', '--rcfile', startup, '-i'], env: {} }),
  },
  {
    // What the agent runs on Amazon Linux and Red Hat: plain `sh`, no argument, ENV from the unit.
    name: 'bash as sh',
    command: 'bash',
    template: 'prompt.bash',
    start: (startup, folder) => {
      mkdirSync(join(folder, 'bin'));
      symlinkSync(findCommand('bash') ?? '/bin/bash', join(folder, 'bin/sh'));
      return { argv: [join(folder, 'bin/sh')], env: { ENV: startup } };
    },
  },
  {
    name: 'zsh',
    command: 'zsh',
    template: 'prompt.zsh',
    start: (startup, folder) => {
      mkdirSync(join(folder, 'zdot'));
      symlinkSync(startup, join(folder, 'zdot/.zshrc'));
      // -d: without the distribution's own startup files.
      return { argv: ['zsh', '-d', '-i'], env: { ZDOTDIR: join(folder, 'zdot') } };
    },
  },
  {
    name: 'fish',
    command: 'fish',
    template: 'prompt.fish',
    start: (startup, folder) => {
      // Without that folder the first start reads every manual page.
      mkdirSync(join(folder, 'config/fish/generated_completions'), { recursive: true });
      symlinkSync(startup, join(folder, 'config/fish/config.fish'));
      return {
        argv: ['fish', '-i'],
        // fish 4 has them in the cache.
        env: {
          XDG_CONFIG_HOME: join(folder, 'config'),
          XDG_DATA_HOME: join(folder, 'config'),
          XDG_CACHE_HOME: join(folder, 'config'),
        },
      };
    },
  },
];

export const isFish = (shell: Shell): boolean => shell.template === 'prompt.fish';
export const isZsh = (shell: Shell): boolean => shell.template === 'prompt.zsh';
export const isBash = (shell: Shell): boolean => shell.template === 'prompt.bash';

/** A command on PATH, or a file at an absolute path that is sourced. */
export function findCommand(command: string): string | undefined {
  if (command.startsWith('/')) return existsSync(command) ? command : undefined;
  return (process.env.PATH ?? '')
    .split(':')
    .map((folder) => join(folder, command))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** A test that needs these commands: absent, it fails where CI is set and is skipped with their names elsewhere. */
export function testWith(commands: readonly string[], name: string, body: () => Promise<void> | void): void {
  const absent = commands.filter((command) => findCommand(command) === undefined);
  if (absent.length > 0 && process.env.CI !== 'true') {
    test(name, { skip: `absent: ${absent.join(', ')}` }, () => {});
    return;
  }
  test(name, { concurrency: true }, async () => {
    if (absent.length > 0) throw new Error(`required and absent: ${absent.join(', ')}`);
    await body();
  });
}

/**
 * `testWith` for the rows of one file that one mechanism answers: the first row by which each planted fault is noticed, and of the
 * others one in `every`, by turns. All of them in the long run.
 */
export function testInTurns(file: string, every: number): typeof testWith {
  let needed = Object.values(faults).filter(({ noticedIn }) => noticedIn === file);
  let row = TURN;
  return (commands, name, body) => {
    const others = needed.filter(({ noticedBy }) => !new RegExp(noticedBy).test(name));
    const isNeeded = others.length < needed.length;
    needed = others;
    if (!isNeeded) row += 1;
    if (isLong || isNeeded || row % every === 0) testWith(commands, name, body);
  };
}

/** The startup file: what a test wants before the keeper, the keeper as the entry sources it, what it wants after. */
export function writeStartup(path: string, folder: string, shell: Shell, before = '', after = ''): void {
  if (isFish(shell)) {
    const prompts = `function fish_prompt; echo -n '${prompt}'; end\nset -g fish_greeting\nset -g fish_autosuggestion_enabled 0\n`;
    const source = `set -g __ssmka_dir '${folder}'\nsource "$__ssmka_dir/${shell.template}"\n`;
    writeFileSync(path, `${prompts}${before}\n${source}${after}\n`, { mode: 0o644 });
    return;
  }
  // As in a script: what tests type has exclamation marks.
  if (isZsh(shell)) before = `setopt no_bang_hist\n${before}`;
  const source = `__ssmka_dir='${folder}'\n. "$__ssmka_dir/${shell.template}"\n`;
  writeFileSync(path, `PS1='${prompt}'\nPS2='+> '\n${before}\n${source}${after}\n`, { mode: 0o644 });
}

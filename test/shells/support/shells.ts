// The shells the prompt keeper runs in. Tests loop over this list, so a new shell is tested by being added here.
import { accessSync, constants, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

/** Set in the startup file: some shells take none from the environment. */
export const prompt = '@> ';

export interface Shell {
  readonly name: string;
  readonly command: string;
  /** `query`: swallows answers, gets heartbeats. `output`: cannot, so it gets the NUL byte only. */
  readonly keeper: 'query' | 'output';
  readonly template: 'prompt.bash' | 'prompt.sh';
  /** What to run so that `startup` is the file this shell reads at an interactive start. */
  start(startup: string, folder: string): { argv: readonly string[]; env: Readonly<Record<string, string>> };
}

const readsEnv = (argv: readonly string[]) => (startup: string) => ({ argv, env: { ENV: startup } });

export const shells: readonly Shell[] = [
  {
    name: 'bash',
    command: 'bash',
    keeper: 'query',
    template: 'prompt.bash',
    start: (startup) => ({ argv: ['bash', '--noprofile', '--rcfile', startup, '-i'], env: {} }),
  },
  {
    // What the agent runs on Amazon Linux and Red Hat: plain `sh`, no argument, ENV from the unit.
    name: 'bash as sh',
    command: 'bash',
    keeper: 'query',
    template: 'prompt.bash',
    start: (startup, folder) => {
      mkdirSync(join(folder, 'bin'));
      symlinkSync(findCommand('bash') ?? '/bin/bash', join(folder, 'bin/sh'));
      return { argv: [join(folder, 'bin/sh')], env: { ENV: startup } };
    },
  },
  { name: 'dash', command: 'dash', keeper: 'output', template: 'prompt.sh', start: readsEnv(['dash']) },
  {
    name: 'busybox ash',
    command: 'busybox',
    keeper: 'output',
    template: 'prompt.sh',
    start: readsEnv(['busybox', 'sh']),
  },
  { name: 'ksh', command: 'ksh', keeper: 'output', template: 'prompt.sh', start: readsEnv(['ksh']) },
  { name: 'mksh', command: 'mksh', keeper: 'output', template: 'prompt.sh', start: readsEnv(['mksh']) },
];

export const swallowingShells = shells.filter((shell) => shell.keeper === 'query');

export function findCommand(command: string): string | undefined {
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

/** The startup file: what a test wants before the keeper, the keeper as the entry sources it, what it wants after. */
export function writeStartup(path: string, folder: string, shell: Shell, before = '', after = ''): void {
  const source = `__ssmka_dir='${folder}'\n. "$__ssmka_dir/${shell.template}"\n`;
  writeFileSync(path, `PS1='${prompt}'\nPS2='+> '\n${before}\n${source}${after}\n`, { mode: 0o644 });
}

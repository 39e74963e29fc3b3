/** What was typed, put into the order and the spelling that yargs takes. */
import { COMMANDS } from '../commands/index.ts';
import { UsageError } from '../errors.ts';
import { FLAGS } from '../settings/flags.ts';

/** `--lab install` as users of the AWS CLI type it: flags may come before the command. */
export function putCommandFirst(typed: readonly string[]): string[] {
  const argv = spellSwitches(typed);
  let isValue = false;
  for (const [index, word] of argv.entries()) {
    const command = COMMANDS.find(({ name }) => name === word);
    if (command && !isValue) {
      const rest = [...argv.slice(0, index), ...argv.slice(index + 1)];
      return [word, ...(command.isAboutCommand ? putCommandFirst(rest) : rest)];
    }
    const flag = FLAGS.find(({ name }) => `--${name}` === word);
    if (word.startsWith('-')) isValue = flag !== undefined && flag.kind !== 'switch';
    // A list takes every word up to the command; a value exactly one.
    else if (!isValue) return [...argv];
    else isValue = false;
    if (flag?.kind !== 'switch' && word.startsWith('--') && word.includes('=')) isValue = false;
  }
  return [...argv];
}

/**
 * `--lab=yes` means what SSM_KEEPALIVE_LAB=yes means. yargs would take any word but `true` for a no, and send what
 * `--dry-run=yes` was to hold back.
 * @throws UsageError
 */
function spellSwitches(argv: readonly string[]): string[] {
  const own = COMMANDS.flatMap((entry) => entry.own ?? []);
  const switches = new Set(
    [...FLAGS, ...own].filter(({ kind }) => kind === 'switch').map(({ name }) => name),
  );
  return argv.map((word) => {
    const [, name = '', value = ''] = /^--([^=]+)=(.*)$/s.exec(word) ?? [];
    return switches.has(name) ? `--${name}=${readSwitch(name, value)}` : word;
  });
}

function readSwitch(name: string, value: string): boolean {
  if (/^(1|true|yes|on)$/i.test(value)) return true;
  if (/^(0|false|no|off)$/i.test(value)) return false;
  throw new UsageError({
    code: 'bad-setting',
    what: `--${name} cannot be ${JSON.stringify(value)}`,
    why: 'expected 1 or 0',
    next: `give --${name} alone, or leave it out`,
  });
}

/** The help of the program and of each command, from the lists of commands and flags; never wider than the terminal. */
import type { CommandEntry } from '../commands/command.ts';
import { COMMANDS } from '../commands/index.ts';
import { listTakenFlags, type TakenFlag } from '../commands/taken-flags.ts';
import { FLAG_GROUPS } from '../settings/flags.ts';
import { wrapRows, wrapText } from '../terminal/wrap.ts';

export interface HelpRequest {
  readonly entry?: CommandEntry | undefined;
  /** The command that `entry` is asked about. */
  readonly about?: CommandEntry | undefined;
  /** Rare flags too. */
  readonly isWhole: boolean;
}

export function renderHelp({ entry, about, isWhole }: HelpRequest, columns: number): string {
  const parts = entry ? describeCommand(entry, about, isWhole, columns) : describeProgram(columns);
  return parts.filter((part) => part !== '').join('\n\n') + '\n';
}

function describeProgram(columns: number): string[] {
  const commands = COMMANDS.map(({ name, words, describe }): [string, string] => [
    [name, words?.usage].filter(Boolean).join(' '),
    describe,
  ]);
  return [
    'ssm-keepalive COMMAND [FLAGS]',
    wrapText('Keeps Session Manager shells alive, from the instance’s side.', columns),
    describePart('Commands', commands, columns),
    describeExamples([['install --lab --tag env=dev', 'try it here, without an account']], columns),
    wrapText('Help on a command:  ssm-keepalive help COMMAND', columns),
  ];
}

function describeCommand(
  entry: CommandEntry,
  about: CommandEntry | undefined,
  isWhole: boolean,
  columns: number,
): string[] {
  const { words } = about ?? entry;
  const line = ['ssm-keepalive', entry.name, about?.name].filter(Boolean).join(' ');
  // Of a command that is asked about, `policy` shows its own flags: the others are in that command's help.
  const flags = listTakenFlags(entry, about);
  const shown = flags.filter(({ isRare }) => isWhole || !isRare);
  const hidden = flags.length - shown.length;
  const own = shown.filter(({ group }) => group === undefined);
  return [
    [line, words?.usage, flags.length > 0 ? '[FLAGS]' : ''].filter(Boolean).join(' '),
    wrapText(entry.describe, columns),
    words ? describePart('', [[words.usage, words.describe]], columns) : '',
    describeFlags('Flags', own, columns),
    ...FLAG_GROUPS.map((group) =>
      describeFlags(
        group,
        shown.filter((flag) => flag.group === group),
        columns,
        (about ?? entry).accounts === undefined,
      ),
    ),
    describeExamples(entry.examples, columns),
    hidden > 0 ? wrapText(`${hidden} more flags:  ${line} --help-all`, columns) : '',
  ];
}

function describeFlags(title: string, flags: readonly TakenFlag[], columns: number, isInOne = false): string {
  const rows = flags.map((flag): [string, string] => {
    const { name, placeholder, fallback } = flag;
    const describe = (isInOne && 'describeOne' in flag && flag.describeOne) || flag.describe;
    const also = (flag.group !== undefined && flag.also) || [];
    const short = also.filter((spelling) => spelling.length === 1).map((letter) => `-${letter}, `);
    return [
      [`${short.join('')}--${name}`, placeholder].filter(Boolean).join(' '),
      fallback === undefined ? describe : `${describe} [${fallback}]`,
    ];
  });
  return describePart(title, rows, columns);
}

function describeExamples(examples: CommandEntry['examples'], columns: number): string {
  const rows = examples.map(([line, what]): [string, string] => [`ssm-keepalive ${line}`, what]);
  return describePart('Examples', rows, columns);
}

function describePart(title: string, rows: readonly (readonly [string, string])[], columns: number): string {
  if (rows.length === 0) return '';
  return (title && title + '\n') + wrapRows(rows, columns);
}

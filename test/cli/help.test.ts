// Help: the flags that mean something to a command, the usual ones first, in lines as wide as the terminal.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderHelp } from '../../src/cli/help.ts';
import { COMMANDS } from '../../src/commands/index.ts';
import { listTakenFlags } from '../../src/commands/taken-flags.ts';
import { runCli } from '../support/cli.ts';

const listShown = (help: string) => [...help.matchAll(/^ {2}(?:-\w, )?--([\w-]+)/gm)].map(([, name]) => name);
const WIDTHS = [60, 80, 120, 200];

test('help: no line is wider than the terminal, and what fits into a line is in one', () => {
  for (const entry of [undefined, ...COMMANDS]) {
    for (const isWhole of [false, true]) {
      const pages = WIDTHS.map((columns) => renderHelp({ entry, isWhole }, columns).split('\n'));
      for (const [at, lines] of pages.entries())
        for (const line of lines) assert.ok(line.length <= (WIDTHS[at] ?? 0), line);
      const counts = pages.map(({ length }) => length);
      assert.deepEqual(
        counts.toSorted((a, b) => b - a),
        counts,
        'a wider terminal needs no more lines',
      );
    }
  }
});

test('help: --help-all has every flag of the command, --help the usual ones, and says how many more there are', async () => {
  for (const entry of COMMANDS) {
    const { stdout: all, status } = await runCli([entry.name, '--help-all']);
    assert.equal(status, 0);
    const flags = listTakenFlags(entry);
    assert.deepEqual(new Set(listShown(all)), new Set(flags.map(({ name }) => name)));
    const { stdout: usual } = await runCli(['help', entry.name]);
    const shown = listShown(usual);
    assert.deepEqual(new Set(shown), new Set(flags.filter(({ isRare }) => !isRare).map(({ name }) => name)));
    const hidden = flags.length - shown.length;
    assert.equal(usual.includes(`${hidden} more flags:  ssm-keepalive ${entry.name} --help-all`), hidden > 0);
    assert.ok(entry.examples.length >= 2, entry.name);
    for (const [line] of entry.examples) assert.ok(usual.includes(`ssm-keepalive ${line}`), line);
    // A flag's words are for people: none is left without, none ends like a sentence.
    for (const { describe } of flags) assert.match(describe, /[^.]$/);
    // A default stands in square brackets, for all flags alike.
    for (const { name, group, describe, fallback } of flags) {
      if (group === undefined) assert.doesNotMatch(describe, /\)$/, `--${name}`);
      if (flags.some((flag) => flag.name === name && flag.group === undefined))
        assert.match(describe, /[^)]$/);
      if (fallback !== undefined)
        assert.ok(all.replaceAll(/\s+/g, ' ').includes(`${describe} [${fallback}]`), `--${name}`);
    }
  }
});

test('help: a first look is short', () => {
  const MOST: Readonly<Record<string, number>> = { install: 20, uninstall: 14, status: 10, connect: 8 };
  for (const entry of COMMANDS) {
    const count = listShown(renderHelp({ entry, isWhole: false }, 80)).length;
    assert.ok(count <= (MOST[entry.name] ?? 12), `${entry.name} shows ${count}`);
  }
});

test('help: only a command that works in several accounts says that commands take several', () => {
  for (const entry of COMMANDS) {
    const page = renderHelp({ entry, isWhole: true }, 200);
    if (entry.accounts === undefined) assert.doesNotMatch(page, /take several/, entry.name);
    else if (listShown(page).includes('region')) assert.match(page, /take several/, entry.name);
  }
});

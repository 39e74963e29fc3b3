// Frameworks that Debian 12 lacks, from other Debian releases and from npm (scripts/frameworks.mjs): for the long run.
import assert from 'node:assert/strict';
import { frameworkPath } from '../../../scripts/frameworks.mjs';
import { chooseFromHistory, type Framework, hook, isAny, type Outcome, showsFolder } from './frameworks.ts';
import { isBash, isFish, isZsh, type Shell } from './shells.ts';
import type { Terminal } from './terminal.ts';

const at = (name: Parameters<typeof frameworkPath>[0]) => `'${frameworkPath(name)}'`;

function loadAtuin(shell: Shell): string {
  if (isFish(shell)) return `set -a PATH (dirname ${at('atuin')}); atuin init fish | source`;
  return `PATH=$PATH:$(dirname ${at('atuin')}); eval "$(atuin init ${hook(shell)})"`;
}

async function worksAtuin(t: Terminal): Promise<Outcome> {
  assert.equal(await t.ask('long-ago'), 'long-ago');
  await t.heartbeats(1);
  // There Enter runs what it chooses.
  return chooseFromHistory(t, /GLOBAL/, 'long-ago', '\t');
}

export const otherFrameworks: readonly Framework[] = [
  {
    name: 'starship',
    needs: [frameworkPath('starship')],
    only: isAny,
    load: (shell) => {
      const theme = `'format = "$directory@> "\n' >~/starship.toml`;
      const init = `${at('starship')} init ${hook(shell)}`;
      return isFish(shell)
        ? `printf ${theme}; set -gx STARSHIP_CONFIG ~/starship.toml; ${init} | source`
        : `printf ${theme}; export STARSHIP_CONFIG=~/starship.toml; eval "$(${init})"`;
    },
    works: showsFolder,
  },
  {
    name: 'pure',
    needs: [frameworkPath('pure')],
    only: isZsh,
    load: () =>
      `PURE_PROMPT_SYMBOL='@>'; fpath+=(${at('pure')}(:h)); autoload -U promptinit; promptinit; prompt pure`,
    works: showsFolder,
  },
  {
    name: 'spaceship',
    needs: [frameworkPath('spaceship')],
    only: isZsh,
    load: () => `SPACESHIP_CHAR_SYMBOL='@> '; . ${at('spaceship')}`,
    works: showsFolder,
  },
  {
    name: 'atuin',
    needs: [frameworkPath('atuin')],
    // In bash it needs another framework beside it, see the last one.
    only: (shell) => isZsh(shell) || isFish(shell),
    load: loadAtuin,
    works: worksAtuin,
  },
  {
    name: 'ble.sh',
    needs: [frameworkPath('ble.sh')],
    only: isBash,
    load: () => `. ${at('ble.sh')}`,
    works: async (t) => {
      await t.heartbeats(1);
      const from = t.raw.length;
      t.type('ech');
      await t.heartbeats(1);
      t.type('o coloured');
      await t.until('colours', () => /\x1b\[[0-9;]*m/.test(t.raw.slice(from)));
      t.type('\x15');
      return 'shown';
    },
  },
  {
    name: 'atuin beside ble.sh',
    needs: [frameworkPath('ble.sh'), frameworkPath('atuin')],
    only: isBash,
    load: (shell) => `. ${at('ble.sh')}; ${loadAtuin(shell)}`,
    works: worksAtuin,
  },
];

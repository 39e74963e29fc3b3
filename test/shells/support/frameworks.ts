// What people load into their shells, as Debian 12 has it. Others: other-frameworks.ts; what cannot be had: stand-ins.ts.
import assert from 'node:assert/strict';
import { isBash, isFish, isZsh, type Shell } from './shells.ts';
import { show, type Terminal } from './terminal.ts';

/** `crossed`: a query met the start of a program, which is the named limit; played again. */
export type Outcome = 'shown' | 'crossed';

export interface Framework {
  readonly name: string;
  /** Commands and files without which it is not here; of a stand-in none. */
  readonly needs: readonly string[];
  readonly only: (shell: Shell) => boolean;
  readonly load: (shell: Shell) => string;
  /** It binds its keys at the first prompt, after ours have been renewed: no heartbeat may come before the second. */
  readonly isLate?: boolean;
  /** Sees what the framework is for still work. */
  readonly works: (t: Terminal) => Promise<Outcome>;
}

export const isAny = (shell: Shell) => isBash(shell) || isZsh(shell) || isFish(shell);
const isBashOrZsh = (shell: Shell) => isBash(shell) || isZsh(shell);
/** What a framework's own command calls the shell it is to print its hooks for. */
export const hook = (shell: Shell) => (isFish(shell) ? 'fish' : isZsh(shell) ? 'zsh' : 'bash');

/** What a prompt theme is for: the new folder is in the next prompt. */
export async function showsFolder(t: Terminal): Promise<Outcome> {
  await t.heartbeats(1);
  const from = t.screen.length;
  t.type('mkdir -p some/where && cd some/where\r');
  await t.see(/where[^@]*@> /, from);
  return 'shown';
}

/** Ctrl-R opens the framework's own chooser: a program below the line editor, during which nothing may be sent. */
export async function chooseFromHistory(
  t: Terminal,
  open: RegExp,
  words: string,
  take = '\r',
): Promise<Outcome> {
  const from = t.screen.length;
  const before = t.queries;
  t.type('\x12');
  await t.see(open, from);
  if (t.queries !== before) return 'crossed';
  await t.ticks(3);
  assert.equal(t.queries, before, 'silent while the chooser is open');
  t.type(`${words}${take}`);
  await t.heartbeats(1);
  const chosen = t.screen.length;
  t.type('\r');
  assert.equal(await t.answerTo(chosen), words);
  return 'shown';
}

const fzf = '/usr/share/doc/fzf/examples/key-bindings';

export const debianFrameworks: readonly Framework[] = [
  {
    name: 'zsh-autosuggestions',
    needs: ['/usr/share/zsh-autosuggestions/zsh-autosuggestions.zsh'],
    only: isZsh,
    load: () => '. /usr/share/zsh-autosuggestions/zsh-autosuggestions.zsh',
    works: async (t) => {
      assert.equal(await t.ask('suggested-words'), 'suggested-words');
      const from = t.screen.length;
      t.type(show('suggested-w'));
      await t.see('suggested-words', from);
      await t.heartbeats(2);
      // The arrow takes the suggestion, if it is still there.
      t.type('\x1b[C\r');
      assert.equal(await t.answerTo(from), 'suggested-words');
      return 'shown';
    },
  },
  {
    name: 'zsh-syntax-highlighting',
    needs: ['/usr/share/zsh-syntax-highlighting/zsh-syntax-highlighting.zsh'],
    only: isZsh,
    load: () => '. /usr/share/zsh-syntax-highlighting/zsh-syntax-highlighting.zsh',
    works: async (t) => {
      await t.heartbeats(1);
      const from = t.raw.length;
      t.type('ech');
      await t.until('an unknown command is red', () => t.raw.slice(from).includes('\x1b[31m'));
      await t.heartbeats(1);
      t.type('o');
      await t.until('a known one is green', () => t.raw.slice(from).includes('\x1b[32m'));
      t.type('\x15');
      return 'shown';
    },
  },
  {
    name: 'powerlevel9k',
    needs: ['/usr/share/powerlevel9k/powerlevel9k.zsh-theme'],
    only: isZsh,
    load: () => `POWERLEVEL9K_PROMPT_ON_NEWLINE=true POWERLEVEL9K_MULTILINE_LAST_PROMPT_PREFIX='@> '
POWERLEVEL9K_LEFT_PROMPT_ELEMENTS=(dir) POWERLEVEL9K_RIGHT_PROMPT_ELEMENTS=(vi_mode status)
. /usr/share/powerlevel9k/powerlevel9k.zsh-theme`,
    works: showsFolder,
  },
  {
    name: 'liquidprompt',
    needs: ['/usr/share/liquidprompt/liquidprompt'],
    only: isBashOrZsh,
    load: () => "LP_PS1_POSTFIX='@> '\n. /usr/share/liquidprompt/liquidprompt",
    works: showsFolder,
  },
  {
    name: 'fzf',
    needs: ['fzf', `${fzf}.bash`],
    only: isAny,
    load: (shell) =>
      isFish(shell) ? `source ${fzf}.fish; fzf_key_bindings` : `. ${fzf}.${isZsh(shell) ? 'zsh' : 'bash'}`,
    works: async (t) => {
      assert.equal(await t.ask('long-ago'), 'long-ago');
      await t.heartbeats(1);
      return chooseFromHistory(t, /\d+\/\d+/, 'long-ago');
    },
  },
  {
    name: 'direnv',
    needs: ['direnv'],
    only: isAny,
    load: (shell) => (isFish(shell) ? 'direnv hook fish | source' : `eval "$(direnv hook ${hook(shell)})"`),
    works: async (t) => {
      await t.heartbeats(1);
      const from = t.screen.length;
      t.type('mkdir with; echo export OF_DIRENV=yes >with/.envrc; direnv allow with; cd with\r');
      await t.see(/export \+OF_DIRENV/, from);
      assert.equal(await t.ask('"$OF_DIRENV"'), 'yes');
      return 'shown';
    },
  },
  {
    name: 'zoxide',
    needs: ['zoxide'],
    only: isAny,
    load: (shell) => (isFish(shell) ? 'zoxide init fish | source' : `eval "$(zoxide init ${hook(shell)})"`),
    works: async (t) => {
      await t.heartbeats(1);
      const from = t.screen.length;
      t.type('mkdir -p deep/whereabouts; cd deep/whereabouts\r');
      await t.see('@> ', from);
      await t.heartbeats(1);
      t.type('cd /; cd\r');
      await t.heartbeats(1);
      t.type('z whereabouts\r');
      const shown = await t.ask('"$PWD"');
      assert.match(shown, /deep\/whereabouts$/);
      return 'shown';
    },
  },
];

// Stand-ins for what people load into their shells: each binds and hooks in the way of the framework it is named after.
import assert from 'node:assert/strict';
import { suite } from 'node:test';
import { isFish, isZsh, type Shell, shells, swallowingShells, testWith } from './support/shells.ts';
import { inTerminal, show } from './support/terminal.ts';

interface Framework {
  readonly name: string;
  readonly only: (shell: Shell) => boolean;
  readonly after: string;
  /** What of the framework must still work. */
  readonly shows?: string;
}

const isBash = (shell: Shell) => shell.template === 'prompt.bash';

const frameworks: readonly Framework[] = [
  {
    name: 'a preexec library on DEBUG and PROMPT_COMMAND, as bash-preexec',
    only: isBash,
    after: `preexecs=0 ready=
run_preexec() { [[ -n $ready ]] || return 0; ready=; preexecs=$((preexecs + 1)); }
run_precmd() { local status=$?; ready=1; return $status; }
trap 'run_preexec "$_"' DEBUG
PROMPT_COMMAND=$'run_precmd\\n'"\${PROMPT_COMMAND-}"`,
    shows: '"$preexecs"',
  },
  {
    name: 'a prompt that a program prints anew each time, as starship',
    only: (shell) => isBash(shell) || isZsh(shell),
    after: `draw() { PS1="$(printf '%s' '@> ')"; prompts=$((prompts + 1)); }
if [ -n "\${ZSH_VERSION-}" ]; then precmd_functions+=(draw); else PROMPT_COMMAND=draw; fi`,
    shows: '"$prompts"',
  },
  {
    name: 'one that rebinds all keys on the first prompt and sets its own zle-line-init, as zsh-vi-mode',
    only: isZsh,
    after: `zvm_init() { bindkey -d; bindkey -v; zle -N zle-line-init zvm_line; zle -N zle-keymap-select zvm_line
  precmd_functions=(\${precmd_functions:#zvm_init}); inits=1; }
zvm_line() { lines=$((lines + 1)); }
precmd_functions=(zvm_init $precmd_functions)`,
    shows: '"$inits"',
  },
  {
    name: 'one that rebinds in line-init with application mode and a keymap of its own, as oh-my-zsh and its plugins',
    only: isZsh,
    after: `zle-line-init() { echoti smkx 2>/dev/null; inits=1; }; zle-line-finish() { echoti rmkx 2>/dev/null; }
zle -N zle-line-init; zle -N zle-line-finish
bindkey -N own emacs; bindkey -A own main; bindkey '^[[A' up-line-or-search; bindkey -s '^[l' 'ls\\n'`,
    shows: '"$inits"',
  },
  {
    name: 'widgets wrapped as autosuggestions and highlighting do',
    only: isZsh,
    after: `wrap_all() { local w; for w in \${(k)widgets:#(.*|_*|zle-*|orig-*|wrapped)}; do
  case \${widgets[$w]} in (builtin) eval "wrapped_$w() { zle .$w -- \\"\\$@\\"; wrapped=1 }"; zle -N $w wrapped_$w;; esac; done }
precmd_functions+=(wrap_all)`,
    shows: '"$wrapped"',
  },
  {
    name: 'one that rebinds everything at the first prompt, with a prompt and keys of its own, as tide and fzf.fish',
    only: isFish,
    after: `function setup --on-event fish_prompt
  functions -e setup
  bind --erase --all
  fish_vi_key_bindings
  bind -M insert \\cg 'set -g pressed yes'
  set -g inits 1
end`,
    shows: '"$inits"',
  },
];

suite('prompt keeper: frameworks', { concurrency: 16 }, () => {
  for (const shell of shells) {
    for (const { name, only, after, shows } of frameworks) {
      if (!only(shell)) continue;
      testWith([shell.command], `${shell.name}: survives ${name}`, () =>
        inTerminal({ shell, after }, async (t) => {
          // After the first command at the latest the keys are ours again.
          assert.equal(await t.ask('one'), 'one');
          await t.heartbeats(2);
          const from = t.screen.length;
          t.type(show('half'));
          await t.heartbeats(2);
          t.type('-typed\r');
          assert.equal(await t.answerTo(from), 'half-typed');
          if (shows) assert.match(await t.ask(shows), /^[1-9]/);
        }),
      );
    }
  }

  for (const shell of swallowingShells) {
    if (isBash(shell)) continue;
    testWith(
      [shell.command],
      `${shell.name}: a user who rebinds or erases our key has it back at the next prompt`,
      () =>
        inTerminal({ shell }, async (t) => {
          await t.heartbeats(1);
          const erase = isFish(shell) ? 'bind --erase --all' : "bindkey -r '\\e[0n'; zle -D __ssmka_swallow";
          assert.equal(await t.ask(`gone; ${erase}`), 'gone');
          await t.heartbeats(1);
          const from = t.screen.length;
          t.type(show('half'));
          await t.heartbeats(2);
          t.type('-typed\r');
          assert.equal(await t.answerTo(from), 'half-typed');
        }),
    );
  }
});

// Frameworks that neither Debian nor npm has: stand-ins, each binding and hooking in the way of the one it is named after.
import assert from 'node:assert/strict';
import type { Framework, Outcome } from './frameworks.ts';
import { isBash, isFish, isZsh } from './shells.ts';
import type { Terminal } from './terminal.ts';

/** What it did is not nothing. */
const counts =
  (words: string) =>
  async (t: Terminal): Promise<Outcome> => {
    assert.match(await t.ask(words), /^[1-9]/);
    return 'shown';
  };

export const standIns: readonly Framework[] = [
  {
    name: 'a preexec library on DEBUG and PROMPT_COMMAND, as bash-preexec',
    only: isBash,
    needs: [],
    load: () => `preexecs=0 ready=
run_preexec() { [[ -n $ready ]] || return 0; ready=; preexecs=$((preexecs + 1)); }
run_precmd() { local status=$?; ready=1; return $status; }
trap 'run_preexec "$_"' DEBUG
PROMPT_COMMAND=$'run_precmd\\n'"\${PROMPT_COMMAND-}"`,
    works: counts('"$preexecs"'),
  },
  {
    name: 'one that rebinds all keys on the first prompt and sets its own zle-line-init, as zsh-vi-mode',
    only: isZsh,
    needs: [],
    load: () => `zvm_init() { bindkey -d; bindkey -v; zle -N zle-line-init zvm_line; zle -N zle-keymap-select zvm_line
  precmd_functions=(\${precmd_functions:#zvm_init}); inits=1; }
zvm_line() { lines=$((lines + 1)); }
precmd_functions=(zvm_init $precmd_functions)`,
    works: counts('"$inits"'),
  },
  {
    name: 'one that rebinds in line-init with application mode and a keymap of its own, as oh-my-zsh and its plugins',
    only: isZsh,
    needs: [],
    load: () => `zle-line-init() { echoti smkx 2>/dev/null; inits=1; }; zle-line-finish() { echoti rmkx 2>/dev/null; }
zle -N zle-line-init; zle -N zle-line-finish
bindkey -N own emacs; bindkey -A own main; bindkey '^[[A' up-line-or-search; bindkey -s '^[l' 'ls\\n'`,
    works: counts('"$inits"'),
  },
  {
    name: 'one that rebinds everything at the first prompt, with a prompt and keys of its own, as tide and fzf.fish',
    only: isFish,
    isLate: true,
    needs: [],
    load: () => `function setup --on-event fish_prompt
  functions -e setup
  bind --erase --all
  fish_vi_key_bindings
  bind -M insert \\cg 'set -g pressed yes'
  set -g inits 1
end`,
    works: counts('"$inits"'),
  },
];

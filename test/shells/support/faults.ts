// Faults put into the prompt keeper on purpose, and the tests that must notice. faults.long.test.ts runs them all.

export const FILES = ['prompt.bash', 'prompt.zsh', 'prompt.fish', 'prompt-helper.sh'] as const;

export interface Fault {
  /** A template of the prompt keeper. */
  readonly file: (typeof FILES)[number];
  readonly from: string;
  readonly to: string;
  /** Which test file notices, and what its tests are called. */
  readonly noticedIn: string;
  readonly noticedBy: string;
}

const bash = 'prompt.bash';
const zsh = 'prompt.zsh';
const fish = 'prompt.fish';
const helper = 'prompt-helper.sh';

export const faults: Readonly<Record<string, Fault>> = {
  'no binding in emacs': fault(
    bash,
    'in emacs-standard ',
    'in ',
    'line-editor',
    'bash, emacs, whole.*half-typed',
  ),
  'no binding in vi-insert': fault(bash, ' vi-insert ', ' ', 'line-editor', 'bash, vi, whole.*half-typed'),
  'no binding in vi-command': fault(
    bash,
    ' vi-command;',
    ';',
    'line-editor',
    'bash, vi, whole.*command mode',
  ),
  'no look at -icrnl': fault(bash, '-icrnl ', '', 'foreground', 'bash: .*single key'),
  'a second source starts again': fault(
    bash,
    '${__ssmka_kept-} != "$$"',
    '1',
    'manners',
    'bash: a second source',
  ),
  'no look at stdin': fault(bash, '-t 0 && ', '', 'manners', 'bash: sourced without'),
  'no look at stdout': fault(bash, ' && -t 1', '', 'manners', 'bash: sourced without'),
  'the name is exported': fault(bash, '\\builtin export -n __ssmka_kept', ':', 'startup', 'bash: .*set -a'),
  'aliases are followed': fault(bash, '\\builtin bind', 'bind', 'startup', 'bash: .*aliases'),
  'no look at the line editor': fault(
    bash,
    '[[ -o emacs || -o vi ]]',
    '[[ 1 ]]',
    'startup',
    'bash: without a line',
  ),
  'a failing helper ends a strict shell': fault(
    bash,
    '9>&- || :',
    '9>&-',
    'startup',
    'bash: .*helper that fails',
  ),
  'the environment is passed on': fault(bash, 'env -i ', 'env ', 'manners', 'bash: the helper can be'),
  'a descriptor is passed on': fault(bash, ' 9>&-', '', 'manners', 'bash: the helper can be'),
  'private names are left': fault(bash, '\\builtin unset -v', ':', 'manners', 'bash: prints nothing'),
  'zsh: the answer is an empty text, as with bindkey -s': fault(
    zsh,
    '\\builtin zle argument-base -N 10 || :',
    '\\builtin :',
    'line-editor',
    'zsh, emacs, whole.*numeric',
  ),
  'zsh: no binding in vi': fault(
    zsh,
    'viins vicmd; do',
    '; do',
    'line-editor',
    'zsh, vi, whole.*command mode',
  ),
  'zsh: no binding in a search': fault(zsh, 'in isearch ', 'in ', 'line-editor', 'zsh, emacs, whole.*search'),
  'zsh: what the last widget was is forgotten': fault(
    zsh,
    '\\builtin zle -f kill',
    ':',
    'line-editor',
    'zsh, emacs, whole.*words killed',
  ),
  'zsh: keys are bound once': fault(
    zsh,
    '__ssmka_renew "$_"; }',
    '[[ -n ${once-} ]] || __ssmka_renew "$_"; once=1; }',
    'frameworks',
    'zsh: .*rebinds',
  ),
  'zsh: TMOUT is not looked at': fault(zsh, '*) \\builtin sysopen', '*) : ', 'idle', 'zsh: TMOUT set'),
  'zsh: the sign of TMOUT is inherited': fault(zsh, '-o cloexec ', '', 'idle', 'zsh: silent while'),
  'zsh: hooks set anew are not noticed': fault(
    zsh,
    ' || precmd_functions+=(__ssmka_precmd)',
    ' || :',
    'idle',
    'zsh: silent while',
  ),
  'zsh: a trap sees a failure of ours': fault(zsh, 'redisplay || :', 'redisplay', 'startup', 'zsh: .*ZERR'),
  'zsh: a name is exported': fault(zsh, '\\builtin typeset -g +x', ':', 'startup', 'zsh: .*set -a'),
  'fish: no binding in insert mode': fault(
    fish,
    'default insert',
    'default',
    'line-editor',
    'fish, vi, whole.*half-typed',
  ),
  'fish: no binding in paste mode': fault(
    fish,
    ' paste ',
    ' ',
    'line-editor',
    'fish, emacs, whole.*half way',
  ),
  'fish: an empty binding': fault(fish, "'builtin true'", "''", 'line-editor', 'fish, emacs, whole.*walk'),
  'fish: functions are followed': fault(fish, "'builtin true'", 'true', 'startup', 'fish: .*functions'),
  'fish: keys are bound once': fault(fish, 'or __ssmka_bind', 'or true', 'frameworks', 'fish: .*rebinds'),
  'fish: a second source starts again': fault(
    fish,
    '"$__ssmka_kept" != $fish_pid -a ',
    '',
    'manners',
    'fish: a second source',
  ),
  'no look at the sign of TMOUT': fault(
    helper,
    'is_asked_for_silence && return 1',
    ':',
    'idle',
    'zsh: TMOUT set',
  ),
  'no name of a keeper': fault(
    helper,
    'printf ssm-keepalive',
    ':',
    'manners',
    'bash: the helper has the name',
  ),
  'a record in two writes': fault(
    helper,
    "printf '%-383s\\n'",
    "printf '%s\\n'",
    'manners',
    'bash: the helper has the name',
  ),
  'TTOU stops it': fault(helper, ' TTOU', '', 'manners', 'bash: works under stty tostop'),
  'it holds a folder': fault(helper, 'cd /', ':', 'manners', 'bash: the helper can be'),
  'an exec is not noticed': fault(
    helper,
    '[ "$identity" = "$self" ]',
    'true',
    'manners',
    'bash: .*becomes another',
  ),
  'a zombie is a shell': fault(
    helper,
    '[ "$identity" = "$self" ]',
    'true',
    'manners',
    'bash: a killed shell',
  ),
  'a closed terminal is not noticed': fault(
    helper,
    ' && [ -t 1 ]',
    '',
    'manners',
    'bash: goes when the terminal',
  ),
  'the sleep holds the terminal': fault(
    helper,
    'sleep "$pace" </dev/null >/dev/null',
    'sleep "$pace"',
    'manners',
    'bash: the helper can be',
  ),
  'stdin is lost': fault(helper, 'keep <&1 &', 'keep &', 'manners', 'bash: gets queries'),
  'no look at the group': fault(
    helper,
    ' && [ "$group" = "$foreground" ]',
    '',
    'foreground',
    'bash: .*where wchan',
  ),
  'no look at wchan': fault(
    helper,
    '*pipe* | do_wait* |',
    'none |',
    'foreground',
    'bash: .*(key binding|job control)',
  ),
  'no look at the modes': fault(
    helper,
    'for mode in $modes; do',
    'for mode in; do',
    'foreground',
    'bash: .*read builtin',
  ),
  'an answer counts as a key': fault(
    helper,
    'last_answer=$now ',
    'last_answer=$now last_key=$now ',
    'idle',
    ': stops after max-idle',
  ),
  'max-idle is not looked at': fault(
    helper,
    '-lt "$limit" ] ||',
    '-lt "$limit" ] || :  ||',
    'idle',
    ': stops after',
  ),
  'typing is not looked at': fault(helper, '-gt "$interval" ]', '-gt 0 ]', 'idle', ': writes nothing'),
  'no end to unanswered queries': fault(
    helper,
    '[ "$owed" -lt 16 ] && [ $((silent',
    '[ $((silent',
    'idle',
    ': four queries',
  ),
  'a client that never answers is asked again': fault(
    helper,
    '[ "$owed" -eq 0 ] && ',
    '',
    'idle',
    ': a terminal that never answers',
  ),
  'nobody is asked': fault(helper, '[ "$sent" -lt 5 ]', 'false', 'idle', ': is kept from the first answer'),
  'anybody may write the cap': fault(helper, '-????-??-*:0 | :)', '*)', 'idle', 'a cap that'),
  'a cap raises max-idle': fault(helper, '[ "$cap" -ge "$limit" ] || ', '', 'idle', 'a cap above'),
  'a cap that is no number': fault(
    helper,
    "'' | *[!0-9]*) cap=0 ;;",
    "'') cap=0 ;; *[!0-9]*) return 0 ;;",
    'idle',
    'a cap that is no',
  ),
};

function fault(file: Fault['file'], from: string, to: string, noticedIn: string, noticedBy: string): Fault {
  return { file, from, to, noticedIn: `${noticedIn}.test.ts`, noticedBy };
}

/** The text with the fault that the environment names, if any. A fault that no longer fits is an error, so the list cannot rot. */
export function applyFault(file: string, text: string): string {
  const name = process.env.SSM_KEEPALIVE_TEST_FAULT;
  if (name === undefined) return text;
  const chosen = faults[name];
  if (!chosen) throw new Error(`no such fault: ${name}`);
  if (chosen.file !== file) return text;
  if (!text.includes(chosen.from)) throw new Error(`fault "${name}" no longer fits ${file}`);
  return text.replace(chosen.from, () => chosen.to);
}

/** The completion script of each shell. It contains no list, so it also fits a newer version of the program. */

/** macOS has bash 3.2, which has no compopt. */
const BASH = `# ssm-keepalive: completion for bash 3.2 and newer. In ~/.bashrc:  source <(ssm-keepalive completion bash)
_ssm_keepalive() {
  local current="\${COMP_WORDS[COMP_CWORD]}" kind='' word
  COMPREPLY=()
  while IFS= read -r word; do
    if [ -z "$kind" ]; then kind=$word; else COMPREPLY+=("$word"); fi
  done < <(command ssm-keepalive __complete bash "\${COMP_LINE:0:COMP_POINT}" "$current" 2>/dev/null </dev/null)
  case $kind in
    open) type compopt >/dev/null 2>&1 && compopt -o nospace ;;
    files)
      while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$current")
      type compopt >/dev/null 2>&1 && compopt -o filenames
      ;;
  esac
  return 0
}
complete -F _ssm_keepalive ssm-keepalive
`;

const ZSH = `#compdef ssm-keepalive
# ssm-keepalive: completion for zsh. In ~/.zshrc:  source <(ssm-keepalive completion zsh)  or as _ssm-keepalive in a folder of fpath
_ssm-keepalive() {
  local -a lines rows more
  local kind line text
  lines=("\${(@f)$(command ssm-keepalive __complete zsh "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null </dev/null)}")
  kind=$lines[1]
  if [[ $kind == files ]]; then
    _files
    return
  fi
  [[ $kind == open ]] && more=(-S '')
  for line in "\${(@)lines[2,-1]}"; do
    text="\${\${line%%$'\\t'*}//:/\\\\:}"
    [[ $line == *$'\\t'* ]] && text+=":\${line#*$'\\t'}"
    rows+=("$text")
  done
  (( $#rows )) && _describe ssm-keepalive rows "\${(@)more}"
}
if [[ $funcstack[1] == _ssm-keepalive ]]; then
  _ssm-keepalive "$@"
else
  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit -i; }
  compdef _ssm-keepalive ssm-keepalive
fi
`;

const FISH = `# ssm-keepalive: completion for fish. ssm-keepalive completion fish > ~/.config/fish/completions/ssm-keepalive.fish
function __ssm_keepalive_complete
    set -l before (commandline -opc)
    set -l token (commandline -ct)
    set -l lines (command ssm-keepalive __complete fish $before[2..-1] "$token" 2>/dev/null </dev/null)
    if test "$lines[1]" = files
        __fish_complete_path "$token"
    else if set -q lines[2]
        printf '%s\\n' $lines[2..-1]
    end
end
complete -c ssm-keepalive -f -k -a '(__ssm_keepalive_complete)'
`;

export const SCRIPTS = { bash: BASH, zsh: ZSH, fish: FISH };

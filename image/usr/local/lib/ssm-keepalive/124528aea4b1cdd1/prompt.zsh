if [[ -n ${ZSH_VERSION-} && -o interactive && ${__ssmka_kept-} != $$ && -t 0 && -t 1 ]]; then
  \builtin typeset -g __ssmka_kept=$$ __ssmka_flag='' __ssmka_last='' __ssmka_modes='inlcr -icanon -echo'
  \builtin typeset -g +x __ssmka_kept __ssmka_flag __ssmka_last __ssmka_modes

  __ssmka_swallow() {
    {
      \builtin emulate -L zsh
      [[ $LASTWIDGET == __ssmka_swallow ]] || __ssmka_last=$LASTWIDGET
      case $__ssmka_last in
        (*kill*|*delete*) \builtin zle -f kill ;;
        (*yank*|*put*) \builtin zle -f yank ;;
      esac
      \builtin zle argument-base -N 10 || :
      (( ${precmd_functions[(I)__ssmka_precmd]} )) || precmd_functions+=(__ssmka_precmd)
    } 2>/dev/null
  }

  __ssmka_precmd() { __ssmka_renew "$_"; }
  __ssmka_renew() {
    {
      \builtin emulate -L zsh
      \builtin local map
      \builtin zle -N __ssmka_swallow
      for map in main emacs viins vicmd; do \builtin bindkey -M $map '\e[0n' __ssmka_swallow; done
      for map in isearch menuselect; do \builtin bindkey -M $map '\e[0n' redisplay || :; done
      case ${TMOUT-}:$__ssmka_flag in
        (:[0-9]*|0:[0-9]*) \builtin exec {__ssmka_flag}<&-; __ssmka_flag= ;;
        (:|0:|*:[0-9]*) ;;
        (*) \builtin sysopen -r -o cloexec -u __ssmka_flag /dev/full ;;
      esac
      \builtin : "$1"
    } 2>/dev/null
  }

  if [[ -o zle ]] && \builtin zmodload -F zsh/system b:sysopen 2>/dev/null; then
    \builtin typeset -ga precmd_functions
    precmd_functions+=(__ssmka_precmd)
    __ssmka_precmd
  else
    __ssmka_modes=
  fi

  /usr/bin/env -i /bin/sh "$__ssmka_dir/prompt-helper.sh" "$$" 45 28800 \
    /etc/ssm-keepalive/max-idle "$__ssmka_modes" <&1 2>/dev/null 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- || :
  \builtin unset __ssmka_modes
fi

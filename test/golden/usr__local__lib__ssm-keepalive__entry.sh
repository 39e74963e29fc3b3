# ssm-keepalive: read by interactive sh of Session Manager sessions, through ENV in the agent's environment.
# Constant text: the version in use is named by the file `current` beside it. Off: touch /etc/ssm-keepalive/off
if [ "${ENV-}" = /usr/local/lib/ssm-keepalive/entry.sh ]; then
 unset ENV
 if [ -O /usr/bin ] && [ "$(/usr/bin/find -L / /usr /usr/local /usr/local/lib /usr/local/lib/ssm-keepalive /usr/local/lib/ssm-keepalive/.. /usr/local/lib/ssm-keepalive/../.. /usr/local/lib/ssm-keepalive/../../.. -maxdepth 0 \( ! -user 0 -o -perm /22 \) 2>&1 && echo .)" != . ]; then
  __ssmka_dir=none
 elif [ -r /usr/local/lib/ssm-keepalive/env-before ]; then
  read -r ENV </usr/local/lib/ssm-keepalive/env-before && export ENV || unset ENV
 fi
 if [ -n "${KSH_VERSION-}${ZSH_VERSION-}${__ssmka_dir-}" ]; then
  unset __ssmka_dir
 elif [ -r /usr/local/lib/ssm-keepalive/current ]; then
  trap '' INT
  __ssmka_dir=
  read -r __ssmka_dir </usr/local/lib/ssm-keepalive/current || __ssmka_dir=
  __ssmka_dir=/usr/local/lib/ssm-keepalive/${__ssmka_dir:-none}
  __ssmka_entry='env'
  __ssmka_interval=
  if [ ! -r "$__ssmka_dir/entry.sh" ]; then
   :
  elif [ -O /usr/bin ] && [ "$(/usr/bin/find -L "$__ssmka_dir" \( ! -user 0 -o -perm /22 \) 2>&1 && echo .)" != . ]; then
   :
  else
   . "$__ssmka_dir/entry.sh"
  fi
  unset __ssmka_dir __ssmka_entry __ssmka_interval
  trap - INT
 fi
 if [ -n "${ENV-}" ]; then
  eval "__ssmka_env=\"$ENV\"" && [ -r "$__ssmka_env" ] && . "$__ssmka_env"
  unset __ssmka_env
 else
  case ${KSH_VERSION-} in
   '') ;;
   *MIRBSD* | *LEGACY*) [ ! -r "${HOME-}/.mkshrc" ] || . "$HOME/.mkshrc" ;;
   *)
    ENV=${HOME-}/.kshrc
    [ ! -r "$ENV" ] || . "$ENV"
    ;;
  esac
 fi
fi

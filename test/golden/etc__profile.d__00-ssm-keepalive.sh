# shellcheck shell=sh
# ssm-keepalive: keeps Session Manager login shells alive. Constant text; the version in use is named by
# /usr/local/lib/ssm-keepalive/current. First of the profile scripts, so that the rest is read once, by the inner shell.
# Off: touch /etc/ssm-keepalive/off
if [ -z "${KSH_VERSION-}${ZSH_VERSION-}" ] && [ -r /usr/local/lib/ssm-keepalive/current ]; then
  case $- in
    *i*)
      __ssmka_dir=
      read -r __ssmka_dir </usr/local/lib/ssm-keepalive/current || __ssmka_dir=
      __ssmka_dir=/usr/local/lib/ssm-keepalive/${__ssmka_dir:-none}
      __ssmka_entry=profile
      __ssmka_interval=
      if [ -r "$__ssmka_dir/entry.sh" ]; then
        # shellcheck source=/dev/null
        . "$__ssmka_dir/entry.sh"
      fi
      unset __ssmka_dir __ssmka_entry __ssmka_interval
      ;;
  esac
fi

# ssm-keepalive: keeps the terminals of interactive bash and zsh alive. Constant text; the version in use is named by
# /usr/local/lib/ssm-keepalive/current. Off: touch /etc/ssm-keepalive/off
# AWS-StartInteractiveCommand and Run Command hand on our ENV: not below a shell that reads this.
if [ "${ENV-}" = /usr/local/lib/ssm-keepalive/entry.sh ]; then
 unset ENV
 [ ! -r /usr/local/lib/ssm-keepalive/env-before ] || { read -r ENV </usr/local/lib/ssm-keepalive/env-before && export ENV; } || unset ENV
fi
case $- in
 *i*)
  if [ -z "${KSH_VERSION-}" ] && [ -r /usr/local/lib/ssm-keepalive/current ]; then
   __ssmka_dir=
   read -r __ssmka_dir </usr/local/lib/ssm-keepalive/current || __ssmka_dir=
   __ssmka_dir=/usr/local/lib/ssm-keepalive/${__ssmka_dir:-none}
   __ssmka_entry=rc
   __ssmka_interval=
   if [ ! -r "$__ssmka_dir/entry.sh" ]; then
    :
   elif [ -O /usr/bin ] && [ "$(/usr/bin/find -L "$__ssmka_dir" \( ! -user 0 -o -perm /22 \) 2>&1 && echo .)" != . ]; then
    :
   elif [ -n "${ZSH_VERSION-}" ]; then
    emulate sh -c '. "$__ssmka_dir/entry.sh"'
   else
    . "$__ssmka_dir/entry.sh"
   fi
   unset __ssmka_dir __ssmka_entry __ssmka_interval
  fi
  ;;
esac

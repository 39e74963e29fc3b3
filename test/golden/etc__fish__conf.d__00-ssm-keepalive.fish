# ssm-keepalive: keeps login shells alive. Constant text; the version in use is named by
# /usr/local/lib/ssm-keepalive/current. Off: touch /etc/ssm-keepalive/off
if test "$ENV" = /usr/local/lib/ssm-keepalive/entry.sh
 set -e ENV
 test -r /usr/local/lib/ssm-keepalive/env-before; and read -gx ENV </usr/local/lib/ssm-keepalive/env-before
end
if status is-login; and status is-interactive; and test -r /usr/local/lib/ssm-keepalive/current
 set -l __ssmka_others
 test -O /usr/bin; and set __ssmka_others (/usr/bin/find -L / /usr /usr/local /usr/local/lib /usr/local/lib/ssm-keepalive /usr/local/lib/ssm-keepalive/.. /usr/local/lib/ssm-keepalive/../.. /usr/local/lib/ssm-keepalive/../../.. -maxdepth 0 \( ! -user 0 -o -perm /22 \) 2>&1; /usr/bin/find -L /usr/local/lib/ssm-keepalive \( ! -user 0 -o -perm /22 \) 2>&1)
 if test -z "$__ssmka_others"
  read -l __ssmka_dir </usr/local/lib/ssm-keepalive/current
  set __ssmka_dir /usr/local/lib/ssm-keepalive/$__ssmka_dir
  if test -r $__ssmka_dir/entry.fish
   source $__ssmka_dir/entry.fish
  end
 end
end

# ssm-keepalive: keeps login shells alive. Constant text; the version in use is named by
# /usr/local/lib/ssm-keepalive/current. Off: touch /etc/ssm-keepalive/off
if status is-login; and status is-interactive; and test -r /usr/local/lib/ssm-keepalive/current
    read -l __ssmka_dir </usr/local/lib/ssm-keepalive/current
    set __ssmka_dir /usr/local/lib/ssm-keepalive/$__ssmka_dir
    if test -r $__ssmka_dir/entry.fish
        source $__ssmka_dir/entry.fish
    end
end

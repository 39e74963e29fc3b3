# shellcheck shell=sh
# ssm-keepalive: keeps Session Manager login shells alive. First of the profile scripts, so that the rest is read once, by
# the inner shell. Off: touch /etc/ssm-keepalive/off
# shellcheck source=/dev/null
[ ! -r /usr/local/lib/ssm-keepalive/rc.sh ] || { [ -O /usr/bin ] && [ "$(/usr/bin/find -L / /usr /usr/local /usr/local/lib /usr/local/lib/ssm-keepalive /usr/local/lib/ssm-keepalive/.. /usr/local/lib/ssm-keepalive/../.. /usr/local/lib/ssm-keepalive/../../.. /usr/local/lib/ssm-keepalive/rc.sh /usr/local/lib/ssm-keepalive/current -maxdepth 0 \( ! -user 0 -o -perm /22 \) 2>&1 && echo .)" != . ]; } || . /usr/local/lib/ssm-keepalive/rc.sh

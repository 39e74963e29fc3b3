# shellcheck shell=sh
# ssm-keepalive: keeps Session Manager login shells alive. First of the profile scripts, so that the rest is read once, by
# the inner shell. Off: touch /etc/ssm-keepalive/off
# shellcheck source=/dev/null
[ ! -r /usr/local/lib/ssm-keepalive/rc.sh ] || . /usr/local/lib/ssm-keepalive/rc.sh

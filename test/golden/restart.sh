#!/bin/sh
# ssm-keepalive: a host whose agent does not come back is a host that nobody can reach.
unit=$1 library=$2 installer=$3 reporter=$4 seconds=$5
drop_in=/etc/systemd/system/$unit.d/zz-ssm-keepalive.conf
log=/var/log/amazon/ssm/amazon-ssm-agent.log
LC_ALL=C
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
umask 022

note() {
  printf '%s\n' "$1" >"$library/restart.new" && mv -f "$library/restart.new" "$library/restart"
}

property() {
  value=$(systemctl show -p "$1" "$unit" 2>/dev/null) || return 1
  value=${value#"$1"=}
}

wait_for() {
  waited=0
  while [ "$1" -gt 0 ] && [ -e "/proc/$1" ] && [ "$waited" -lt "$2" ]; do
    sleep 1
    waited=$((waited + 1))
  done
}

log_size() {
  size=0
  [ ! -r "$log" ] || size=$(wc -c <"$log")
  size=$((size + 0))
}

has_connected() {
  [ -r "$log" ] || return 1
  log_size
  [ "$size" -ge "$size_before" ] || size_before=0
  tail -c "+$((size_before + 1))" "$log" 2>/dev/null | while read -r line; do
    case $line in
      *'Set up control channel successfully'* | *'Successfully opened websocket connection to: '*)
        echo yes
        break
        ;;
    esac
  done
}

has_env() {
  environment=$(tr '\0' '\n' <"/proc/$1/environ" 2>/dev/null)
  case "
$environment
" in *"
ENV=$library/entry.sh
"*) return 0 ;; esac
  return 1
}

is_back() {
  missing='it is not active'
  [ "$(systemctl is-active "$unit" 2>/dev/null)" = active ] || return 1
  missing='it has no new main process'
  property MainPID || return 1
  case $value in '' | 0 | "$pid_before" | *[!0-9]*) return 1 ;; esac
  missing='its environment lacks our ENV'
  has_env "$value" || return 1
  missing='its log does not say that it connected'
  [ "$(has_connected)" = yes ]
}

wait_for "$installer" 30
wait_for "$reporter" 15
if ! property KillMode || [ "$value" != process ]; then
  note "failed KillMode of $unit is not process, so it was not restarted"
  exit 0
fi
property MainPID && pid_before=$value
log_size
size_before=$size
systemctl daemon-reload
systemctl restart "$unit"
waited=0
until is_back; do
  if [ "$waited" -ge "$seconds" ]; then
    rm -f "$drop_in"
    systemctl daemon-reload
    systemctl restart "$unit"
    note "failed $seconds s after its restart $unit was not back: $missing; the drop-in was taken out again"
    exit 1
  fi
  sleep 1
  waited=$((waited + 1))
done
note "confirmed $unit"

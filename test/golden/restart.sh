#!/bin/sh
# ssm-keepalive: a host whose agent does not come back is a host that nobody can reach.
library=$1 installer=$2 reporter=$3 seconds=$4 patience=$5
shift 5
log=/var/log/amazon/ssm/amazon-ssm-agent.log
LC_ALL=C
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
umask 022
[ -n "$library" ] || trap 'rm -f "$0"' EXIT

note() {
 [ -z "$library" ] || { printf '%s\n' "$1" >"$library/restart.new" && mv -f "$library/restart.new" "$library/restart"; }
}

leave() {
 note "$1"
 exit 0
}

call_limited() {
 limit=$1
 shift
 if command -v timeout >/dev/null 2>&1; then timeout -k 5 "$limit" "$@"; else "$@"; fi </dev/null 2>/dev/null
}

call_systemctl() {
 call_limited 90 systemctl "$@"
}

property() {
 value=$(call_systemctl show -p "$2" "$1") || return 1
 case $value in "$2"=*) value=${value#"$2"=} ;; *) return 1 ;; esac
}

wait_for() {
 waited=0
 while [ "$1" -gt 0 ] && [ -e "/proc/$1" ] && [ "$waited" -lt "$2" ]; do
  sleep 1
  waited=$((waited + 1))
 done
}

is_document_running() {
 for process in /proc/[0-9]*; do
  name=
  { read -r name <"$process/comm"; } 2>/dev/null
  [ "$name" != ssm-document-wo ] || [ ! -O "$process" ] || [ ! -e "$process/exe" ] || [ -u "$process/exe" ] || return 0
 done
 return 1
}

log_size() {
 size=0
 [ ! -f "$log" ] || size=$(stat -L -c %s "$log" 2>/dev/null || echo 0)
}

has_connected() {
 [ -f "$log" ] && [ -O "$log" ] || return 1
 log_size
 [ "$size" -ge "$size_before" ] || size_before=0
 call_limited 5 tail -c "+$((size_before + 1))" "$log" | while read -r line; do
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
 [ "$(call_systemctl is-active "$1")" = active ] || return 1
 missing='it has no new main process'
 property "$1" MainPID || return 1
 case $value in '' | 0 | "$pid_before" | *[!0-9]*) return 1 ;; esac
 missing='its environment lacks our ENV'
 has_env "$value" || return 1
 missing='its log does not say that it connected'
 [ "$(has_connected)" = yes ]
}

restart_unit() {
 property "$1" MainPID || leave "unknown systemctl does not answer, so $1 was not restarted"
 case $value in '' | 0) return 0 ;; esac
 pid_before=$value restarted="$restarted $1"
 log_size
 size_before=$size
 call_systemctl restart "$1"
 [ -n "$library" ] || return 0
 ends=$(($(date +%s) + seconds))
 until is_back "$1"; do
  [ "$(date +%s)" -ge "$ends" ] || {
   sleep 1
   continue
  }
  failure="failed $seconds s after its restart $1 was not back: $missing; the drop-in was taken out again"
  rm -f "/etc/systemd/system/$1.d/zz-ssm-keepalive.conf"
  rmdir "/etc/systemd/system/$1.d" 2>/dev/null
  call_systemctl daemon-reload
  call_systemctl restart "$1"
  break
 done
}

wait_for "$installer" 30
wait_for "$reporter" 15
for unit; do
 property "$unit" KillMode || leave "unknown systemctl does not answer, so $unit was not restarted"
 [ "$value" = process ] || leave "failed KillMode of $unit is not process, so it was not restarted"
done
ends=$(($(date +%s) + patience))
while is_document_running; do
 [ "$(date +%s)" -lt "$ends" ] || leave "pending another document still ran after $patience s, so the agent was not restarted"
 sleep 1
done
call_systemctl daemon-reload || leave 'unknown systemctl daemon-reload failed or did not end, so the agent was not restarted'
restarted='' failure=''
for unit; do restart_unit "$unit"; done
[ -n "$restarted" ] || leave 'pending no agent runs here; its next start reads the entry'
note "${failure:-confirmed$restarted}"
[ -z "$failure" ]

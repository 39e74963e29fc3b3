#!/bin/sh
# prompt-helper.sh PID INTERVAL MAX-IDLE CAP-FILE MODES
#   PID       the shell to keep; its terminal is this process's stdout
#   INTERVAL  seconds the client may be silent; MAX-IDLE: seconds without a key after which heartbeats stop
#   MODES     what stty shows while that shell's line editor reads, e.g. "-icrnl -icanon -echo";
#             empty for a shell that cannot swallow the answer: it gets the NUL byte, which terminals ignore
set -fu

trap '' INT QUIT TSTP TTIN TTOU
PATH=/usr/bin:/bin:/usr/sbin:/sbin
cd /

pid=$1 interval=$2 max_idle=$3 cap_file=$4 modes=$5

tick=$((interval / 3))
[ "$tick" -ge 1 ] || tick=1
[ "$tick" -le 60 ] || tick=60

look_at_shell() {
  read -r line <"/proc/$pid/stat" || return 1
  name=${line%\)*}
  # shellcheck disable=SC2086 # fields are meant to split
  set -- ${line##*\) }
  life=$1 group=$3 tty=$5 foreground=$6 identity="$name ${20} ${24} ${25} ${26}"
}

has_shell() {
  look_at_shell && [ "$identity" = "$self" ] && [ -t 1 ]
}

count_bytes() {
  bytes=
  read -r key bytes <"/proc/$pid/io" || return 1
  [ "$key" = rchar: ]
}

listen() {
  before=$bytes
  count_bytes || {
    bytes=
    return 0
  }
  [ -n "$before" ] || return 0
  came=$((bytes - before))
  [ "$came" -gt 0 ] || return 0
  if [ "$came" -le "$owed" ]; then
    owed=$((owed - came)) last_answer=$now answered=$((answered + (came + 3) / 4))
  else
    owed=0 silent=0 last_key=$now
  fi
}

read_cap() {
  cap=none
  # shellcheck disable=SC2034 # the rest of the line is a comment
  [ ! -f "$cap_file" ] || { cap='' && read -r cap rest <"$cap_file"; } || :
  [ "$cap" != "$seen_cap" ] || return 0
  seen_cap=$cap limit=$max_idle
  [ "$cap" != none ] || return 0
  cap=${cap%"$return"}
  case $cap in '' | *[!0-9]*) cap=0 ;; esac
  # shellcheck disable=SC2046 # fields are meant to split
  set -- $(exec ls -lnd "$cap_file" 7>&-)
  case ${1-}:${3-} in
    -????-??-*:0) [ "$cap" -ge "$limit" ] || limit=$cap ;;
  esac
}

is_asked_for_silence() {
  set +f
  for opened in "/proc/$pid/fd"/*; do
    # shellcheck disable=SC3013 # -ef is not POSIX, and every sh of Linux has it
    [ "$opened" -ef /dev/full ] && break
    opened=
  done
  set -f
  [ -n "$opened" ]
}

is_at_prompt() {
  [ "$life" = S ] && [ "$group" = "$foreground" ] || return 1
  place=
  read -r place <"/proc/$pid/wchan" || :
  case $place in *pipe* | do_wait* | *wait4* | *futex* | sigsuspend* | *nanosleep*) return 1 ;; esac
  [ -n "$modes" ] || return 0
  is_asked_for_silence && return 1
  # shellcheck disable=SC2046 # words are meant to split
  set -- $(exec stty -a 7>&-)
  for mode in $modes; do
    case " $* " in *" $mode "*) ;; *) return 1 ;; esac
  done
}

beat() {
  if [ -n "$modes" ] && [ "$owed" -lt 16 ]; then
    printf '\033[5n' || exit 0
    [ -z "$bytes" ] || owed=$((owed + 4))
    state=answering
    [ "$answered" -gt 0 ] || state=new
  else
    printf '\000' || exit 0
    state=not-answering
    [ -n "$modes" ] || state=output
  fi
  silent=0 sent=$((sent + 1))
}

open_record() {
  record=
  for record in /dev/shm /tmp; do
    record=$(exec mktemp "$record/ssm-keepalive-XXXXXX") && break
    record=
  done
  [ -n "$record" ] && exec 7<>"$record" || return 0
  rm -f "$record" 7>&-
  started=$(exec date +%s)
  pts=none
  [ $((tty >> 8 & 4095)) -ne 136 ] || pts=/dev/pts/$((tty & 255 | tty >> 12 & 1048320))
  offset=$((started - now))
}

write_record() {
  [ -n "$record" ] || return 0
  line="v=1 keeper=prompt state=$state interval=$interval maxidle=$max_idle started=$started lastkey=$((last_key + offset))"
  line="$line lastanswer=$((last_answer ? last_answer + offset : 0)) sent=$sent answered=$answered pts=$pts inner=$pid"
  [ "$line" = "$recorded" ] || printf '%-255s\n' "$line" 1<>/proc/self/fd/7
  recorded=$line
}

look_at_uptime() {
  # shellcheck disable=SC2034 # the second number is idle time of the machine
  read -r now rest </proc/uptime || exit 0
  now=${now%.*}
}

keep() {
  return=$(printf '\r')
  owed=0 silent=0 bytes='' seen_cap=none limit=$max_idle state=new sent=0 answered=0 last_answer=0 recorded=
  look_at_uptime
  last_key=$now
  count_bytes || bytes=
  open_record
  while :; do
    write_record
    # shellcheck disable=SC2217 # not to be read from: to be let go of
    sleep "$tick" </dev/null >/dev/null 7>&- || [ $? -gt 128 ] || exit 0
    has_shell || exit 0
    look_at_uptime
    listen
    silent=$((silent + tick))
    [ $((silent + tick)) -gt "$interval" ] || continue
    read_cap
    [ $((now - last_key)) -lt "$limit" ] || {
      state=capped
      continue
    }
    is_at_prompt || continue
    beat
  done
}

printf ssm-keepalive 2>/dev/null 1>/proc/self/comm || :
look_at_shell || exit 0
self=$identity
keep <&1 &

#!/bin/sh
# ssm-keepalive 0.1.0: status. Reads only.
# shellcheck shell=sh
case $0 in */*) here=${0%/*} ;; *) here=. ;; esac
# shellcheck source=/dev/null
. "$here/host.sh"

# One relay, from the record that it keeps open: an unlinked file, read through its descriptor.
add_session() {
  session_pid=$1
  for descriptor in "/proc/$session_pid/fd"/*; do
    case $(readlink "$descriptor" 2>/dev/null) in
      /dev/shm/ssm-keepalive-* | /tmp/ssm-keepalive-*) ;;
      *) continue ;;
    esac
    # Any user can name a process so and open a pipe, or a file without end: neither may hold up root.
    [ -f "$descriptor" ] || continue
    read_record=$( (head -c 512 <"$descriptor" | tr -cd ' -~') 2>/dev/null)
    terminal='' session_state=new started=0 last_key=0 last_answer=0 sent=0 answered=0 leaked=0
    set -f
    for pair in $read_record; do
      case $pair in
        pts=*) terminal=${pair#pts=} ;;
        state=*) session_state=${pair#state=} ;;
        started=*) number "${pair#started=}" && started=$number ;;
        lastkey=*) number "${pair#lastkey=}" && last_key=$number ;;
        sent=*) number "${pair#sent=}" && sent=$number ;;
        answered=*) number "${pair#answered=}" && answered=$number ;;
        leaked=*) number "${pair#leaked=}" && leaked=$number ;;
        lastanswer=*) number "${pair#lastanswer=}" && last_answer=$number ;;
      esac
    done
    set +f
    number "$(stat -c %u "/proc/$session_pid" 2>/dev/null)"
    json_string "$terminal"
    session="{\"pid\":$session_pid,\"uid\":$number,\"terminal\":$json"
    json_string "$session_state"
    session="$session,\"keeper\":\"relay\",\"state\":$json,\"age\":$((now - started)),\"lastKey\":$((now - last_key)),\"lastAnswer\":$((now - last_answer))"
    session="$session,\"sent\":$sent,\"answered\":$answered,\"leaked\":$leaked}"
    # A hundred sessions and their line still fit the service's output; the rest are counted in the text.
    session_count=$((session_count + 1))
    [ "$session_count" -gt 8 ] || sessions="$sessions${sessions:+,}$session"
    return
  done
}

require_host
verdict=status state=absent session_count=0
find_library
read_current
if [ -n "$library" ]; then
  digest=$current
  read_line previous "$root$library/previous"
  if [ -n "$current" ]; then
    state=installed
    read_line interpreter "$root$library/$current/interpreter"
    [ ! -f "$root$library/$current/manifest" ] || read_settings "$root$library/$current/manifest"
    find_drift "$current"
    [ -z "$drifted" ] || state=drifted
  fi
  look_at_entries
  name_keeper
  if [ -e "$root$library/journal" ]; then
    state=partial partial=true
  fi
fi
if [ -z "$root" ]; then
  now=$(date +%s)
  for process in /proc/[0-9]*; do
    read_line name "$process/comm" 2>/dev/null
    [ "$name" != ssm-keepalive ] || add_session "${process#/proc/}"
  done
fi

say "state: $state"
[ -z "$digest" ] || say "bundle: $digest, keeper: $keeper, heartbeat after ${interval} s without input, for at most ${unattended} s without a key"
for file in $drifted; do say "changed since it was installed: $file"; done
[ -z "$why" ] || say "the agent was not restarted: $why"
say "sessions with a keeper: $session_count"
case $keeper in
  output) say 'no Python here: plain sh sends output only, which keeps a session alive only where the timer counts output' ;;
esac
case $state in
  partial) next='run install or uninstall again: it completes what was interrupted' ;;
  drifted) next='run install again: it puts the files back' ;;
esac
print_verdict
exit 0

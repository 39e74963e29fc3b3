#!/bin/sh
# ssm-keepalive 0.1.0: status. Reads only.
# shellcheck shell=sh
case $0 in */*) here=${0%/*} ;; *) here=. ;; esac
# shellcheck source=/dev/null
. "$here/host.sh"

MOST_SESSIONS=100

read_session() {
  for descriptor in "/proc/$1/fd"/*; do
    case $(readlink "$descriptor" 2>/dev/null) in
      /dev/shm/ssm-keepalive-* | /tmp/ssm-keepalive-*) ;;
      *) continue ;;
    esac
    [ -f "$descriptor" ] || continue
    read_record=$( (head -c 512 <"$descriptor" | tr -cd ' -~') 2>/dev/null)
    session_keeper=relay session_wrap=none terminal='' session_id='' session_state=new
    started=0 last_key=0 last_answer=0 sent=0 answered=0 leaked=0
    set -f
    for pair in $read_record; do
      word=${pair#*=}
      case $pair in
        keeper=prompt) session_keeper=prompt ;;
        wrap=tmux | wrap=missing | wrap=failed | wrap=nobody) session_wrap=$word ;;
        pts=*) terminal=$word ;;
        sid=-) ;;
        sid=*) session_id=$word ;;
        state=*) session_state=$word ;;
        started=*) number "$word" && started=$number ;;
        lastkey=*) number "$word" && last_key=$number ;;
        sent=*) number "$word" && sent=$number ;;
        answered=*) number "$word" && answered=$number ;;
        leaked=*) number "$word" && leaked=$number ;;
        lastanswer=*) number "$word" && last_answer=$number ;;
      esac
    done
    set +f
    return 0
  done
  return 1
}

add_helper() {
  where=$(stat -Lc %d:%i "/proc/$1/fd/1" 2>/dev/null)
  where=${where:-$1}
  held=${helpers#*"$newline$where "}
  if [ "$held" != "$helpers" ]; then
    held=${held%%"$newline"*}
    [ "$last_key" -ge "${held% *}" ] || return 0
    helpers=${helpers%%"$newline$where $held$newline"*}$newline${helpers#*"$newline$where $held$newline"}
  fi
  helpers=$helpers"$where $last_key $1"$newline
}

add_session() {
  session_count=$((session_count + 1)) leaked_count=$((leaked_count + leaked))
  [ "$session_state" != not-answering ] || silent_count=$((silent_count + 1))
  [ "$session_count" -le "$MOST_SESSIONS" ] || return 0
  number "$(stat -c %u "/proc/$1" 2>/dev/null)"
  json_cut "$(stat -c %U "/proc/$1" 2>/dev/null)" 34
  session="{\"pid\":$1,\"uid\":$number,\"user\":$json"
  json_cut "$terminal" 24
  session="$session,\"terminal\":$json,\"keeper\":\"$session_keeper\",\"wrap\":\"$session_wrap\""
  json_cut "$session_id" 96
  session="$session,\"sessionId\":$json"
  json_cut "$session_state" 24
  session="$session,\"state\":$json"
  for moment in "age $started" "lastKey $last_key" "lastAnswer $last_answer"; do
    seconds=$((now - ${moment#* }))
    [ "${moment#* }" != 0 ] || seconds=null
    session="$session,\"${moment% *}\":$seconds"
  done
  [ "$session_keeper" = relay ] || leaked=null
  all_sessions="$all_sessions$session,\"sent\":$sent,\"answered\":$answered,\"leaked\":$leaked}$newline"
}

look_at() {
  read_session "$1" || return 0
  if [ "$session_keeper" = prompt ]; then add_helper "$1"; else add_session "$1"; fi
}

fit_sessions() {
  sessions='' shown=0
  while [ -n "$all_sessions" ]; do
    session=${all_sessions%%"$newline"*}
    [ $((${#sessions} + ${#session})) -lt "$1" ] || break
    sessions="$sessions${sessions:+,}$session" shown=$((shown + 1))
    all_sessions=${all_sessions#*"$newline"}
  done
  more_sessions=$((session_count - shown))
}

print_rest() {
  case $more in *:[1-9]*) ;; *) [ "$more_sessions" -gt 0 ] || return 0 ;; esac
  json_words "$drifted" 4000
  rest="{\"ssm-keepalive-rest\":1,\"drifted\":$json"
  json_words "$left" 2000
  rest="$rest,\"left\":$json" was_shown=$shown
  fit_sessions $((23000 - ${#line} - ${#notes} - ${#rest}))
  printf '%s\n' "$rest,\"sessions\":[$sessions],\"more\":$((more_sessions - was_shown))}"
}

add_tmout() {
  tmout_value=null tmout_readonly=false tmout_here=''
  while read -r text; do
    before=${text%%TMOUT*} after=${text#*TMOUT}
    case $before in *[A-Za-z0-9_]) continue ;; esac
    case $after in
      '='* | ':='* | ':-'* | *'{TMOUT:'[=-]*)
        tmout_here=yes tmout_value=null
        case $after in
          *'$(('*) ;;
          *)
            after=${after#"${after%%[0-9]*}"}
            after=${after%%[!0-9]*}
            [ -z "$after" ] || { number "$after" && tmout_value=$number; }
            ;;
        esac
        ;;
    esac
    case $text in *readonly*TMOUT* | *declare\ *-*r*\ TMOUT* | *typeset\ *-*r*\ TMOUT*) tmout_here=yes tmout_readonly=true ;; esac
  done <<__SSMKA_LINES
$2
__SSMKA_LINES
  [ -n "$tmout_here" ] || return 0
  json_cut "$1" 80
  one="{\"file\":$json,\"value\":$tmout_value,\"readonly\":$tmout_readonly}"
  [ $((${#tmouts} + ${#one})) -gt 300 ] || tmouts="$tmouts${tmouts:+,}$one"
  [ "$tmout_value" != 0 ] || return 0
  words=$tmout_value
  [ "$words" != null ] || words='set to something computed'
  [ "$tmout_readonly" = false ] || words="$words, readonly"
  say "TMOUT $words, by $1: a shell that reads it still logs out at its prompt"
}

look_for_tmout() {
  for file in /etc/environment /etc/profile /etc/profile.d/*.sh /etc/bash.bashrc /etc/bashrc /etc/zsh/* /etc/zshenv /etc/zprofile /etc/zshrc \
    /etc/ksh.kshrc /etc/mkshrc; do
    [ -f "$root$file" ] || continue
    lines=$(grep '^[^#]*TMOUT' "$root$file" 2>/dev/null) || continue
    add_tmout "$file" "$lines"
  done
  for unit in amazon-ssm-agent.service snap.amazon-ssm-agent.amazon-ssm-agent.service; do
    has_unit "$unit" && read_agent "$unit" || continue
    case $live in
      *"${newline}TMOUT="*)
        value=${live#*"${newline}TMOUT="}
        add_tmout "the environment of $unit" "TMOUT=${value%%"$newline"*}"
        ;;
    esac
  done
}

is_busy() {
  find_lock
  [ ! -h "$lock_path" ] || return 1
  read_line holder "$lock_path"
  is_holder_alive "$holder"
}

judge_current() {
  file=$root$library/current
  if [ -h "$file" ] || { [ -e "$file" ] && [ ! -f "$file" ]; }; then
    why="$library/current is no plain file but: $(stat -c %F "$file" 2>/dev/null)"
    next='move it away, then run install again'
  elif [ -f "$file" ] && [ -z "$current" ]; then
    why="$library/current does not name a version"
    next='run install again: it writes it anew'
  else
    return 0
  fi
  state=drifted drifted=$library/current
}

name_left() {
  if [ -e "$root$1" ] || [ -h "$root$1" ]; then left="$left $1"; fi
}

require_host
verdict=status state=absent session_count=0 silent_count=0 leaked_count=0 all_sessions='' tmouts='' shown=0 busy=false
find_library
look_at_installed
if [ "$env_entry" = pending ] && [ -n "$unanswered" ]; then
  env_entry=unknown
  say 'env: unknown, because systemctl does not answer'
fi
if [ -n "$library" ]; then
  read_line previous "$root$library/previous"
  judge_current
  if [ -n "$current" ]; then
    state=installed
    find_drift "$current"
    [ -z "$drifted" ] || state=drifted
  fi
  if [ -e "$root$library/journal" ]; then
    state=partial partial=true
  fi
fi
if [ "$state" = absent ]; then
  name_left /usr/local/lib/ssm-keepalive
  name_left /opt/ssm-keepalive
  name_left /etc/profile.d/00-ssm-keepalive.sh
  name_left /etc/systemd/system/amazon-ssm-agent.service.d/zz-ssm-keepalive.conf
  name_left /etc/systemd/system/snap.amazon-ssm-agent.amazon-ssm-agent.service.d/zz-ssm-keepalive.conf
fi
if is_busy; then
  busy=true
  [ "$state" != partial ] || why='another run is at work here now' next='look again in a minute'
fi
read_cap
say "state: $state"
[ -z "$current" ] || say "bundle: $digest, heartbeat after ${interval} s without input, for at most ${unattended} s without a key"
say "keeper: $keeper ($keeper_why)"
look_for_tmout
if [ "$ssh" = live ] && [ -z "$root" ]; then
  value=$(sshd -T 2>/dev/null | grep '^clientaliveinterval ')
  case $value in '' | "clientaliveinterval $interval") ;; *) ssh=overridden ssh_why="sshd -T says $value" ;; esac
fi
[ "$ssh" = off ] || say "ssh: $ssh${ssh_why:+ ($ssh_why)}"
for tmux in /usr/bin/tmux /usr/local/bin/tmux /bin/tmux ''; do
  [ ! -x "$root$tmux" ] || break
done
[ "$wrap" != tmux ] || [ -n "$tmux" ] || say 'wrapper: tmux is not here, so sessions get the plain shell, kept'
if [ -z "$root" ]; then
  now=$(date +%s) helpers=$newline
  for process in /proc/[0-9]*; do
    read_line name "$process/comm" 2>/dev/null
    case $name in
      ssm-keepalive) look_at "${process#/proc/}" ;;
      sh | bash | dash | busybox)
        read_line name "$process/cmdline" 2>/dev/null
        case $name in *ssm-keepalive/*/prompt-helper.sh*) look_at "${process#/proc/}" ;; esac
        ;;
    esac
  done
  helpers=${helpers#"$newline"}
  while [ -n "$helpers" ]; do
    held=${helpers%%"$newline"*} helpers=${helpers#*"$newline"}
    if read_session "${held##* }"; then add_session "${held##* }"; fi
  done
fi
for file in $drifted; do say "changed since it was installed: $file"; done
for file in $left; do say "not installed, yet there: $file"; done
[ "$env_entry" != stale ] || say 'the agent still carries our ENV, which names a file that is gone (harmless); gone with its next restart'
[ -z "$why" ] || say "why: $why"
say "sessions with a keeper: $session_count"
case $keeper in
  output) say 'without a relay plain sh sends output only, which keeps a session alive only where the timer counts output' ;;
esac
case $state in
  partial) next=${next:-'run install or uninstall again: it completes what was interrupted'} ;;
  drifted) next=${next:-'run install again: it puts the files back'} ;;
esac
json_cut "$keeper_why" 90
details=",\"keeperWhy\":$json,\"wrap\":\"$wrap\",\"tmux\":"
json_cut "$tmux" 40
details="$details$json,\"tmout\":[$tmouts],\"capSeconds\":${cap:-null},\"busy\":$busy"
details="$details,\"kept\":{\"count\":$session_count,\"notAnswering\":$silent_count,\"leaked\":$leaked_count}"
print_verdict
print_rest
exit 0

#!/bin/sh
# ssm-keepalive 0.2.0: status. Reads only.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
case $0 in */*) here=${0%/*} ;; *) here=. ;; esac
here=$(CDPATH='' cd -P -- "$here" && pwd)
above=$here
set -- / "$here" "$here"/*.sh
while above=${above%/*} && [ -n "$above" ]; do set -- "$@" "$above"; done
[ "$(ls -ldn "$@" | grep -Ec '^([-d].{4}[^w]..[^w]|d.{8}[tT])[^ ]* +[0-9]+ +0 ')" = $# ] || {
 echo "ssm-keepalive: not run: others than root may change $here" >&2
 exit 1
}
. "$here/host.sh"

print_sessions_program() {
 cat <<'__SSMKA_PYTHON'
import sys; sys.path[:] = [p for p in sys.path if p[:1] == "/"] + sys.argv[1:2]; del sys.argv[1:2]
import json
import os
import signal
import stat
import time

signal.signal(signal.SIGALRM, signal.SIG_DFL)
signal.alarm(int(sys.argv[1]))
ROOTS = (0, int(sys.argv[2]))
MOST_PROCESSES = 1000
MOST_LISTED = 100
DESCRIPTORS = range(3, 64)
O_PATH = 0o10000000
RECORDS = ("/dev/shm/ssm-keepalive-", "/tmp/ssm-keepalive-", "/memfd:ssm-keepalive-")
INTERPRETERS = ("python", "platform-python", "sh", "dash", "bash", "busybox", "ksh", "mksh")
unseen = {}
users = {}
helpers = {}
told = []


def pass_over(why):
  unseen[why] = unseen.get(why, 0) + 1


def read_text(path):
  with open(path, "rb") as file:
    return file.read(65536).decode("ascii", "replace")


def say(text):
  print(text)
  sys.stdout.flush()


def is_interpreter(process):
  found = os.stat(process + "/exe")
  name = os.readlink(process + "/exe").split(" (deleted)")[0].split("/")[-1]
  return found.st_uid in ROOTS and not found.st_mode & 0o022 and name.rstrip("0123456789.") in INTERPRETERS


def read_record(process, uid):
  free = 0
  for number in DESCRIPTORS:
    name = "%s/fd/%d" % (process, number)
    try:
      if not os.readlink(name).startswith(RECORDS):
        continue
    except OSError:
      free += 1
      continue
    held = os.open(name, O_PATH)
    try:
      found = os.fstat(held)
      if stat.S_ISREG(found.st_mode) and found.st_uid == uid:
        record = os.open("/proc/self/fd/%d" % held, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
        try:
          return os.read(record, 512).decode("ascii", "replace")
        finally:
          os.close(record)
    finally:
      os.close(held)
    pass_over("no record of its own")
    return None
  if not free:
    pass_over("too many open files")
  return None


def number(words, key):
  value = words.get(key, "")
  return int(value) if value.isdigit() and len(value) < 12 else 0


def text(words, key, most):
  return "".join(c for c in words.get(key, "") if " " <= c <= "~" and c not in "\"\\")[:most]


def tell(pid, uid, words):
  is_prompt = words.get("keeper") == "prompt"
  wrap, sid = text(words, "wrap", 8), text(words, "sid", 94)
  session = {"pid": pid, "uid": uid, "user": text(users, uid, 32), "terminal": text(words, "pts", 22)}
  session.update(keeper="prompt" if is_prompt else "relay", sessionId="" if sid == "-" else sid)
  session.update(wrap=wrap if wrap in ("tmux", "missing", "failed", "nobody") else "none", state=text(words, "state", 22) or "new")
  for name, key in (("age", "started"), ("lastKey", "lastkey"), ("lastAnswer", "lastanswer")):
    moment = number(words, key)
    session[name] = now - moment if moment else None
  for key in ("sent", "answered", "leaked"):
    session[key] = number(words, key)
  leaked = min(session["leaked"], 999999)   # the sum is a shell's, and mksh counts in 32 bits
  if is_prompt:
    session["leaked"] = None
  told.append(pid)
  shown = json.dumps(session, separators=(",", ":")) if len(told) <= MOST_LISTED else ""
  say("session %d %d %s" % (session["state"] in ("no-answer", "not-answering"), leaked, shown))


def look_at(pid):
  process = "/proc/%d" % pid
  if not is_interpreter(process):
    pass_over("no interpreter of root's")
    return
  uid = os.stat(process).st_uid
  record = read_record(process, uid)
  if record is None:
    return
  words = dict(pair.split("=", 1) for pair in record.split() if "=" in pair)
  if words.get("keeper") != "prompt":
    tell(pid, uid, words)
    return
  terminal = os.stat(process + "/fd/1")
  where = (terminal.st_dev, terminal.st_ino)
  if where not in helpers or number(words, "lastkey") >= number(helpers[where][2], "lastkey"):
    helpers[where] = (pid, uid, words)


say("begin")
now = int(time.time())
for entry in read_text("/etc/passwd").splitlines():
  fields = entry.split(":")
  if len(fields) > 3 and fields[2].isdigit():
    users.setdefault(int(fields[2]), fields[0])
looked_at = 0
for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()):
  try:
    if read_text("/proc/%d/comm" % pid) != "ssm-keepalive\n":
      continue
    looked_at += 1
    if looked_at > MOST_PROCESSES:
      pass_over("too many processes")
    else:
      look_at(pid)
  except EnvironmentError as error:
    if error.errno not in (2, 3):
      pass_over("unreadable")
for pid in sorted(helpers):
  tell(*helpers[pid])
say("end %s" % ", ".join("%d (%s)" % (unseen[why], why) for why in sorted(unseen)))
__SSMKA_PYTHON
}

look_for_sessions() {
 found='' unseen=''
 for python in "$interpreter" $pythons; do
  [ -n "$python" ] && is_trusted_program "$python" || continue
  found=$(run_python "$python" -c "$(print_sessions_program)" / "$SECONDS_FOR_SESSIONS" "$stranger")
  case $found in begin*) interpreter=${interpreter:-$python} && break ;; esac
 done
 case $found in
  *"$newline"end*)
   unseen=${found##*"$newline"end}
   unseen=${unseen# }
   ;;
  begin*) unseen="the rest, after $SECONDS_FOR_SESSIONS s" ;;
  *) unseen='counting needs Python' ;;
 esac
 while read -r word silent leaked session; do
  [ "$word" = session ] || continue
  session_count=$((session_count + 1)) silent_count=$((silent_count + silent)) leaked_count=$((leaked_count + leaked))
  [ -z "$session" ] || all_sessions=$all_sessions$session$newline
 done <<__SSMKA_SESSIONS
$found
__SSMKA_SESSIONS
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

put_details() {
 put kinds "$kinds"
 put keeperWhy "$keeper_why" 90
 put wrap "$wrap"
 put tmux "$tmux" 40
 json_words "$locks" 120
 read -r oom 2>/dev/null </proc/self/oom_score_adj || oom=null
 line="$line,\"tmout\":[$tmouts],\"tmuxLocks\":$json,\"capSeconds\":${cap:-null},\"oomScoreAdjust\":$oom,\"busy\":$busy"
 line="$line,\"kept\":{\"count\":$session_count,\"notAnswering\":$silent_count,\"leaked\":$leaked_count"
 put unseen "$unseen" 160
 line="$line}"
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
  case $before in "$text" | *[A-Za-z0-9_]) continue ;; esac
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
 [ "$tmout_value" = 0 ] || say "TMOUT: $tmout_value, by $1"
}

add_lock() {
 case $lines in *sshd* | *login*) ;; *) return ;; esac
 locks="$locks $file"
 say "left to tmux: $file"
}

look_for_tmout() {
 set --
 for file in /etc/environment /etc/profile /etc/profile.d/*.sh /etc/profile.local /etc/bash.bashrc /etc/bashrc /etc/bash.bashrc.local /etc/zsh/* /etc/zshenv /etc/zprofile /etc/zshrc /etc/ksh.kshrc /etc/mkshrc /etc/fish/config.fish /etc/fish/conf.d/*.fish; do
  [ -f "$root$file" ] || continue
  [ ! -h "$root$file" ] || is_trusted "$file" || {
   say "not read: $file, since $distrust"
   continue
  }
  set -- "$@" "$root$file"
 done
 found=$(run_limited head -vc 65536 -- "$@" | grep -E -e '^==> ' -e TMOUT -e tmux 2>/dev/null)
 for file; do
  case $found in *"==> $file <==$newline==> "*) continue ;; esac
  file=${file#"$root"}
  lines=$(run_limited head -c 65536 "$root$file" | grep -E -e '^[^#]*TMOUT' -e '^[[:space:]]*([^#[:space:]].*)?\<(tmux)\>' -e '^[[:space:]]*([^#[:space:]].*)?\<(sshd|login)\>' 2>/dev/null) || continue
  case $lines in *TMOUT*) add_tmout "$file" "$lines" ;; esac
  case $lines in *tmux*) add_lock ;; esac
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
 find_lock && [ ! -h "$lock_path" ] || return 1
 read_line holder "$lock_path"
 is_holder_alive "$holder"
}

judge_current() {
 file=$root$library/current
 if [ -h "$file" ] || { [ -e "$file" ] && [ ! -f "$file" ]; }; then
  why="$library/current is no plain file"
  next='move it away, then run install again'
 elif [ -f "$file" ] && [ -z "$current" ]; then
  why="$library/current does not name a version"
  next='run install again'
 else
  return 0
 fi
 state=drifted drifted=$library/current kinds=e
}

SECONDS_FOR_SESSIONS=10 put_details=put_details fit_sessions=fit_sessions

require_host
verdict=status session_count=0 silent_count=0 leaked_count=0 all_sessions='' tmouts='' locks='' shown=0 busy=false unseen=''
find_library
state=absent
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
  ! is_limited || state=limited
  [ -z "$drifted" ] || state=drifted
 fi
 if [ -e "$root$library/journal" ]; then
  state=partial partial=true
 fi
fi
if [ "$state" = absent ]; then
 name_all_left
 if [ -n "$left" ]; then
  state=partial why='files of ours are here, but no keeper' next='delete them, or move away those that were edited and install again'
  [ "$env_entry" != pending ] || env_entry=broken
 fi
fi
if is_busy; then
 busy=true
 [ "$state" != partial ] || why='another run is busy here' next='wait until it ends, then run this again'
fi
read_cap
say "state: $state"
[ -z "$current" ] || say "bundle: $digest, heartbeat after ${interval} s, until ${unattended} s without a key"
say "keeper: $keeper ($keeper_why)"
look_for_tmout
if [ "$ssh" = live ] && [ -z "$root" ]; then
 value=$(run_limited sshd -T | grep '^clientaliveinterval ')
 case $value in '' | "clientaliveinterval $interval") ;; *) ssh=overridden ssh_why="sshd -T says $value" ;; esac
fi
[ "$ssh" = off ] || say "ssh: $ssh${ssh_why:+ ($ssh_why)}"
for tmux in /usr/bin/tmux /usr/local/bin/tmux /bin/tmux ''; do
 [ ! -x "$root$tmux" ] || break
done
[ "$wrap" != tmux ] || [ -n "$tmux" ] || say 'wrapper: tmux is not here'
[ -n "$root" ] || look_for_sessions
for file in $drifted; do say "not as installed: $file"; done
for file in $left; do say "left: $file"; done
[ "$env_entry" != stale ] || say 'env: gone at the next restart of the agent'
[ -z "$why" ] || say "why: $why"
say "sessions kept: $session_count${unseen:+; not counted: $unseen}"
print_verdict
print_rest
exit 0

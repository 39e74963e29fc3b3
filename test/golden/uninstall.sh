#!/bin/sh
# ssm-keepalive 0.2.0: uninstalls. Running sessions go on as they are.
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

may_restart=yes

for_all_versions() {
 for manifest in "$root$library"/*/manifest; do
  [ ! -f "$manifest" ] || each_file "$manifest" "$1"
 done
}

remove_entry() {
 case $4 in version | stub) return 0 ;; esac
 drop_waiting "$@"
 if [ "$5" = block ]; then
  remove_block "$1" "$2"
  return
 fi
 [ ! -h "$root$1" ] && [ -f "$root$1" ] && is_same "$1" "$2" && rm -f "$root$1"
}

remove_stub() {
 [ "$4" = stub ] || return 0
 drop_waiting "$1"
 [ ! -h "$root$1" ] && [ -f "$root$1" ] && is_same "$1" "$2" && rm -f "$root$1"
}

gather_version_file() {
 [ "$4" = version ] || return 0
 drop_file "$root$1.new"
 [ -h "$root$1" ] || [ ! -f "$root$1" ] || gathered="$gathered .$1"
}

note_same() {
 case $sums in *"$newline$2  .$1$newline"*) same="$same .$1" ;; esac
}

remove_version_files() {
 gathered='' same=''
 for_all_versions gather_version_file
 sums=$newline$(cd "${root:-/}" && sha256sum $gathered 2>/dev/null)$newline
 for_all_versions note_same
 [ -z "$same" ] || (cd "${root:-/}" && rm -f $same)
}

name_left_outside() {
 [ "$4" = version ] || name_left "$@"
}

remove_version() {
 version_name=${1##*/}
 rm -rf "${1:?}/__pycache__" "$1/relay.pyc"
 if [ -f "$1/manifest" ]; then
  case $(sha256sum <"$1/manifest") in
   "$version_name"*)
    left_here=
    for file in "$1"/* "$1"/.[!.]*; do
     case $file in */manifest | */interpreter | */interpreter.new) ;; *) [ ! -e "$file" ] || left_here=yes ;; esac
    done
    rm -f "$1/interpreter" "$1/interpreter.new"
    [ -n "$left_here" ] || rm -f "$1/manifest"
    ;;
  esac
 fi
 rmdir "$1" 2>/dev/null || for file in "$1"/*; do
  case $file in */manifest) [ -z "${left_here-}" ] || continue ;; esac
  name_left "${file#"$root"}"
 done
}

print_restart() {
 cat "$here/restart.sh"
}

clear_agents() {
 restart=not-needed restart_units=
 for unit in amazon-ssm-agent.service snap.amazon-ssm-agent.amazon-ssm-agent.service; do
  has_live_env "$unit" || continue
  if [ "$may_restart" = no ]; then
   restart=off
  elif ! is_restartable "$unit"; then
   why=$refusal
  else
   restart_units="$restart_units $unit"
  fi
 done
 [ -n "$restart_units" ] || return 0
 job=${lock_path%.lock}-restart.$$
 if rm -f "$job" && printf '%s\n' "$restart_text" >"$job" && run_restart "$job" '' $restart_units; then
  restart=scheduled
 else
  rm -f "$job"
  restart=failed why='systemd-run did not take the job'
 fi
}

trap 'fail interrupted "a signal ended this run" "run it again"' HUP INT TERM

require_host
restart_text=$(print_restart)
find_library
if [ -z "$library" ]; then
 for file in "$root"/run/ssm-keepalive.lock*; do
  [ ! -e "$file" ] || take_lock
  drop_lock
 done
 verdict=unchanged
 name_all_left
 say 'unchanged: nothing of ssm-keepalive is here'
 print_verdict
 exit 0
fi
read_current
take_lock
read_current
read_ssh
digest=$current
write_line "$library/journal" uninstall || ln -f "$root$library/current" "$root$library/journal" 2>/dev/null || fail write "$library cannot be written" 'make it writable, then run this again'

for_all_versions remove_entry
for_all_versions remove_stub
[ ! -e "$root$library/current" ] || rm -f "$root$library/current" || fail write "$library/current could not be removed" 'make it writable, then run this again'
for_all_versions name_left_outside
case $ssh_state in live | changing) reload_sshd || say 'sshd was not reloaded: it has our ClientAlive values until it starts anew' ;; esac
sync_paths "$root$library"
remove_version_files
rm -rf "$root$library/.staged" "$root$library"/*.new "$root$library/previous" "$root$library/env-before" "$root$library/env-left-out" "$root$library/restart" "$root$library/ssh"
for version_directory in "$root$library"/*; do
 [ -d "$version_directory" ] && is_digest "${version_directory##*/}" && remove_version "$version_directory"
done
remove_recorded_directories
drop_file "$root$library/record"
rm -f "$root$library/journal"
rmdir "$root$library" 2>/dev/null || for file in "$root$library"/*; do
 case ${file##*/} in *[!0-9a-f]*) name_left "${file#"$root"}" ;; esac
done
[ -n "$left" ] || [ ! -d "$root$library" ] || left=" $library"
clear_agents
restart_verdict=$restart
current=
look_at_entries
restart=$restart_verdict
drop_lock
verdict=removed ssh=off ssh_why=''
say "removed: bundle ${digest:-of an unfinished run} from $library"
for file in $left; do say "left alone: $file"; done
print_verdict
exit 0

# Whoever runs this may have any locale, IFS, umask, PATH, TMPDIR and working directory, and perhaps no HOME.
IFS=' 	
'
LC_ALL=C
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
unset TMPDIR CDPATH ENV BASH_ENV POSIXLY_CORRECT
[ -k /tmp ] && [ -O /tmp ] || export TMPDIR=/run
umask 022
set +e +f +u
cd / || exit 1

newline='
'
pythons='/usr/bin/python3 /usr/libexec/platform-python /usr/bin/python2.7 /usr/bin/python'
own_path='mend that on the instance, then run this again'
ssh_drop_in=/etc/ssh/sshd_config.d/00-ssm-keepalive.conf
root=${SSM_KEEPALIVE_ROOT-}
while [ "${root%/}" != "$root" ]; do root=${root%/}; done

verdict='' digest='' keeper=none keeper_why='' asked='' asked_entries='' interpreter='' env_entry=unknown profile_entry=unknown rc_entry=unknown restart=off partial=false unanswered=''
drifted='' kinds='' left='' previous='' sessions='' more_sessions=0 class='' step='' why='' next='' state='' notes='' settings='' before=''
interval=0 max_idle=0 unattended=0 cap='' wrap=none ssh=off ssh_why='' ssh_state='' library='' place='' lock='' editable='' live_unit='' able=''
undo=: put_details=: fit_sessions=:

json_string() {
 json=
 case $1 in
  *\\* | *\"* | *[!\ -~]*) ;;
  *)
   json=\"$1\"
   return
   ;;
 esac
 json_rest=$1
 while [ -n "$json_rest" ]; do
  json_char=${json_rest%"${json_rest#?}"}
  json_rest=${json_rest#?}
  case $json_char in
   \\ | \") json=$json\\$json_char ;;
   [\ -~]) json=$json$json_char ;;
   "$newline") json=$json\\n ;;
   [[:cntrl:]]) json=$json$(printf '\\u%04x' "'$json_char") ;;
   *) json=$json'?' ;;
  esac
 done
 json=\"$json\"
}

json_cut() {
 json_string "$1"
 [ "${#json}" -le "$2" ] || json_string "$(printf "%.$(($2 - 5))s" "$1" | tr -cd ' !#-[]-~')..."
}

json_words() {
 json_array='' omitted=0
 for json_word in $1; do
  json_string "$json_word"
  if [ $((${#json_array} + ${#json})) -lt "$2" ]; then json_array=$json_array,$json; else omitted=$((omitted + 1)); fi
 done
 json="[${json_array#,}]"
}

put() {
 json_cut "$2" "${3:-200}"
 line="$line,\"$1\":$json"
}

put_list() {
 json_words "$2" "$3"
 line="$line,\"$1\":$json" more="$more,\"$1\":$omitted"
}

print_verdict() {
 line='{"ssm-keepalive":1' more=
 put verdict "$verdict"
 put version 0.2.0
 [ -z "$state" ] || put state "$state"
 put digest "$digest"
 put keeper "$keeper"
 [ -z "$settings" ] || put settings "$settings"
 [ -z "$before" ] || put before "$before"
 put interpreter "$interpreter"
 put ssh "$ssh"
 put sshWhy "$ssh_why" 140
 put restart "$restart"
 put previous "$previous"
 put class "$class"
 put step "$step"
 put why "$why" 360
 put next "$next" 180
 line="$line,\"entries\":{\"env\":\"$env_entry\",\"profile\":\"$profile_entry\",\"rc\":\"$rc_entry\"}"
 line="$line,\"intervalSeconds\":$interval,\"unattendedSeconds\":$unattended,\"partial\":$partial"
 put_list drifted "$drifted" 300
 room=500
 [ -z "$drifted" ] || room=200
 put_list left "$left" "$room"
 "$put_details"
 line="$line,\"sessions\":["
 "$fit_sessions" $((2340 - ${#line} - ${#more}))
 printf '%s\n%s' "$line$sessions],\"more\":{\"sessions\":$more_sessions$more}}" "$notes"
}

number() {
 case $1 in '' | *[!0-9]* | 0?* | ????????????*) number=0 ;; *) number=$1 ;; esac
}

say() {
 notes=$notes$1$newline
}

fail() {
 "$undo"
 drop_lock
 [ -z "$library" ] || look_at_installed
 verdict=failed class='script failed' step=$1 why=$2 next=$3
 [ -z "$library" ] || [ ! -e "$root$library/journal" ] || partial=true
 say "failed at $1: $2"
 print_verdict
 exit 1
}

require_host() {
 [ "$(uname -s 2>/dev/null)" = Linux ] && [ -r /proc/self/stat ] || {
  verdict=skipped class=skipped step=platform why='this is not Linux with /proc' next='choose Linux instances'
  say "skipped: $why"
  print_verdict
  exit 0
 }
 [ "$(id -u 2>/dev/null)" = 0 ] || fail platform 'this has to run as root' 'run it through SendCommand, or with sudo'
 for tool in base64 cat chmod chown cp head ln mkdir mv rm rmdir sha256sum stat tail; do
  command -v "$tool" >/dev/null 2>&1 || fail platform "the tool $tool is missing here" 'install coreutils or busybox'
 done
 case $root in
  '') ;;
  /*)
   [ -d "$root" ] || fail path 'SSM_KEEPALIVE_ROOT names no directory' 'mount the image there first'
   image=$root root='' sticky=yes
   is_trusted "$image" || fail path "$distrust" "$own_path"
   root=$image sticky=
   ;;
  *) fail path 'SSM_KEEPALIVE_ROOT is not an absolute path' 'give the full path' ;;
 esac
}

is_roots_alone() {
 set -- "$1" $(ls -ldn "$1" 2>/dev/null)
 distrust='' links=${3-}
 case ${2-}:${4-} in
  :*) distrust="$1 does not exist" ;;
  l*) distrust="$1 is a symbolic link" ;;
  *:0 | *:"$stranger") ;;
  *) distrust="$1 belongs to uid $4, not to root: chown root:root $1" ;;
 esac
 case $sticky$distrust$2 in yesd????????[tT]*) return 0 ;; esac
 [ -n "$distrust" ] || case ${2-} in
  ?????w* | ????????w*) distrust="$1 can be written by others than root ($2): chmod go-w $1" ;;
  d*+) distrust="$1 has an access list: setfacl -b $1" ;;
 esac
 [ -z "$distrust" ]
}

is_trusted_component() {
 case $trusted in *"//$1//"*) return 0 ;; esac
 is_roots_alone "$1" || return 1
 [ -n "$sticky" ] || trusted=$trusted//$1//
}

trust_usual_folders() {
 usual_ifs=$IFS IFS=$newline
 for listed in $(ls -ldn "${root:-/}" "$root/usr" "$root"/usr/lib* "$root"/usr/lib*/python* "$root"/usr/lib*/python*/[!ds]*/ "$root/usr/local" "$root/usr/local/lib" "$root/usr/local/lib/ssm-keepalive" \
  "$root/etc" "$root/etc/profile.d" "$root/etc/fish" "$root/etc/fish/conf.d" "$root/etc/zsh" "$root/etc/systemd" \
  "$root/etc/systemd/system" "$root/run" "$root/usr/bin" "$root/etc/zsh/zprofile" "$root/etc/zprofile" "$root/etc/bash.bashrc" "$root/etc/bashrc" "$root/etc/bash.bashrc.local" "$root/etc/zsh/zshrc" "$root/etc/zshrc" 2>/dev/null); do
  case $listed in [d-]????[!w]??[!w]?[!+]*) ;; *) continue ;; esac
  IFS=' '
  set -- $listed
  case $3 in 0 | "$stranger") trusted=$trusted///${listed#* /}// ;; esac
 done
 IFS=$usual_ifs
}

is_trusted() {
 distrust='' resolved='' untried=$1/ hops=0
 is_trusted_component "${root:-/}" || return 1
 while [ -n "$untried" ]; do
  part=${untried%%/*}
  untried=${untried#*/}
  case $part in
   '' | .) continue ;;
   ..)
    [ -n "$resolved" ] || [ -z "$root" ] || distrust="$1 leads out of $root"
    [ -z "$distrust" ] || return 1
    resolved=${resolved%/*}
    continue
    ;;
  esac
  if [ ! -h "$root$resolved/$part" ]; then
   resolved=$resolved/$part
   is_trusted_component "$root$resolved" || return 1
   continue
  fi
  hops=$((hops + 1))
  part=$(readlink "$root$resolved/$part") && [ "$hops" -le 40 ] || distrust="$1 leads nowhere"
  case $part in
   /*)
    [ -z "$root" ] || distrust="$root$resolved has a link to $part, which leads out of $root"
    resolved=
    ;;
  esac
  [ -z "$distrust" ] || return 1
  untried=$part/$untried
 done
}

is_trusted_directory() {
 is_trusted "$1" || return 1
 [ -d "$root$1" ] || distrust="$root$1 is not a directory"
 [ -z "$distrust" ]
}

is_trusted_program() {
 is_trusted "$1" || return 1
 [ -f "$1" ] && [ -x "$1" ] || distrust="$1 is no program"
 [ -z "$distrust" ] || return 1
 for part in "${resolved%/*/*}"/lib* "${resolved%/*/*}"/lib*/python* "${resolved%/*/*}"/lib*/python*/[!ds]*/; do
  [ ! -d "$part" ] || is_trusted "$part" || return 1
 done
}

facts_of() {
 stat -c '%u %a %F' "$1" 2>/dev/null
}

is_replaceable() {
 [ -e "$root$1" ] || [ -h "$root$1" ] || return 0
 is_roots_alone "$root$1" || return 1
 [ -f "$root$1" ] && return 0
 distrust="$root$1 is in the way: it is not a plain file"
 return 1
}

is_writable() {
 { true >>"$root$1"; } 2>/dev/null || distrust="$1 cannot be written: it is read-only or immutable"
 ! grep -q " ${root%/.}$1 " /proc/self/mountinfo 2>/dev/null || distrust="$1 is a mount of its own, so it cannot be replaced"
 [ -z "$distrust" ]
}

sticky='' trusted='' stranger=0
[ ! -r /proc/self/uid_map ] || { read -r part hops untried </proc/self/uid_map && [ "$untried" != 1 ] || stranger=65534; }
trust_usual_folders

find_library() {
 library='' place=''
 [ -n "$library" ] || [ -h "$root/usr/local/lib/ssm-keepalive" ] || [ ! -d "$root/usr/local/lib/ssm-keepalive" ] ||
  library=/usr/local/lib/ssm-keepalive place=local
 [ -n "$library" ] || [ -h "$root/opt/ssm-keepalive" ] || [ ! -d "$root/opt/ssm-keepalive" ] ||
  library=/opt/ssm-keepalive place=opt
 [ -z "$library" ] || is_trusted_library "$library" || {
  library=
  fail path "$distrust" "$own_path"
 }
}

is_trusted_library() {
 is_trusted_directory "$1" || return 1
 distrust=$(ls -lnA "$root$1" "$root$1"/*/ "$root$1"/*/*/ 2>/dev/null | while read -r mode count uid rest; do
  case $mode in
   *:) ;;
   [!-dlpscb]* | '') continue ;;
  esac
  case ${rest##* }:$mode in
   *.sh:-* | *.py:-* | *.fish:-* | *.bash:-* | *.zsh:-* | *.conf:-*) ;;
   *:?????w* | *:????????w*) case $mode in l*) ;; *) echo "${rest##* } in $1 can be written by others than root ($mode): chmod go-w" ;; esac ;;
  esac
  case $uid in 0 | "$stranger") ;; ?*) echo "${rest##* } in $1 belongs to uid $uid, not to root: move $1 away" ;; esac
 done)
 distrust=${distrust%%"$newline"*}
 [ -z "$distrust" ]
}

read_line() {
 read_line=
 [ ! -f "$2" ] || read -r read_line <"$2" || :
 eval "$1=\$read_line"
}

is_digest() {
 case $1 in '' | *[!0-9a-f]*) return 1 ;; esac
}

read_current() {
 current='' left_out=''
 [ -z "$library" ] || {
  read_line current "$root$library/current"
  read_line left_out "$root$library/env-left-out"
 }
 is_digest "$current" || current=
 [ ! -h "$root$library/$current" ] || is_trusted_directory "$library/$current" || current=
}

is_same() {
 [ -f "$root$1" ] && [ "$(sha256sum <"$root$1" 2>/dev/null)" = "$2  -" ]
}

write_line() {
 drop_file "$root$1.new"
 { printf '%s\n' "$2" >"$root$1.new"; } 2>/dev/null || return 1
 read_line written "$root$1.new"
 [ "$written" = "$2" ] && sync_paths "$root$1.new" && mv -f "$root$1.new" "$root$1"
}

drop_file() {
 [ ! -e "$1" ] && [ ! -h "$1" ] || rm -f "$1"
}

remove_recorded_directories() {
 [ ! -f "$root$library/record" ] || while read -r word made; do
  [ "$word" != dir ] || rmdir "$root$made" 2>/dev/null
 done <"$root$library/record"
}

sync_paths() {
 sync "$@" 2>/dev/null || sync 2>/dev/null || :
}

read_start() {
 start=
 { read -r start <"/proc/$1/stat"; } 2>/dev/null || return 1
 start=${start##*\) }
 start=${start#* * * * * * * * * * * * * * * * * * * }
 start=${start%% *}
}

is_holder_alive() {
 set -- $1
 read_line boot /proc/sys/kernel/random/boot_id
 case ${1-x} in *[!0-9]*) return 1 ;; esac
 [ $# -eq 3 ] && [ "$3" = "$boot" ] && read_start "$1" && [ "$2" = "$start" ]
}

find_lock() {
 for run in /run /var/run ${library:+"${library%/*}"}; do
  lock_path=$root$run/ssm-keepalive.lock
  ! is_trusted_directory "$run" || return 0
 done
 return 1
}

take_lock() {
 find_lock || fail lock "no folder for it is root's alone: $distrust" "$own_path"
 [ ! -h "$lock_path" ] && [ ! -d "$lock_path" ] || fail lock "$lock_path is not a plain file" "look at it, then remove it"
 read_start $$
 read_line boot /proc/sys/kernel/random/boot_id
 { printf '%s\n' "$$ $start $boot" >"$lock_path.$$"; } 2>/dev/null || {
  rm -f "$lock_path.$$"
  fail lock "$lock_path cannot be written" 'make room, or make it writable'
 }
 for attempt in 1 2 3; do
  if ln "$lock_path.$$" "$lock_path" 2>/dev/null; then
   lock=$lock_path
   rm -f "$lock_path.$$"
   drop_dead_locks
   return 0
  fi
  read_line holder "$lock_path"
  if is_holder_alive "$holder"; then
   rm -f "$lock_path.$$"
   fail lock "another run is busy here (pid ${holder%% *})" 'wait until it ends, then run this again'
  fi
  mv -f "$lock_path" "$lock_path.$$.stale" 2>/dev/null
  read_line moved "$lock_path.$$.stale"
  [ "$moved" = "$holder" ] || ln "$lock_path.$$.stale" "$lock_path" 2>/dev/null
  rm -f "$lock_path.$$.stale"
 done
 rm -f "$lock_path.$$"
 fail lock "$lock_path could not be taken" 'wait a moment, then run this again'
}

drop_dead_locks() {
 for leftover in "$lock".*; do
  [ -f "$leftover" ] || continue
  read_line holder "$leftover"
  is_holder_alive "$holder" || rm -f "$leftover"
 done
}

drop_lock() {
 [ -z "$lock" ] || rm -f "$lock"
 lock=
}

each_file() {
 manifest_digest=${1%/manifest}
 manifest_digest=${manifest_digest##*/}
 while read -r word file_place file_entry file_mode file_sum file_path; do
  case $word in file | block) ;; *) continue ;; esac
  case $file_place in any | "$place") ;; *) continue ;; esac
  case $file_path in /*) ;; *) file_path=$library/$manifest_digest/$file_path ;; esac
  "$2" "$file_path" "$file_sum" "$file_mode" "$file_entry" "$word"
 done <"$1"
}

read_settings() {
 settings=
 while read -r word setting value; do
  [ "$word" = set ] || continue
  settings="$settings${settings:+ }$setting=$value"
  case $setting in
   interval) number "$value" && interval=$number ;;
   max-idle) number "$value" && max_idle=$number ;;
   wrap) wrap=$value ;;
   keeper) asked=$value ;;
   entries) asked_entries=$value ;;
  esac
 done <"$1"
 unattended=$max_idle
 read_cap
 [ -z "$cap" ] || [ "$cap" -ge "$unattended" ] || unattended=$cap
}

read_cap() {
 cap='' cap_file=/etc/ssm-keepalive/max-idle
 [ -e "$root$cap_file" ] || return 0
 if ! is_trusted "$cap_file" || [ ! -f "$root$cap_file" ]; then
  say "no effect: ${distrust:-$cap_file is no plain file}"
  return 0
 fi
 read -r cap cap_rest <"$root$cap_file" || :
 cap=${cap%"$(printf '\r')"}
 case "$(facts_of "$root${cap_file%/*}") $(facts_of "$root$cap_file")" in *[1357]' directory '*[4567]' regular '*) ;; *) cap=0 ;; esac
 case $cap in '' | *[!0-9]*) cap=0 ;; esac
 while [ "${cap#0?}" != "$cap" ]; do cap=${cap#0}; done
 [ "${#cap}" -le 11 ] || cap=99999999999
}

start_gathering() {
 drifted='' kinds='' gathered='' expected=''
}

gather_plain() {
 gathered="$gathered .$1"
 expected="$expected$2 $3 .$1$newline"
}

gather_file() {
 belongs_here "$1" || return 0
 if [ "$5" = block ]; then
  find_block "$target" "$2"
  [ "$block" = same ] || drifted="$drifted $1" kinds=${kinds}e
  return
 fi
 gather_plain "$@"
}

find_drift() {
 start_gathering
 [ -f "$root$library/$1/manifest" ] || {
  drifted=$library/$1/manifest kinds=g
  return
 }
 each_file "$root$library/$1/manifest" gather_file
 compare_gathered
}

compare_gathered() {
 found=$newline$(cd "${root:-/}" && sha256sum $gathered 2>/dev/null)$newline
 facts=$newline$(cd "${root:-/}" && stat -c '%u %g %a %F %n' $gathered 2>/dev/null)$newline
 while read -r drift_sum drift_mode drift_path; do
  [ -n "$drift_path" ] || continue
  kind=e
  case $found in
   *"$newline$drift_sum  $drift_path$newline"*)
    case $facts in *"${newline}0 0 $drift_mode regular file $drift_path$newline"*) continue ;; esac
    kind=m
    ;;
   *) [ -e "$root${drift_path#.}" ] || [ -h "$root${drift_path#.}" ] || kind=g ;;
  esac
  drifted="$drifted ${drift_path#.}" kinds=$kinds$kind
 done <<__SSMKA_EXPECTED
$expected
__SSMKA_EXPECTED
}

belongs_here() {
 case $1 in
  /etc/zsh/zprofile | /etc/zprofile | /etc/bash.bashrc | /etc/bashrc | /etc/bash.bashrc.local | /etc/zsh/zshrc | /etc/zshrc)
   find_target "$1"
   return
   ;;
 esac
 [ ! -e "$root$1" ] || return 0
 case $1 in
  /etc/systemd/system/amazon-ssm-agent.service.d/zz-ssm-keepalive.conf) [ -z "$left_out" ] && has_unit amazon-ssm-agent.service && [ -d "$root/etc/systemd/system" ] ;;
  /etc/systemd/system/snap.amazon-ssm-agent.amazon-ssm-agent.service.d/zz-ssm-keepalive.conf) [ -z "$left_out" ] && has_unit snap.amazon-ssm-agent.amazon-ssm-agent.service && [ -d "$root/etc/systemd/system" ] ;;
  /etc/profile.d/00-ssm-keepalive.sh) [ -d "$root/etc/profile.d" ] ;;
  /etc/fish/conf.d/00-ssm-keepalive.fish) [ -d "$root/etc/fish/conf.d" ] ;;
  "$ssh_drop_in") case $ssh_state in live | changing | wanted) ;; *) return 1 ;; esac ;;
  *) return 0 ;;
 esac
}

waiting_name() {
 waiting=${1%/*}/.${1##*/}.ssm-keepalive-new
}

drop_waiting() {
 [ "${5-}" != block ] || find_target "$1" || :
 [ "${5-}" != block ] || set -- "$target"
 waiting_name "$1"
 drop_file "$root$waiting"
}

find_target() {
 case $editable in
  *"//$1 "*)
   target=${editable#*"//$1 "} distrust=''
   target=${target%%//*}
   [ -e "$root$target" ]
   return
   ;;
 esac
 target=$1 distrust=
 if [ -h "$root$1" ]; then
  top=$(readlink -f "${root:-/}" 2>/dev/null)
  top=${top%/}
  target=$(readlink -f "$root$1" 2>/dev/null)
  case $target in
   "$top"/*) target=${target#"$top"} ;;
   *)
    target=$1 distrust="$1 leads to no file here"
    return 1
    ;;
  esac
 fi
 [ -e "$root$target" ] && is_trusted_directory "${target%/*}" && is_replaceable "$target" && is_writable "$target" || return 1
 [ "$links" = 1 ] || distrust="$target has several names (hard links)"
 [ -z "$distrust" ] && editable="$editable//$1 $target//"
}

find_block() {
 block='' from=0 to=0 count=0 block_text=''
 [ -f "$root$1" ] || return 0
 while ending=$newline && IFS= read -r text || { ending='' && [ -n "$text" ]; }; do
  count=$((count + 1))
  case $text in
   '# >>> ssm-keepalive >>>'*) [ "$from" -gt 0 ] || from=$count ;;
   '# <<< ssm-keepalive <<<'*)
    to=$count
    [ "$from" -eq 0 ] || { block_text=$block_text$text$ending && break; }
    ;;
  esac
  [ "$from" -eq 0 ] || block_text=$block_text$text$ending
 done <"$root$1"
 [ "$from$to" != 00 ] || return 0
 block=edited
 [ "$from" -gt 0 ] && [ "$to" -gt "$from" ] || return 0
 [ "$(printf %s "$block_text" | sha256sum)" != "$2  -" ] || block=same
}

rewrite_around() {
 rewritten=$root$1
 waiting_name "$1"
 shift
 drop_file "$root$waiting"
 [ "$from" -gt 0 ] && [ "$to" -gt "$from" ] || from=1 to=0
 { cp -a "$rewritten" "$root$waiting" && {
  head -n "$((from - 1))" "$rewritten" && "$@" && tail -n "+$((to + 1))" "$rewritten"
 } >"$root$waiting"; } 2>/dev/null && sync_paths "$root$waiting"
}

remove_block() {
 find_target "$1" || return 0
 drop_waiting "$target"
 find_block "$target" "$2"
 [ "$block" = same ] || return 0
 { rewrite_around "$target" : && mv -f "$root$waiting" "$root$target"; } 2>/dev/null || rm -f "$root$waiting"
}

name_left() {
 [ -e "$root$1" ] || [ -h "$root$1" ] || return 0
 if [ "${5-}" = block ]; then
  is_trusted "$1" || return 0
  find_block "$1" "$2"
  [ -n "$block" ] || return 0
 fi
 case " $left " in *" $1 "*) ;; *) left="$left $1" ;; esac
}

name_all_left() {
 for file in /usr/local/lib/ssm-keepalive /opt/ssm-keepalive /etc/profile.d/00-ssm-keepalive.sh /etc/fish/conf.d/00-ssm-keepalive.fish /etc/systemd/system/amazon-ssm-agent.service.d/zz-ssm-keepalive.conf /etc/systemd/system/snap.amazon-ssm-agent.amazon-ssm-agent.service.d/zz-ssm-keepalive.conf; do name_left "$file"; done
 for file in /etc/zsh/zprofile /etc/zprofile /etc/bash.bashrc /etc/bashrc /etc/bash.bashrc.local /etc/zsh/zshrc /etc/zshrc; do name_left "$file" '' '' '' block; done
}

has_unit() {
 for units in /etc/systemd/system /run/systemd/system /usr/lib/systemd/system /lib/systemd/system; do
  [ ! -e "$root$units/$1" ] || return 0
 done
 return 1
}

run_limited() {
 if command -v timeout >/dev/null 2>&1; then timeout "${limit:-15}" "$@"; else "$@"; fi </dev/null 2>/dev/null
}

unit_property() {
 property=
 [ -z "$root" ] && [ "$unanswered" != hangs ] || return 1
 unanswered=fails
 property=$(run_limited systemctl show -p "$2" "$1") || {
  case $? in 124 | 143) unanswered=hangs ;; esac
  property=
  return 1
 }
 case $property in
  "$2"=*) property=${property#"$2"=} unanswered='' ;;
  *) property='' && return 1 ;;
 esac
}

read_agent() {
 [ "$1" != "$live_unit" ] || return 0
 live='' live_unit=''
 unit_property "$1" MainPID || return 1
 case $property in '' | 0 | *[!0-9]*) return 1 ;; esac
 [ -r "/proc/$property/environ" ] || return 1
 live=$newline$(tr '\0' '\n' <"/proc/$property/environ" 2>/dev/null)$newline live_unit=$1
}

has_live_env() {
 read_agent "$1" || return 1
 case $live in *"${newline}ENV=$library/entry.sh$newline"*) return 0 ;; esac
 return 1
}

look_at_installed() {
 read_current
 digest=$current
 look_at_entries
 read_ssh
 [ -z "$current" ] || {
  read_line interpreter "$root$library/$current/interpreter"
  [ ! -f "$root$library/$current/manifest" ] || read_settings "$root$library/$current/manifest"
  name_keeper
 }
}

look_at_entries() {
 env_entry=absent profile_entry=absent rc_entry=absent restart=off
 for unit in amazon-ssm-agent.service snap.amazon-ssm-agent.amazon-ssm-agent.service; do
  has_unit "$unit" || continue
  [ "$env_entry" != absent ] || env_entry=off
  if [ -f "$root/etc/systemd/system/$unit.d/zz-ssm-keepalive.conf" ]; then
   if has_live_env "$unit"; then env_entry=live; elif [ "$env_entry" = off ]; then env_entry=pending; fi
  elif read_agent "$unit"; then
   case $live in
    *"${newline}ENV=/usr/local/lib/ssm-keepalive/entry.sh$newline"*) env_entry=stale ;;
    *"${newline}ENV=/opt/ssm-keepalive/entry.sh$newline"*) env_entry=stale ;;
   esac
  fi
 done
 if [ -d "$root/etc/profile.d" ]; then
  profile_entry=off
  [ ! -f "$root/etc/profile.d/00-ssm-keepalive.sh" ] || [ -z "$current" ] || profile_entry=live
 fi
 for file in /etc/bash.bashrc /etc/bashrc /etc/bash.bashrc.local /etc/zsh/zshrc /etc/zshrc; do
  [ -f "$root$file" ] || continue
  [ "$rc_entry" = live ] || rc_entry=off
  is_trusted "$file" || continue
  find_block "$file" ''
  [ -z "$block" ] || [ -z "$current" ] || rc_entry=live
 done
 restart_state=
 [ -z "$library" ] || read_line restart_state "$root$library/restart"
 case $env_entry:$restart_state in
  live:*) restart=confirmed ;;
  *:failed*)
   restart=failed
   why=${restart_state#failed }
   ;;
  pending:pending* | unknown:pending*) restart=pending why=${restart_state#pending } ;;
  pending:unknown* | unknown:unknown*) restart=unknown why=${restart_state#unknown } ;;
  pending:scheduled*) restart=scheduled ;;
 esac
 [ -z "$current" ] || mark_broken_entries
}

mark_broken_entries() {
 is_file "$current/entry.sh" && is_file entry.sh || [ "$env_entry" != live ] || env_entry=broken
 is_file "$current/entry.sh" && is_file rc.sh && return
 [ "$profile_entry" != live ] || profile_entry=broken
 [ "$rc_entry" != live ] || rc_entry=broken
}

is_file() {
 [ -f "$root$library/$1" ]
}

is_restartable() {
 if unit_property "$1" KillMode && [ "$property" = process ]; then return 0; fi
 restart=refused refusal="KillMode of $1 is '$property', not process, so a restart could end running sessions"
 [ -z "$unanswered" ] || restart=unknown refusal="systemctl does not answer, so $1 was not restarted"
 return 1
}

run_restart() {
 command -v systemd-run >/dev/null 2>&1 || return 1
 file=$1 kept=$2
 shift 2
 for collect in --collect --service-type=simple; do
  ! run_limited systemd-run "$collect" --unit="ssm-keepalive-restart-$$" --description='ssm-keepalive restarts the agent' /bin/sh "$file" \
   "$kept" $$ "$(reporter)" "${SSM_KEEPALIVE_RESTART_SECONDS:-120}" "${SSM_KEEPALIVE_RESTART_PATIENCE:-600}" "$@" >/dev/null || return 0
 done
 return 1
}

reporter() {
 above=$$
 for hop in 1 2 3 4; do
  { read -r line <"/proc/$above/stat"; } 2>/dev/null || break
  case $line in
   *' (ssm-document-wo'*)
    printf '%s' "$above"
    return
    ;;
  esac
  line=${line##*\) }
  line=${line#* }
  above=${line%% *}
 done
 printf 0
}

read_ssh() {
 [ -z "$library" ] || read_line ssh_state "$root$library/ssh"
 case $ssh_state in
  live) ssh=live ;;
  changing) ssh=pending ;;
  skipped*) ssh=skipped ssh_why=${ssh_state#skipped } ;;
 esac
}

reload_sshd() {
 [ -z "$root" ] || return 0
 for ssh_unit in ssh.service sshd.service; do
  [ "$(run_limited systemctl is-active "$ssh_unit")" = active ] || continue
  run_limited systemctl reload "$ssh_unit" >/dev/null || return 1
  sleep 1
  [ "$(run_limited systemctl is-active "$ssh_unit")" = active ]
  return
 done
 read_line sshd_pid /run/sshd.pid
 read_line name "/proc/${sshd_pid:-none}/comm"
 [ "$name" = sshd ] || return 0
 kill -HUP "$sshd_pid" && sleep 1
 read_line name "/proc/$sshd_pid/comm"
 [ "$name" = sshd ]
}

has_interpreter() {
 [ -n "$interpreter" ] || return 1
 if [ -n "$root" ]; then [ -e "$root$interpreter" ] || [ -h "$root$interpreter" ]; else is_trusted_program "$interpreter"; fi
}

run_python() {
 __ssmka_python=$1
 shift
 case $__ssmka_python in
  *python2*) set -- -E -s -S -B "$@" ;;
  *) set -- -I -S -B "$@" ;;
 esac
 run_limited "$__ssmka_python" "$@"
}

can_relay() {
 has_interpreter || return 1
 [ -z "$root" ] && [ "$interpreter" != "$able" ] || return 0
 run_python "$interpreter" -c 'import sys; sys.path[:] = [p for p in sys.path if p[:1] == "/"] + sys.argv[1:2]; del sys.argv[1:2]; import errno, fcntl, os, select, struct, termios, time' >/dev/null && return 0
 lacking=$interpreter
 return 1
}

find_interpreter() {
 for interpreter in $pythons; do
  ! can_relay || return 0
 done
 interpreter=
 return 1
}

name_keeper() {
 keeper=none keeper_why='nothing is installed'
 [ -n "$current" ] || return 0
 keeper_why='asked for' lacking=
 [ "$asked" = prompt ] || keeper_why='relay.py is gone'
 if [ -f "$root$library/$current/relay.py" ]; then
  keeper_why='no Python here'
  if can_relay || find_interpreter; then
   keeper=relay keeper_why="runs on $interpreter"
   return
  fi
  [ -z "$lacking" ] || keeper_why="$lacking lacks modules of the relay"
 fi
 if [ -f "$root$library/$current/prompt.bash" ]; then
  case $(readlink -f "$root/bin/sh" 2>/dev/null) in *bash) keeper=prompt keeper_why="$keeper_why; sh is bash" ;; esac
 fi
}

is_open() {
 [ -z "$root" ] && is_trusted "$1" || return 0
 parts=${2-} part=$resolved
 while [ -n "$part" ]; do parts="$part/. $parts" part=${part%/*}; done
 for part in $(stat -c '%a:%n' $parts 2>/dev/null); do
  case $part in *[57]:* | *[46]:*/current) continue ;; *[13]:*/"$current/.") ;; *[13]:*/.) continue ;; esac
  part=${part#*:} part=${part%/.}
  why="users cannot use $part, so their sessions have no keeper" next="chmod o+rX $part"
  return 1
 done
}

is_limited() {
 [ -n "$current" ] || return 1
 file=/etc/ssm-keepalive/off
 if [ -e "$root$file" ]; then
  class='switched off' why="$file is there, so new sessions that see it start no keeper" next="remove $file"
  return
 fi
 is_open "$library/$current" "$library/current" || {
  class='closed folder'
  return 0
 }
 if [ "$cap" = "$unattended" ] && [ "$cap" -le "$interval" ]; then
  class=capped why="$cap_file means $cap s, so no heartbeat is ever sent" next='write more seconds there, readable for all, or remove it'
  return
 fi
 if [ -n "$left_out" ]; then
  class='entry left out' why="the entry env was left out, since $left_out uses ENV, which this entry sets in the agent's environment"
  next="install with --entry $asked_entries to insist, or use: preferences set --shell-profile ours"
  return
 fi
 case $asked:$keeper in prompt:* | *:relay) return 1 ;; esac
 class='limited keeper' next="install ${lacking:+all of }Python 3 on this instance; new sessions find it"
 if [ "$keeper" = prompt ]; then
  why="$keeper_why. A session is kept while bash waits at its prompt, not while a program runs"
 else
  why="$keeper_why. A session in plain sh is not kept"
  [ "$profile_entry" != live ] || [ ! -f "$root$library/$current/prompt.bash" ] || why="$why; a login in bash, zsh or fish is, while it waits at its prompt"
 fi
}

# Splits /proc/PID/stat. Only expansions: `set -- $line` would trust the user's IFS, and a comm may hold spaces and brackets.
__ssmka_read_stat() {
 __ssmka_line=
 { read -r __ssmka_line <"/proc/$1/stat"; } 2>/dev/null || return 1
 __ssmka_comm=${__ssmka_line#*\(}
 __ssmka_comm=${__ssmka_comm%\)*}
 __ssmka_line=${__ssmka_line##*\) }
 __ssmka_state=${__ssmka_line%% *}
 __ssmka_line=${__ssmka_line#* }
 __ssmka_parent=${__ssmka_line%% *}
 __ssmka_line=${__ssmka_line#* }
 __ssmka_group=${__ssmka_line%% *}
 __ssmka_line=${__ssmka_line#* * * }
 __ssmka_foreground=${__ssmka_line%% *}
}

__ssmka_is_session_sh() {
 read -r __ssmka_line <"/proc/$$/cmdline" || :
 case $__ssmka_line in sh | /bin/sh | /usr/bin/sh) ;; *) return 1 ;; esac
 [ "$__ssmka_parent" != 0 ] || return 1
 __ssmka_read_stat "$__ssmka_parent" || return 0
 case $__ssmka_comm in ssm-session-wor*) return 0 ;; esac
 return 1
}

__ssmka_is_login_in_scope() {
 __ssmka_scope=ssm
 case ${SSH_CONNECTION-} in
  127.* | ::1\ * | ::ffff:127.*) __ssmka_scope=all ;;
 esac
 __ssmka_depth=0
 __ssmka_start=
 while [ "$__ssmka_depth" -lt 64 ] && [ "$__ssmka_parent" -gt 0 ] && __ssmka_read_stat "$__ssmka_parent"; do
  case $__ssmka_comm in
   ssm-keepalive | "tmux: server" | screen | SCREEN)
    return 1
    ;;
   ssm-session-wor*)
    __ssmka_scope=all
    break
    ;;
   sshd* | login) [ "$__ssmka_depth" != 0 ] || __ssmka_start=$__ssmka_comm ;;
  esac
  __ssmka_depth=$((__ssmka_depth + 1))
 done
 [ "$__ssmka_scope" = all ] || return 1
 if [ -n "${ZSH_VERSION-}" ] && [ -w /dev/shm ]; then
  __ssmka_room=${TMPPREFIX-}
  TMPPREFIX=/dev/shm/zsh
 fi
 [ -z "$__ssmka_start" ] || ! __ssmka_is_left_to_tmux || return 1
}

__ssmka_is_left_to_tmux() {
 set -- '^[[:space:]]*([^#[:space:]].*)?\<(tmux)\>' '^[[:space:]]*([^#[:space:]].*)?\<(sshd|login)\>'
 while read -r __ssmka_line; do
  ! /usr/bin/env PATH=/usr/bin:/bin grep -qE "$2" "$__ssmka_line" || return 0
 done 2>/dev/null <<__SSMKA_END
$(/usr/bin/env PATH=/usr/bin:/bin grep -lE "$1" /etc/profile /etc/profile.d/*.sh /etc/profile.local /etc/bash.bashrc /etc/bashrc /etc/bash.bashrc.local /etc/zsh/* /etc/zshenv /etc/zprofile /etc/zshrc /etc/ksh.kshrc /etc/mkshrc /etc/fish/config.fish /etc/fish/conf.d/*.fish 2>/dev/null)
__SSMKA_END
 return 1
}

__ssmka_reads_keys() {
 case $- in *i*) ;; *) return 1 ;; esac
 case $- in *m*) ;; *) return 1 ;; esac
 case $- in *c*) return 1 ;; esac
 [ -n "${BASH_VERSION-}${ZSH_VERSION-}" ] || case $- in *s*) ;; *) return 1 ;; esac
 [ -z "${ZSH_EXECUTION_STRING-}${ZSH_SCRIPT-}" ] || return 1
}

__ssmka_is_limited() {
 while read -r __ssmka_line; do
  case $__ssmka_line in 'Max file size '*\ [0-9]\ * | 'Max open'*\ [0-9]\ * | 'Max open'*\ [0-9][0-9]\ *) return 0 ;; esac
 done 2>/dev/null </proc/self/limits
 return 1
}

__ssmka_is_wanted() {
 [ "$__ssmka_entry" = fish ] || __ssmka_reads_keys || return 1
 [ "${__ssmka_tried-}" != $$ ] || return 1
 [ "${SSM_KEEPALIVE-}" != off ] || return 1
 [ -z "${VSCODE_IPC_HOOK_CLI-}" ] || return 1
 case ${TERM-} in '' | dumb | unknown) return 1 ;; esac
 [ -t 0 ] && [ -t 1 ] && [ -t 2 ] || return 1
 [ /proc/self/fd/0 -ef /proc/self/fd/1 ] && [ /proc/self/fd/0 -ef /proc/self/fd/2 ] || return 1
 __ssmka_read_stat "$__ssmka_self" || return 1
 [ "$__ssmka_group" = "$__ssmka_foreground" ] || return 1
 ! __ssmka_is_limited || return 1
 case $__ssmka_entry in
  env) __ssmka_is_session_sh || return 1 ;;
  *) __ssmka_is_login_in_scope || return 1 ;;
 esac
 [ ! -e "${__ssmka_interval:+/nonexistent}/etc/ssm-keepalive/off" ] || return 1
 [ ! -e "${HOME:-/nonexistent}/.config/ssm-keepalive/off" ]
}

__ssmka_is_program() {
 [ -x "$1" ] || return 1
 [ -O /usr/bin ] || return 0
 __ssmka_start=$1
 set -- /
 while [ $# -lt 99 ]; do
  __ssmka_line=$__ssmka_start
  while [ -n "$__ssmka_line" ]; do set -- "$@" "$__ssmka_line" && __ssmka_line=${__ssmka_line%/*}; done
  [ -h "$__ssmka_start" ] || break
  __ssmka_line=$(/usr/bin/env PATH=/usr/bin:/bin readlink "$__ssmka_start") || return 1
  case $__ssmka_line in /*) __ssmka_start=$__ssmka_line ;; *) __ssmka_start=${__ssmka_start%/*}/$__ssmka_line ;; esac
 done
 [ ! -h "$__ssmka_start" ] && [ "$(/usr/bin/find -L "$@" "${__ssmka_start%/*/*}"/lib* "${__ssmka_start%/*/*}"/lib*/python* "${__ssmka_start%/*/*}"/lib*/python*/[!ds]*/ -maxdepth 0 \( ! -user 0 -o -perm /22 \) 2>&1 && echo .)" = . ]
}

__ssmka_find_python() {
 __ssmka_python=
 [ -r "$__ssmka_dir/relay.py" ] || return 1
 [ ! -r "$__ssmka_dir/interpreter" ] || read -r __ssmka_python <"$__ssmka_dir/interpreter" || __ssmka_python=
 for __ssmka_python in "$__ssmka_python" /usr/bin/python3 /usr/libexec/platform-python /usr/bin/python2.7 /usr/bin/python; do
  case $__ssmka_python in /*) ! __ssmka_is_program "$__ssmka_python" || return 0 ;; esac
 done
 return 1
}

__ssmka_watch() {
 trap : TERM
 for __ssmka_line in 1 2 3; do
  /usr/bin/env PATH=/usr/bin:/bin sleep 1
  __ssmka_line=
  read -r __ssmka_line <"/proc/$1/stat" || return 0
  case $__ssmka_line in *' (ssm-keepalive) '*) return 0 ;; esac
 done
 __ssmka_start_of "$__ssmka_line"
 [ "$__ssmka_start" = "$2" ] && kill -KILL "$1"
}

__ssmka_start_of() {
 __ssmka_start=${1##*\) }
 __ssmka_depth=0
 while [ "$__ssmka_depth" -lt 19 ]; do
  __ssmka_start=${__ssmka_start#* }
  __ssmka_depth=$((__ssmka_depth + 1))
 done
 __ssmka_start=${__ssmka_start%% *}
}

__ssmka_become_relay() {
 read -r __ssmka_line </proc/self/stat || exit 1
 __ssmka_start_of "$__ssmka_line"
 echo "pid ${__ssmka_line%% *}" >>/proc/self/fd/9
 __ssmka_watch "${__ssmka_line%% *}" "$__ssmka_start" </dev/null >/dev/null 2>&1 7>&- 9>&- &
 trap - INT
 while read -r __ssmka_line; do
  case $__ssmka_line in SigIgn:*[2367abef]) break ;; SigIgn:*) __ssmka_int=default ;; esac
 done </proc/self/status
 trap '' INT
 case $__ssmka_python in
  *python2*) set -- -E -s -S -B "$@" ;;
  *) set -- -I -S -B "$@" ;;
 esac
 set -- "$@" -c 'import sys; sys.path[:] = [p for p in sys.path if p[:1] == "/"] + sys.argv[1:2]; del sys.argv[1:2]; import relay; relay.main(sys.argv[1:])' "$__ssmka_dir"
 [ "$__ssmka_int" != default ] || set -- "$@" --default-int 1
 if [ "$__ssmka_entry" = env ]; then
  set -- "$@" --agents-shell 1 --env-unset ENV
  [ -z "${ENV+set}" ] || set -- "$@" --env-set "ENV=$ENV"
 fi
 exec "$__ssmka_python" "$@" --interval "${__ssmka_interval:-45}" --max-idle 28800 \
  --watch $! --side 9 --outer "$__ssmka_self" --direct $$ --cap-file "${__ssmka_interval:+/nonexistent}/etc/ssm-keepalive/max-idle" 9>>/proc/self/fd/9 7>&-
}

__ssmka_run_relay() {
 __ssmka_status=
 __ssmka_started=
 __ssmka_pid=
 __ssmka_modes=
 [ -x /usr/bin/stty ] || [ -x /bin/stty ] || return 0
 {
  (__ssmka_become_relay) || :
  echo end >>/proc/self/fd/9
  while read -r __ssmka_line <&9; do
   case $__ssmka_line in
    'pid '*) __ssmka_pid=${__ssmka_line#pid } ;;
    'modes '*) __ssmka_modes=${__ssmka_line#modes } ;;
    started) __ssmka_started=1 ;;
    'ended '*) __ssmka_status=${__ssmka_line#ended } ;;
    end) break ;;
   esac
  done
  case $__ssmka_status in '' | *[!0-9]*) __ssmka_status= ;; *) return 0 ;; esac
  if [ -n "$__ssmka_pid" ] && __ssmka_read_stat "$__ssmka_pid" && [ "$__ssmka_parent" = $$ ]; then
   kill -KILL "$__ssmka_pid"
   __ssmka_depth=0
   while [ "$__ssmka_depth" -lt 20000 ] && __ssmka_read_stat "$__ssmka_pid" && [ "$__ssmka_state" != Z ]; do
    __ssmka_depth=$((__ssmka_depth + 1))
   done
  fi
  jobs >/dev/null
  [ -z "$__ssmka_started" ] || { /usr/bin/env PATH=/usr/bin:/bin stty -icanon -echo min 0 time 10 <&1 && /usr/bin/env PATH=/usr/bin:/bin dd bs=512 count=8 <&1 >/dev/null; }
  [ -z "$__ssmka_modes" ] || /usr/bin/env PATH=/usr/bin:/bin stty "$__ssmka_modes" <&1 || /usr/bin/env PATH=/usr/bin:/bin stty sane <&1
 } 2>/dev/null 9<<__SSMKA_END
open
__SSMKA_END
 [ -z "$__ssmka_started" ] || printf '\n%s\n' 'ssm-keepalive: the relay is gone; this plain shell can time out' >&2
}

__ssmka_hold_int() {
 __ssmka_int=held
 if [ "$__ssmka_entry" = env ]; then
  trap - INT
  (:)
  trap '' INT
  return
 fi
 {
  { trap && echo end; } >>/proc/self/fd/9
  while read -r __ssmka_line <&9; do
   case $__ssmka_line in
    *' INT' | *' SIGINT') __ssmka_int= ;;
    end) break ;;
   esac
  done
 } 2>/dev/null 9<<__SSMKA_END
open
__SSMKA_END
 [ -z "$__ssmka_int" ] || { (:) && trap '' INT; }
}

__ssmka_after=none
__ssmka_int=
__ssmka_room=
if [ "$__ssmka_entry" = fish ]; then exec 7>&1 1>&2; else __ssmka_self=$$; fi
if __ssmka_is_wanted; then
 __ssmka_hold_int
 __ssmka_tried=$$
 [ -z "${BASH_VERSION-}" ] && [ "$__ssmka_entry" != fish ] || set -m
 if __ssmka_find_python; then
  __ssmka_run_relay || :
  if [ -n "$__ssmka_status" ]; then
   __ssmka_after=leave
  elif [ -z "$__ssmka_started" ]; then
   __ssmka_after=prompt
  fi
 else
  __ssmka_after=prompt
 fi
fi
[ -z "$__ssmka_int" ] || trap - INT
[ -z "$__ssmka_room" ] || TMPPREFIX=$__ssmka_room
case $__ssmka_entry:$__ssmka_after in
 fish:leave) echo "ended $__ssmka_status" >&7 ;;
 fish:prompt) echo prompt >&7 ;;
 *:leave)
  [ -z "${BASH_VERSION-}${ZSH_VERSION-}" ] || exec /bin/sh -c "exit $__ssmka_status"
  exit "$__ssmka_status"
  ;;
 *:prompt)
  if [ -n "${BASH_VERSION-}" ]; then
   [ ! -r "$__ssmka_dir/prompt.bash" ] || . "$__ssmka_dir/prompt.bash"
  elif [ -n "${ZSH_VERSION-}" ]; then
   [ ! -r "$__ssmka_dir/prompt.zsh" ] || emulate zsh -c '. "$__ssmka_dir/prompt.zsh"'
  fi
  ;;
esac
unset __ssmka_line __ssmka_comm __ssmka_state __ssmka_parent __ssmka_group __ssmka_foreground __ssmka_scope __ssmka_depth \
 __ssmka_python __ssmka_start __ssmka_status __ssmka_started __ssmka_pid __ssmka_modes __ssmka_after __ssmka_int __ssmka_self \
 __ssmka_room
unset -f __ssmka_read_stat __ssmka_reads_keys __ssmka_hold_int __ssmka_is_session_sh __ssmka_is_login_in_scope __ssmka_is_left_to_tmux \
 __ssmka_is_limited __ssmka_is_wanted
unset -f __ssmka_is_program __ssmka_find_python __ssmka_watch __ssmka_start_of __ssmka_become_relay __ssmka_run_relay

import sys

try:
 import errno
 import fcntl
 import os
 import select
 import signal
 import termios
 import time
except ImportError as missing:
 sys.stdout.write("lacks %s\n" % str(missing).replace("No module named ", "").strip("'"))
 sys.exit(1)

UNPRIVILEGED = 65534
PATIENCE = 30
END = 35
MOST_SHOWN = 1 << 20
PROMPT = b"ssm-keepalive-test> "
QUERY = b"\033[5n"
ANSWER = b"\033[0n"


def become_session(slave, directory):
 os.setsid()
 fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
 for descriptor in (0, 1, 2):
  os.dup2(slave, descriptor)
 try:
  os.setgroups([])
  os.setgid(UNPRIVILEGED)
  os.setuid(UNPRIVILEGED)
 except OSError:
  pass
 os.chdir("/usr/bin")
 os.execve("/bin/sh", ["sh"], {
  "PATH": "/usr/bin:/bin",
  "TERM": "xterm-256color",
  "LANG": "C.UTF-8",
  "HOME": "/nonexistent",
  "PS1": PROMPT.decode("ascii"),
  "ENV": directory + "/selftest.sh",
 })


class Session(object):
 def __init__(self, master, deadline):
  self.master = master
  self.deadline = deadline
  self.shown = b""
  self.answered = 0

 def watch_until(self, is_done):
  while not is_done():
   left = self.deadline - time.time()
   if left <= 0:
    return False
   if select.select([self.master], [], [], left)[0]:
    try:
     data = os.read(self.master, 65536)
    except OSError as error:
     if error.errno != errno.EIO:
      raise
     data = b""
    if not data:
     return is_done()
    self.shown += data
    if len(self.shown) > MOST_SHOWN:
     return False
    while self.shown.count(QUERY) > self.answered:
     self.answered += 1
     os.write(self.master, ANSWER)
  return True

 def type(self, text):
  os.write(self.master, text)


def try_session(session):
 if not session.watch_until(lambda: PROMPT in session.shown):
  return "no prompt"
 session.type(b"read -r line; printf 'it %s [%s]\\n' read \"$line\"; exit 7\r")
 before = session.answered
 if not session.watch_until(lambda: session.answered > before):
  return "no heartbeat"
 until = time.time() + 0.3
 session.watch_until(lambda: time.time() > until or select.select([session.master], [], [], 0.05) == ([], [], []) and time.time() > until)
 session.type(b"typed\r")
 if not session.watch_until(lambda: b"it read [" in session.shown):
  return "the shell stopped reading"
 session.watch_until(lambda: b"]" in session.shown.split(b"it read [")[-1])
 if b"it read [typed]" not in session.shown:
  return "the answer leaked into the shell"
 return ""


def compile_relay(directory):
 try:
  import py_compile
  py_compile.compile(directory + "/relay.py")
 except (ImportError, EnvironmentError):
  pass


def main():
 directory = sys.argv[1]
 signal.signal(signal.SIGALRM, signal.SIG_DFL)
 signal.alarm(END)
 compile_relay(directory)
 with open("/proc/self/comm", "w") as comm:
  comm.write("ssm-session-wor")
 master, slave = os.openpty()
 pid = os.fork()
 if pid == 0:
  try:
   os.close(master)
   become_session(slave, directory)
  finally:
   os._exit(127)
 os.close(slave)
 session = Session(master, time.time() + PATIENCE)
 outcome = try_session(session)
 is_separate_user = os.stat("/proc/%d" % pid).st_uid != 0
 if not outcome:
  status = None
  while status is None and time.time() < session.deadline:
   session.watch_until(lambda: select.select([master], [], [], 0.05)[0] == [])
   found, value = os.waitpid(pid, os.WNOHANG)
   if found:
    status = value
   else:
    time.sleep(0.02)
  if status is None:
   outcome = "the shell did not end"
  elif not os.WIFEXITED(status) or os.WEXITSTATUS(status) != 7:
   outcome = "its exit status did not come back"
  else:
   pid = 0
 if pid:
  os.kill(pid, 9)
 os.close(master)
 print(outcome or ("ok" if is_separate_user else "ok root"))

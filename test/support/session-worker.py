"""Starts one shell as the agent does: a pty that root opened, a session of its own, plain argv, an unprivileged user.

  session-worker.py UID DIRECTORY NAME EXECUTABLE ARGV0 [ARG...]      its environment is the shell's

NAME becomes this process's name, since an entry asks whose child its shell is. Bytes go both ways between the pty
and standard input and output; standard error gets `pid N`, then `exit N` (128 + signal for a death by signal).
"""
import fcntl
import os
import select
import struct
import sys
import termios

uid, directory, name, executable = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
argv = sys.argv[5:]

if name != '-':
    with open('/proc/self/comm', 'w') as comm:
        comm.write(name)
master, slave = os.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 200, 0, 0))
pid = os.fork()
if pid == 0:
    os.close(master)
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for descriptor in (0, 1, 2):
        os.dup2(slave, descriptor)
    os.closerange(3, 256)
    try:
        if uid:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
        os.chdir(directory)
        os.execve(executable, argv, dict(os.environ))
    finally:
        os._exit(127)
os.close(slave)
os.write(2, b'pid %d\n' % pid)

sources = [0, master]
while master in sources:
    for source in select.select(sources, [], [])[0]:
        try:
            data = os.read(source, 65536)
        except OSError:
            data = b''
        if not data:
            sources.remove(source)
            if source == 0:
                sources = []
                break
        while data:
            data = data[os.write(1 if source == master else master, data):]
os.close(master)
_, status = os.waitpid(pid, 0)
os.write(2, b'exit %d\n' % (os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)))

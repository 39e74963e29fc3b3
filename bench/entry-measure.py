"""Times from the start of plain `sh` on a pty to its prompt, in milliseconds, as JSON: plain, out of scope, in scope; and python3 -I -S -c pass.

  entry-measure.py SHELL ROUNDS UID   interleaved, so that a busy moment hits all of them; UID runs the shell
"""
import fcntl
import json
import os
import pty
import signal
import subprocess
import sys
import termios
import time

shell, rounds, uid = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
STUB = '/usr/local/lib/ssm-keepalive/entry.sh'
PROMPT = b'bench> '


def name_self(name):
    with open('/proc/self/comm', 'w') as comm:
        comm.write(name)


def time_to_prompt(parent, env):
    """As the agent does it: this process is the parent whose name an entry reads."""
    name_self(parent)
    master, slave = pty.openpty()
    start = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for descriptor in (0, 1, 2):
            os.dup2(slave, descriptor)
        os.closerange(3, 64)
        os.fchown(0, uid, -1)
        os.setgid(uid)
        os.setuid(uid)
        os.execve(shell, ['sh'], dict({'PATH': '/usr/bin:/bin', 'TERM': 'xterm', 'HOME': '/root', 'PS1': PROMPT.decode()}, **env))
    os.close(slave)
    seen = b''
    while PROMPT not in seen:
        seen += os.read(master, 65536)
    elapsed = time.perf_counter() - start
    os.kill(pid, signal.SIGKILL)
    os.close(master)
    os.waitpid(pid, 0)
    return elapsed * 1000


def time_python():
    start = time.perf_counter()
    subprocess.run(['/usr/bin/python3', '-I', '-S', '-c', 'pass'], close_fds=False, check=True)
    return (time.perf_counter() - start) * 1000


cases = {
    'plain': lambda: time_to_prompt('elsewhere', {}),
    'outOfScope': lambda: time_to_prompt('elsewhere', {'ENV': STUB}),
    'inScope': lambda: time_to_prompt('ssm-session-wor', {'ENV': STUB}),
    'python': time_python,
}
times = {name: [] for name in cases}
for round_number in range(rounds + 1):
    for name, measure in cases.items():
        elapsed = measure()
        # The first round warms the page cache.
        if round_number:
            times[name].append(elapsed)
print(json.dumps(times))

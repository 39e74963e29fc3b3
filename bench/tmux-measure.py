"""What --wrap tmux costs, beside the relay alone and tmux alone; prints one JSON object.  python3 tmux-measure.py FOLDER

FOLDER has relay.py, tmux.sh and tmux.conf as an instance gets them. Rounds are interleaved, so that a busy machine slows all.
"""
import json
import os
import pty
import select
import signal
import statistics
import subprocess
import sys
import time

FOLDER = sys.argv[1]
BYTES = 8 * 1000 * 1000
SOURCE = os.path.join(FOLDER, 'flood')
with open(SOURCE, 'w') as file:
    file.write(('%s\n' % ('x' * 79)) * (BYTES // 80))
os.environ.update(TERM='xterm-256color', PS1='ready$ ', SHELL='/bin/sh', LANG='C.UTF-8', TMUX_TMPDIR=FOLDER)
for name in ('TMUX', 'STY', 'ENV'):
    os.environ.pop(name, None)
SESSION = 'bench-0123456789abcdef0'


def become_worker():
    """The relay looks for the agent's session worker above it: whose session it is stands in that one's second word."""
    with open('/proc/self/comm', 'w') as file:
        file.write('ssm-session-wor')
    with open('/proc/self/stat') as file:
        fields = file.read().rsplit(')', 1)[1].split()
    start, end = int(fields[45]), int(fields[46])
    with open('/proc/self/mem', 'r+b', 0) as memory:
        memory.seek(start)
        memory.write(('ssm-session-worker\0%s\0' % SESSION).encode().ljust(end - start, b'\0'))


START = 'import sys; sys.path.insert(0, sys.argv.pop(1)); import relay; relay.main(sys.argv[1:])'
subprocess.check_call([sys.executable, '-m', 'py_compile', os.path.join(FOLDER, 'relay.py')])
become_worker()


class Subject(object):
    """dash at its prompt: in the relay, in tmux, or in tmux in the relay."""

    def __init__(self, kind):
        self.model = None
        argv = ['dash', '-i']
        if kind == 'tmux':
            argv = ['tmux', '-u', '-L', 'ssm-keepalive', '-f', os.path.join(FOLDER, 'tmux.conf'), 'new-session', 'exec dash -i']
        elif kind != 'plain':
            self.model = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(0.02)               # it has to be itself before its command line is read
            argv = [sys.executable, '-I', '-S', '-B', '-c', START, FOLDER, '--outer', str(self.model.pid)]
            argv += ['--wrap', os.path.join(FOLDER, 'tmux.sh')] if kind == 'wrapped' else []
        begin = time.perf_counter()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvp(argv[0], argv)
        self.read_until(b'ready$')
        self.took = (time.perf_counter() - begin) * 1000

    def read_until(self, text):
        tail, end = b'', time.perf_counter() + 60
        while text not in tail:
            if time.perf_counter() > end:
                raise RuntimeError('no %r in %r' % (text, tail))
            if select.select([self.fd], [], [], 1)[0]:
                tail = tail[-200:] + os.read(self.fd, 65536)

    def flood(self):
        begin = time.perf_counter()
        os.write(self.fd, b'cat %s; echo en""d-of-it\r' % SOURCE.encode())
        self.read_until(b'end-of-it')
        return BYTES / 1e6 / (time.perf_counter() - begin)

    def start_echo(self):
        os.write(self.fd, b'stty raw -echo; echo g""o; exec cat\r')
        self.read_until(b'go')
        self.settle()

    def settle(self):
        while select.select([self.fd], [], [], 0.3)[0]:
            os.read(self.fd, 65536)

    def echo(self):
        """tmux redraws in its own time and adds to it: whatever comes first is the answer."""
        begin = time.perf_counter()
        os.write(self.fd, b'k')
        os.read(self.fd, 65536)
        return (time.perf_counter() - begin) * 1000

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.close(self.fd)
        os.waitpid(self.pid, 0)
        if self.model:
            self.model.kill()
            self.model.wait()
        for socket in ('ssm-keepalive', 'ssm-keepalive-bench'):
            subprocess.call(['tmux', '-L', socket, 'kill-server'], stderr=subprocess.DEVNULL)


def unique_kib(name):
    """Of the newest process of that name."""
    pids = sorted(int(pid) for pid in os.listdir('/proc') if pid.isdigit() and comm(pid) == name)
    with open('/proc/%d/smaps_rollup' % pids[-1]) as file:
        return sum(int(line.split()[1]) for line in file if line.startswith(('Private_Clean', 'Private_Dirty')))


def comm(pid):
    try:
        with open('/proc/%s/comm' % pid) as file:
            return file.read().strip()
    except (IOError, OSError):
        return ''


def once(kind, what):
    subject = Subject(kind)
    try:
        return what(subject)
    finally:
        subject.close()


def echoes(subject):
    subject.start_echo()
    times = []
    for _ in range(200):
        times.append(subject.echo())
        time.sleep(0.002)
    return statistics.median(times[20:])


rounds = [{kind: once(kind, lambda subject: subject.took) for kind in ('plain', 'relay', 'tmux', 'wrapped')} for _ in range(15)]
floods = [{kind: once(kind, Subject.flood) for kind in ('relay', 'tmux', 'wrapped')} for _ in range(5)]
echo = [{kind: once(kind, echoes) for kind in ('tmux', 'wrapped')} for _ in range(3)]
memory = once('wrapped', lambda subject: [unique_kib('tmux: client'), unique_kib('tmux: server')])
medians = lambda table: {kind: statistics.median(row[kind] for row in table) for kind in table[0]}
print(json.dumps({'prompt': medians(rounds), 'flood': medians(floods), 'echo': medians(echo), 'memory': memory}))

"""Measures the relay beside `script -q` and tmux in one run; prints one JSON object.  python3 relay-measure.py RELAY

Every subject gets the same outer pty from the same driver, which reads as fast as it can; pairs are interleaved so that a
busy machine slows both.
"""
import json
import os
import pty
import select
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import tty

RELAY, PYTHON = sys.argv[1], sys.executable
BYTES = 40 * 1000 * 1000
FOLDER = tempfile.mkdtemp()
os.environ.update(TERM='xterm', PS1='ready$ ', SHELL='/bin/sh')   # bash would drop PS1
# The flood comes from one write loop in C, in lines as programs print them.
LINES = {
    'plain': b'x' * 79 + b'\n',
    # As ls --color prints names.
    'colour': b'\x1b[0m\x1b[01;34mfolder\x1b[0m  \x1b[01;32mprogram\x1b[0m  file.txt  \x1b[01;36mlink\x1b[0m\n',
    'UTF-8': u'\u043f\u0440\u0438\u0432\u0435\u0442 \u4f60\u597d \u20ac \u2500\u2500\u2500 caf\xe9 na\xefve'.encode('utf-8') + b'\n',
    'sixel': b'\x1bPq"1;1;93;14#0;2;60;0;0' + b'#0~~@@vv@@~~@@~~$-' * 2000 + b'\x1b\\\n',
}
# 200 KB each that a parser which starts over at every byte takes seconds for.
HOSTILE = {
    'ESC ESC[5n': b'\x1b\x1b[5n',
    'UTF-8 C1 strings': b'\xc2\x90q\xc2\x9d0;',
    'ESC alone': b'\x1b',
    'queries in a pass-through': b'\x1bPtmux;\x1b\x1b[5n',
    'open CSI': b'\x1b[1;',
    'open OSC': b'\x1b]0;x',
    '8-bit CSI': b'\x9b5',
}


def write_source(kind, line, size):
    path = os.path.join(FOLDER, kind.replace(' ', '-'))
    with open(path, 'wb') as file:
        file.write((line * (size // len(line) + 1))[:size])
    return path


SOURCES = {kind: write_source(kind, line, BYTES) for kind, line in LINES.items()}
SOURCES.update((kind, write_source(kind, line, 200000)) for kind, line in HOSTILE.items())


# How an installer can start it that has compiled it once: the compiler is most of what the source form costs.
PROGRAM = 'import sys; sys.path.insert(0, sys.argv.pop(1)); import relay; relay.main(sys.argv[1:])'
shutil.copy(RELAY, os.path.join(FOLDER, 'relay.py'))
subprocess.check_call([PYTHON, '-m', 'py_compile', os.path.join(FOLDER, 'relay.py')])


def relay_argv(argv, is_compiled=False):
    model = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.02)                       # it has to be itself before its command line is read
    folder = FOLDER if is_compiled else os.path.dirname(RELAY)
    return [PYTHON, '-I', '-S', '-B', '-c', PROGRAM, folder, '--outer', str(model.pid)], model


def start(argv):
    pid, fd = pty.fork()
    if pid == 0:
        os.execvp(argv[0], argv)
    return pid, fd


def stop(pid, fd):
    os.close(fd)
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        pass
    os.waitpid(pid, 0)


def read_until(fd, text, seconds=60):
    tail, end = b'', time.perf_counter() + seconds
    while text not in tail:
        if time.perf_counter() > end:
            raise RuntimeError('no %r in %r' % (text, tail))
        if select.select([fd], [], [], 1)[0]:
            tail = tail[-200:] + os.read(fd, 65536)
    return tail


class Subject(object):
    """A dash at its prompt behind one of the three, or behind none."""

    def __init__(self, kind):
        self.model = None
        shell = ['dash', '-i']
        if kind in ('relay', 'compiled'):
            argv, self.model = relay_argv(shell, kind == 'compiled')
        elif kind == 'script':
            argv = ['script', '-q', '-c', 'exec dash -i', '/dev/null']
        elif kind == 'tmux':
            self.socket = os.path.join(FOLDER, 'tmux-%d' % time.time())
            argv = ['tmux', '-f', '/dev/null', '-S', self.socket, 'new-session', 'dash -i']
        else:
            argv = shell
        self.kind = kind
        self.pid, self.fd = start(argv)
        read_until(self.fd, b'ready$')
        time.sleep(0.3)

    def flood(self, kind='plain'):
        begin = time.perf_counter()
        os.write(self.fd, b'cat %s; echo en""d-of-it\r' % SOURCES[kind].encode())
        read_until(self.fd, b'end-of-it')
        return BYTES / (time.perf_counter() - begin)

    def interrupt(self, kind):
        """Seconds from Ctrl-C to the prompt, while hostile output comes again and again and a terminal answers its questions."""
        os.write(self.fd, b"stty -echo; while cat '%s'; do :; done\r" % SOURCES[kind].encode())
        os.set_blocking(self.fd, False)
        seen, tail, end = 0, b'', time.perf_counter() + 30
        begin, is_sent = None, False
        while time.perf_counter() < end:
            if not select.select([self.fd], [], [], 0.5)[0]:
                continue
            data = os.read(self.fd, 65536)
            seen += len(data)
            answers = (tail[-3:] + data).count(b'\x1b[5n')
            tail = (tail + data)[-200:]
            begin = begin or (time.perf_counter() if seen > 100000 else None)
            try:
                os.write(self.fd, b'\x1b[0n' * answers)
                if begin and not is_sent:
                    is_sent = os.write(self.fd, b'\x03') == 1
            except OSError:                # what a terminal does when nobody takes its keys: it drops them; the person tries again
                pass
            if begin is not None and b'ready$' in tail:
                return time.perf_counter() - begin
        raise RuntimeError('no prompt after Ctrl-C: %r' % tail)

    def echo(self, count):
        os.write(self.fd, b'stty raw -echo; echo go; cat\r')
        read_until(self.fd, b'go')
        time.sleep(0.2)
        while select.select([self.fd], [], [], 0)[0]:
            os.read(self.fd, 65536)
        times = []
        for _ in range(count):
            begin = time.perf_counter()
            os.write(self.fd, b'k')
            os.read(self.fd, 100)
            times.append((time.perf_counter() - begin) * 1000)
        return times

    def close(self):
        stop(self.pid, self.fd)
        if self.model:
            self.model.kill()
            self.model.wait()
        if self.kind == 'tmux':
            subprocess.call(['tmux', '-S', self.socket, 'kill-server'], stderr=subprocess.DEVNULL)


def unique_kib(pid):
    with open('/proc/%d/smaps_rollup' % pid) as file:
        return sum(int(line.split()[1]) for line in file if line.startswith(('Private_Clean', 'Private_Dirty')))


def throughput(others):
    # tmux draws what differs on its screen, not what came: only of plain lines does the end come out as it was.
    return [compare_floods(other, text) for other in others for text in LINES if other == 'script' or text == 'plain']


def compare_floods(other, text):
    ratios, rates = [], []
    for turn in range(7):
        both = {}
        for kind in (('relay', other) if turn % 2 else (other, 'relay')):
            subject = Subject(kind)
            both[kind] = subject.flood(text)
            subject.close()
        ratios.append(both['relay'] / both[other])
        rates.append((both['relay'] / 1e6, both[other] / 1e6))
    return {'against': other, 'text': text, 'ratio': statistics.median(ratios), 'relay': statistics.median(rate[0] for rate in rates),
            'other': statistics.median(rate[1] for rate in rates)}


def hostility():
    """Ctrl-C to the prompt, in milliseconds: with the relay and without."""
    return [[text] + [statistics.median(interrupted(kind, text) for _ in range(5)) * 1000 for kind in ('relay', 'plain')] for text in HOSTILE]


def interrupted(kind, text):
    subject = Subject(kind)
    try:
        return subject.interrupt(text)
    finally:
        subject.close()


def latency():
    """Alternating blocks on sessions that stay open, so that noise meets both."""
    subjects = {kind: Subject(kind) for kind in ('relay', 'script')}
    times = {'relay': [], 'script': []}
    for kind, subject in subjects.items():
        subject.echo(200)
    for _ in range(30):
        for kind, subject in subjects.items():
            for _ in range(100):
                begin = time.perf_counter()
                os.write(subject.fd, b'k')
                os.read(subject.fd, 100)
                times[kind].append((time.perf_counter() - begin) * 1000)
    for subject in subjects.values():
        subject.close()
    return {kind: [sorted(values)[int(len(values) * share)] for share in (0.5, 0.95)] for kind, values in times.items()}


def memory():
    subject = Subject('relay')
    own = unique_kib(subject.pid)
    subject.flood()
    flooded = unique_kib(subject.pid)
    subject.close()
    subject = Subject('compiled')
    compiled = unique_kib(subject.pid)
    subject.close()
    bare = subprocess.Popen([PYTHON, '-I', '-S', '-c', 'import errno, fcntl, os, select, signal, struct, sys, termios, time; time.sleep(60)'])
    time.sleep(0.5)
    other = unique_kib(bare.pid)
    bare.kill()
    bare.wait()
    return {'relay': own, 'flooded': flooded, 'compiled': compiled, 'bare': other}


def start_up():
    def once(kind):
        model = None
        argv = ['dash', '-i']
        if kind != 'plain':
            argv, model = relay_argv(argv, kind == 'compiled')
        begin = time.perf_counter()
        pid, fd = start(argv)
        read_until(fd, b'ready$')
        took = time.perf_counter() - begin
        stop(pid, fd)
        if model:
            model.kill()
            model.wait()
        return took * 1000

    def python():
        begin = time.perf_counter()
        subprocess.call([PYTHON, '-I', '-S', '-c', 'pass'])
        return (time.perf_counter() - begin) * 1000
    rounds = [(once('relay'), once('compiled'), once('plain'), python()) for _ in range(25)]
    return [statistics.median(column) for column in zip(*rounds)]


try:
    others = ['script'] + (['tmux'] if shutil.which('tmux') else [])
    print(json.dumps({'throughput': throughput(others), 'hostile': hostility(), 'latency': latency(), 'memory': memory(), 'startup': start_up()}))
finally:
    shutil.rmtree(FOLDER, True)

"""The relay as a process, in real ptys and real time:  python3 live.py RELAY 'PYTHON FLAG... CASE'...  prints a line of JSON per case.

Outside stands what the entry is on a host: a session leader that runs the relay as its child and afterwards has the
terminal for itself again. A model process shows the relay how "the shell outside" was started.
"""
import fcntl
import json
import multiprocessing
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import traceback

RELAY, PYTHON, FLAGS = sys.argv[1], '', []
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'support'))
from terminal import ANSWER, QUERY, Terminal  # noqa: E402
RUNS = []


def module(path):
    """As the entry starts it: what was compiled once is used again."""
    return 'import sys; sys.path.insert(0, %r); import relay; relay.main(sys.argv[1:])' % os.path.dirname(path)


class Run(Terminal):
    def __init__(self, argv, interval=1, max_idle=3600, env=None, typed=b'', mode='answers', more=(), cwd='/', before=':', after='cat', wrap=False):
        self.folder = tempfile.mkdtemp()
        env = dict({'PATH': os.environ['PATH'], 'TERM': 'xterm', 'PS1': '$ ', 'HOME': '/nonexistent'}, **(env or {}))
        self.model = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                      env=env, cwd=cwd, start_new_session=True)
        self.side = os.path.join(self.folder, 'side')
        self.modes_file = os.path.join(self.folder, 'modes')
        command = [PYTHON] + FLAGS + ['-c', module(RELAY), '--interval', str(interval), '--max-idle', str(max_idle), '--side', '9',
                                      '--outer', str(self.model.pid)] + list(more)
        if wrap:
            command = ['sh', '-c', '"$@"; exit $?', 'sh'] + command
        script = before + '; stty -g >"$M.0"; "$@" 9>"$S"; code=$?; stty -g >"$M"; echo left $code >>"$S.left"; ' + after
        self.pid, fd = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            os.environ.update(S=self.side, M=self.modes_file)
            while typed and not select.select([0], [], [], 0.05)[0]:   # typed before the relay runs
                pass
            os.execvp('sh', ['sh', '-c', script, 'sh'] + command)
        Terminal.__init__(self, fd, mode)
        if typed:
            self.type(typed)
        RUNS.append(self)

    def tell(self):
        return self.told()

    def told(self):
        try:
            with open(self.side) as side:
                return side.read()
        except IOError:
            return ''

    def left(self):
        return os.path.exists(self.side + '.left') and open(self.side + '.left').read().startswith('left')

    def started(self):
        self.until(lambda: 'started' in self.told(), 'never started')
        self.relay = self.child(self.pid)
        while open('/proc/%d/comm' % self.relay).read() != 'ssm-keepalive\n':
            self.relay = self.child(self.relay)
        # The logger is a child for some milliseconds; the shell is the one that leads a session on a pty.
        self.until(lambda: self.child(self.relay, 'logger'), 'no shell')
        self.shell = self.child(self.relay, 'logger')
        return self

    @staticmethod
    def child(pid, other_than=''):
        # Its own list: a look at all of /proc costs 200 times as much, fifty times a second.
        for child in open('/proc/%d/task/%d/children' % (pid, pid)).read().split():
            try:
                stat = open('/proc/%s/stat' % child).read()
                command = open('/proc/%s/cmdline' % child).read()
            except IOError:
                continue
            if not (other_than and (other_than in stat or not command or command.startswith(PYTHON) and module(RELAY) in command)):
                return int(child)
        return None

    def ends(self, code, told=None):
        self.until(self.left, 'the relay never left')
        before = open(self.modes_file + '.0').read()
        same(self.told(), 'modes %sstarted\nended %d\n' % (before, code if told is None else told))
        same(open(self.side + '.left').read(), 'left %d\n' % code)
        same(open(self.modes_file).read(), before)   # the terminal as it was

    def record(self):
        self.until(self.written, 'no status record')
        return self.written()

    def written(self):
        """What the record says; nothing before it has said anything: `started` comes first."""
        for name in os.listdir('/proc/%d/fd' % self.relay):
            path = '/proc/%d/fd/%s' % (self.relay, name)
            target = os.readlink(path)
            if target.startswith(('/dev/shm/ssm-keepalive-', '/tmp/ssm-keepalive-')):
                return dict(word.split('=', 1) for word in open(path).read().split())
        return None

    def close(self):
        self.model.kill()
        self.model.wait()
        try:
            os.close(self.fd)
        except OSError:
            pass
        try:
            os.kill(self.pid, signal.SIGKILL)
        except OSError:
            pass
        try:
            os.waitpid(self.pid, 0)
        except OSError:
            pass
        shutil.rmtree(self.folder, True)


def same(actual, expected):
    if actual != expected:
        raise AssertionError('expected %r, got %r' % (expected, actual))


def is_gone(pid):
    try:
        return open('/proc/%d/stat' % pid).read().rsplit(')', 1)[1].split()[0] in 'ZX'
    except IOError:
        return True


def wait_gone(pids, why, seconds=10):
    end = time.time() + seconds
    while not all(is_gone(pid) for pid in pids):
        if time.time() > end:
            raise AssertionError('%s: %s' % (why, [open('/proc/%d/cmdline' % pid).read() for pid in pids if not is_gone(pid)]))
        time.sleep(0.02)


def no_trace(run):
    """Not one byte of an answer was echoed, shown or typed."""
    shown = run.screen.replace(QUERY, b'')
    for trace in (b'0n', b'^[['):
        if trace in shown:
            raise AssertionError('a trace of an answer: %r' % shown[-400:])


BASH = ['bash', '--norc', '--noprofile', '-i']


def with_relay(was, now, case):
    """Plays a case with a relay in whose text `now` stands for `was`; '' puts it before everything."""
    path = os.path.join(tempfile.mkdtemp(), 'relay.py')
    with open(RELAY) as file:
        text = file.read()
    assert was in text, was
    with open(path, 'w') as file:
        file.write(text.replace(was, now, 1))
    saved = globals()['RELAY']
    globals()['RELAY'] = path
    try:
        case()
    finally:
        globals()['RELAY'] = saved
        shutil.rmtree(os.path.dirname(path))


def prompt(argv, mode='answers'):
    run = Run(argv, mode=mode).started()
    run.sees(b'$ ')
    run.type(b'echo a')
    run.beats(3)
    run.type(b'b; echo $((40+2))\r')
    run.sees(b'ab\r\n42')
    no_trace(run)
    run.type(b'exit 5\r')
    run.ends(5)


def at_a_bash_prompt():
    prompt(BASH)


def at_a_bash_prompt_with_split_answers():
    prompt(BASH, 'split')


def at_a_dash_prompt():
    prompt(['dash', '-i'])


def in_sleep_and_type_ahead_waits():
    run = Run(['dash', '-i']).started()
    run.type(b'sleep 4; cat -v\r')
    run.beats(2)
    run.type(b'typed ahead\r')
    run.until(lambda: run.screen.count(b'typed ahead\r\n') == 2, 'cat read nothing')
    run.beats(1)
    run.type(b'\x04')
    run.type(b'exit\r')
    no_trace(run)
    run.ends(0)


def in_cat_and_a_reading_shell():
    run = Run(BASH).started()
    run.type(b"IFS= read -rs x; printf '<%q>\\n' \"$x\"\r")
    run.beats(2)
    run.type(b'secret\r')
    run.sees(b'<secret>')
    run.type(b'cat -v\r')
    run.beats(2)
    run.type(b'line\r\x04')
    run.sees(b'line\r\nline\r\n')
    no_trace(run)
    run.type(b'exit\r')
    run.ends(0)


def in_vi_and_less():
    path = os.path.join(tempfile.gettempdir(), 'ssmka-vi-%d' % os.getpid())
    run = Run(BASH, mode='split').started()
    run.type(('vi -u NONE -N -n %s\r' % path).encode())
    run.beats(2)
    run.type(b'ione')
    run.beats(2)
    run.type(b'two\x1b')
    run.beats(2)
    run.type(b':wq\r')
    run.until(lambda: os.path.exists(path), 'vi wrote nothing')
    same(open(path).read(), 'onetwo\n')
    run.type(('seq 1 1000 >%s; less %s\r' % (path, path)).encode())
    run.beats(2)
    run.type(b'q')
    run.type(b'echo do""ne\r')
    run.sees(b'done')
    run.type(b'exit\r')
    run.ends(0)
    os.unlink(path)


def in_a_python_repl():
    run = Run(BASH).started()
    run.type(b'/usr/bin/python3 -q\r')
    run.sees(b'>>> ')
    run.type(b'"a" + ')
    run.beats(2)
    run.type(b'"b"\r')
    run.sees(b"'ab'")
    run.type(b'input()\r')
    run.beats(2)
    run.type(b'c\r')
    run.sees(b"'c'")
    no_trace(run)
    run.type(b'exit()\r')
    run.type(b'exit\r')
    run.ends(0)


def in_su_and_nested_shells():
    run = Run(BASH).started()
    run.type(b"su -s /bin/bash nobody -c 'bash --norc -i'\r" if os.getuid() == 0 else b'bash --norc -i\r')
    run.type(b'dash -i\r')
    run.type(b'echo a')
    run.beats(2)
    run.type(b'b\r')
    run.sees(b'ab\r\n')
    no_trace(run)
    run.type(b'exit\rexit\rexit 3\r')
    run.ends(3)


def the_shell_cannot_tell():
    """Everything dump.py sees, with the relay and on a pty without."""
    argv = ['/usr/bin/python3', '-I', os.path.join(HERE, 'dump.py'), 'an argument', 'caf\xe9']
    env = {'A': 'x y', 'EMPTY': '', 'LANG': 'C', 'LC_ALL': 'C'}
    # The outer shell got its signals from its own parent; `env --ignore-signal` style cases are the model's.
    before = 'umask 027; ulimit -n 333; ulimit -c 0; stty -ixon erase ^H; stty rows 33 cols 99'
    seen = []
    for is_relayed in (True, False):
        run = Run(argv, env=env, cwd='/usr', before=before, more=['--env-unset', 'GONE', '--env-set', 'B=2'])
        if not is_relayed:
            run.close()
            full = dict({'PATH': os.environ['PATH'], 'TERM': 'xterm', 'PS1': '$ ', 'HOME': '/nonexistent', 'B': '2'}, **env)
            pid, fd = pty.fork()
            if pid == 0:
                os.chdir('/usr')
                os.execve('/bin/sh', ['sh', '-c', before + '; exec env -i PATH="$PATH" "$@"', 'sh'] + [
                    '%s=%s' % item for item in full.items()] + argv, {'PATH': os.environ['PATH']})
            run.pid, run.fd = pid, fd
            run.screen = bytearray()
        run.sees(b' END', 20)
        text = run.screen.decode('utf-8', 'surrogateescape').replace('\r\n', '')
        seen.append(json.loads(text[text.index('DUMP ') + 5:text.index(' END')]))
    for key in sorted(seen[0]):
        if key == 'fds':
            same((key, seen[0][key]), (key, ['0', '1', '2']))
        elif key == 'environ':
            without = [[word for word in dump[key] if not word.startswith(('_=', 'OLDPWD=', 'PWD='))] for dump in seen]
            same((key, without[0]), (key, without[1]))
        else:
            same((key, seen[0][key]), (key, seen[1][key]))


def ignored_signals_stay_ignored_and_the_others_default():
    show = 'grep -E "SigIgn|SigBlk" /proc/self/status; read x'
    for trap in ('', "trap '' PIPE INT HUP USR1 TSTP;"):
        script = trap + 'exec /usr/bin/env "$@"'
        model = ['sh', '-c', script, 'sh', 'sh', '-c', show]
        run = Run(model, before=trap.rstrip(';') or ':')
        run.sees(b'SigIgn:')
        run.until(lambda: b'\n' in run.screen[run.seen:], 'no mask')
        mask = int(run.screen[run.seen:].split()[0], 16)
        bits = lambda *numbers: sum(1 << (number - 1) for number in numbers)
        # grep sees what the shell passes on; PIPE, XFSZ and INT are what Python changes in itself.
        expected = bits(1, 2, 10, 13, 20) if trap else 0
        same(mask & bits(1, 2, 10, 13, 20, 25), expected)


def a_line_typed_before_the_relay_runs_once():
    counter = os.path.join(tempfile.gettempdir(), 'ssmka-once-%d' % os.getpid())
    run = Run(['dash', '-i'], typed=('echo x >>%s; echo ra""n\n' % counter).encode()).started()
    run.sees(b'ran')
    run.beats(2)
    run.type(b'exit\r')
    run.ends(0)
    same(open(counter).read(), 'x\n')
    os.unlink(counter)


def job_control_and_control_keys():
    run = Run(BASH).started()
    run.type(b'sleep 1000\r')
    run.beats(1)
    run.type(b'\x1a')
    run.sees(b'Stopped')
    run.type(b'bg\r')
    run.sees(b'sleep 1000 &')
    run.type(b'fg\r')
    run.sees(b'sleep 1000')
    run.beats(1)
    run.type(b'\x03')
    run.type(b'echo code $?\r')
    run.sees(b'code 130')
    run.type(b'cat\r')
    run.sees(b'cat\r\n')
    run.beats(1)                           # typed while bash still has the terminal, Ctrl-D would be no end of file
    run.type(b'\x04echo af""ter\r')
    run.sees(b'after')
    run.sees(b'\x1b[?2004h')               # the same: readline has the terminal again
    run.type(b'\x04')
    run.ends(0)


def a_resize_reaches_the_program():
    run = Run(BASH).started()
    run.type(b"trap 'stty size' WINCH; echo rea''dy\r")
    run.sees(b'ready')
    run.beats(1)                           # bash is at its prompt, where it looks for signals
    fcntl.ioctl(run.fd, termios.TIOCSWINSZ, struct.pack('HHHH', 41, 123, 0, 0))
    run.type(b'\r')
    run.sees(b'41 123')


def exit_status_becomes_ours(codes=(0, 7, 137, 255)):
    for code in codes:
        run = Run(['dash', '-i']).started()
        run.type(('exit %d\r' % code).encode())
        run.ends(code)
        run.close()


def every_exit_status_becomes_ours():
    exit_status_becomes_ours(range(256))


def death_by_signal_becomes_ours():
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGSEGV):
        run = Run(['sleep', '1000']).started()
        os.kill(run.shell, number)
        run.ends(128 + number)
        run.close()


def hangup_outside_hangs_up_inside():
    run = Run(BASH).started()
    run.type(b'sleep 1000\r')
    run.beats(1)
    sleeper = run.child(run.shell)
    assert sleeper
    os.close(run.fd)
    wait_gone([run.relay, run.shell, sleeper], 'left after the terminal went away')


def term_and_hup_end_it():
    for number in (signal.SIGTERM, signal.SIGHUP):
        run = Run(BASH).started()
        run.sees(b'$ ')
        os.kill(run.relay, number)
        run.until(run.left, 'the relay never left')
        assert 'ended' in run.told(), run.told()
        wait_gone([run.relay, run.shell], 'left after a signal')
        run.close()


def kill_9_of_the_relay_then_close():
    run = Run(BASH).started()
    run.sees(b'$ ')
    os.kill(run.relay, signal.SIGKILL)
    wait_gone([run.relay, run.shell], 'the inner shell outlives the relay')
    run.until(run.left, 'nobody noticed')
    same(run.told().split('\n', 1)[1], 'started\n')
    os.close(run.fd)
    wait_gone([run.pid], 'left after close')


def kill_9_of_the_shell_then_close():
    run = Run(BASH).started()
    run.sees(b'$ ')
    os.kill(run.shell, signal.SIGKILL)
    run.ends(137)
    os.close(run.fd)
    wait_gone([run.relay, run.shell, run.pid], 'left after close')


def kill_9_of_the_parent_then_close():
    run = Run(BASH).started()
    run.sees(b'$ ')
    run.type(b'sleep 1000 & sleep 1000\r')
    run.beats(1)
    os.kill(run.pid, signal.SIGKILL)
    os.waitpid(run.pid, 0)
    wait_gone([run.relay, run.shell], 'left though the shell outside is dead')
    os.close(run.fd)


def a_parent_that_dies_unseen_takes_the_relay_with_it():
    # A process in between: it leads nothing, so killing it sends no signal to anybody.
    def case(mode):
        run = Run(BASH, wrap=True, mode=mode).started()
        run.sees(b'$ ')
        if mode == 'answers':
            run.beats(1)
        middle = int(open('/proc/%d/stat' % run.relay).read().rsplit(')', 1)[1].split()[1])
        assert middle != run.pid
        os.kill(middle, signal.SIGKILL)
        wait_gone([run.relay, run.shell], 'left though its parent is dead')
        run.until(run.left, 'the shell outside never went on')
        modes = subprocess.check_output(['stty', '-g'], stdin=run.fd).decode()
        same(modes, open(run.modes_file + '.0').read())
    case('answers')
    # Nothing wakes a relay without heartbeats but its own look.
    with_relay('LOOK = 15.0', 'LOOK = 0.5', lambda: case('silent'))


def a_background_job_holds_nobody_up():
    run = Run(BASH).started()
    run.type(b'sleep 1000 & echo pid=$! ;exit 4\r')
    run.sees(b'pid=')
    run.until(lambda: re.search(br'pid=(\d+)', run.screen), 'no pid')
    run.ends(4)
    os.kill(int(re.search(br'pid=(\d+)', run.screen).group(1)), signal.SIGKILL)


def the_last_output_is_not_lost():
    run = Run(BASH).started()
    run.type(b'seq 1 20000; echo e""nd; exit\r')
    run.ends(0)
    while run.turn():
        pass
    assert b'19999\r\n20000\r\nend' in run.screen, run.screen[-200:]


def control_c_on_a_flood():
    run = Run(BASH).started()
    run.type(b'yes\r')
    run.until(lambda: len(run.screen) > 500000, 'no flood')
    run.type(b'\x03')
    before = len(run.screen)
    run.type(b'echo en""d\r')
    run.until(lambda: b'end' in run.screen[-400:], 'the flood goes on')
    assert len(run.screen) - before < 2000000, 'a flood of %d bytes after Ctrl-C' % (len(run.screen) - before)
    run.type(b'exit\r')
    run.ends(0)


def a_client_that_stops_reading_loses_nothing():
    run = Run(BASH).started()
    run.sees(b'$ ')
    run.type(b'seq 1 200000\r')
    time.sleep(1.5)                        # nothing is read here: every buffer on the way fills up
    run.sees(b'\r\n200000\r\n')
    body = run.screen.replace(QUERY, b'').replace(b'\r', b'')
    assert b'\n'.join(str(number).encode() for number in range(1, 200001)) in body
    run.type(b'exit\r')
    run.ends(0)


def a_large_paste_arrives_whole():
    run = Run(BASH).started()
    path = os.path.join(run.folder, 'paste')
    run.type(('stty raw -echo; echo re""ady; head -c 300000 >%s; stty sane; echo do""ne\r' % path).encode())
    run.sees(b'ready')
    data = (b'0123456789abcdef\xff\x00' * 20000)[:300000]
    fcntl.fcntl(run.fd, fcntl.F_SETFL, os.O_NONBLOCK)
    while data:
        run.turn(0)
        try:
            data = data[os.write(run.fd, data[:4096]):]
        except OSError:
            time.sleep(0.005)
    run.sees(b'done')
    same(open(path, 'rb').read(), (b'0123456789abcdef\xff\x00' * 20000)[:300000])


def tmout_keeps_its_meaning():
    """Heartbeats flow each second; the answers never reach the shell, and so cannot keep it awake."""
    # ksh93 warns and waits another minute: that it warns on time is what is looked at.
    for argv, setting, sign in ((BASH, b'TMOUT=3', b'auto-logout'), (BASH, b'readonly TMOUT=3', b'auto-logout'),
                                (['zsh', '-f', '-i'], b'TMOUT=3', b'timeout'), (['mksh', '-i'], b'TMOUT=3', b'timed out'),
                                (['ksh', '-i'], b'TMOUT=3', b'60 seconds')):
        run = Run(argv).started()
        run.until(lambda: b'$ ' in run.screen or b'# ' in run.screen, 'no prompt')
        run.type(setting + b'; echo se""t\r')
        run.sees(b'set\r\n')
        run.beats(1)
        run.sees(sign)
        no_trace(run)
        if argv[0] != 'ksh':
            run.until(run.left, '%s did not log out' % argv[0])
        run.close()


def nobody_answers():
    """One query before the shell's first byte, and nothing of ours after it; the session is kept once an answer comes."""
    run = Run(BASH, mode='silent').started()
    run.sees(b'$ ')
    run.type(b'stty -echo; sleep 3; echo f""ine | base64\r')
    run.sees(b'ZmluZQo=')
    assert run.screen.startswith(QUERY) and run.asked == 1 and b'\0' not in run.screen, run.screen
    same((run.record()['state'], run.record()['sent']), ('no-answer', '1'))
    run.mode = 'answers'
    run.type(ANSWER + b'echo la""te\r')
    run.sees(b'late')
    run.beats(2)
    same((run.record()['state'], run.record()['leaked']), ('answering', '0'))
    no_trace(run)
    run.type(b'exit\r')
    run.ends(0)


def tmux_CC_reads_nothing_of_ours():
    """Control mode is one open string. A query in it would end iTerm2's integration."""
    run = Run(BASH).started()
    socket = os.path.join(run.folder, 'cc')
    run.sees(b'$ ')
    try:
        run.type(('tmux -S %s -f /dev/null -CC new bash --norc --noprofile\r' % socket).encode())
        run.sees(b'\x1bP1000p')
        begun = run.seen
        run.sees(b'%session-changed')
        run.type(b"send-keys 'sleep 4; echo sl\"\"ept' Enter\n")   # three intervals and more, without a key
        run.sees(b'slept')
        run.type(b'display-message -p alive\n')
        run.sees(b'alive')
        assert QUERY not in run.screen[begun:], run.screen[begun:]
        assert b'%exit' not in run.screen[begun:], run.screen[begun:]
    finally:
        subprocess.call(['tmux', '-S', socket, 'kill-server'])
    run.sees(b'%exit')
    run.sees(b'\x1b\\')
    run.beats(1)                           # the string is closed
    run.type(b'exit 3\r')
    run.ends(3)


def a_long_string_comes_out_unbroken():
    for opens, body, closes in ((b'\x1b]52;c;', b'QUJD', b'\x07'), (b'\x1bPq', b'#1~-', b'\x1b\\')):
        run = Run(BASH).started()
        run.beats(1)
        whole = opens + body * 50000 + closes
        path = os.path.join(run.folder, 'string')
        with open(path, 'wb') as file:
            file.write(whole)
        # It stops half-way for three intervals, far behind whatever a relay remembers.
        run.type(('clear; head -c 100000 %s; sleep 4; tail -c +100001 %s; echo en""d\r' % (path, path)).encode())
        run.until(lambda: len(run.screen) > 100000, 'no first half')
        run.sees(b'end')
        assert whole in run.screen, 'broken: %r' % [run.screen[at - 20:at + 20] for at in (run.screen.rfind(QUERY),)]
        run.beats(1)
        run.type(b'exit\r')
        run.ends(0)
        run.close()


def with_a_terminal_that_answers_as_hterm_does():
    prompt(BASH, 'hterm')
    prompt(['dash', '-i'], 'hterm')


def with_a_terminal_that_answers_without_the_escape():
    """Its bytes are keys like any others: typed once, and nothing of ours follows."""
    run = Run(BASH, mode='bare').started()
    run.sees(b'[0n')
    run.type(b'\x15stty -echo; sleep 3; echo f""ine\r')
    run.sees(b'fine')
    same(run.asked, 1)
    same((run.record()['state'], run.record()['sent'], run.record()['leaked']), ('no-answer', '1', '0'))
    run.type(b'exit\r')
    run.ends(0)


def with_a_terminal_that_answers_twice():
    prompt(BASH, 'twice')


def a_fault_of_the_keeper_is_on_record_and_ends_no_session():
    def case():
        run = Run(BASH).started()
        run.until(lambda: run.record()['state'] == 'fault', 'no fault on record')
        run.type(b'echo st""ill\r')
        run.sees(b'still')
        run.type(b'exit 3\r')
        run.ends(3)
    for method in ('    def beat(self, now):\n', '    def probe(self, _, now):\n', '    def resized(self, size, now):\n'):
        with_relay(method, method + '        raise KeyError(now)\n', case)


def heartbeats_stop_when_nobody_is_there():
    cap = os.path.join(tempfile.gettempdir(), 'ssmka-cap-%d' % os.getpid())
    if os.getuid() == 0:
        with open(cap, 'w') as file:
            file.write('3\n')
    run = Run(BASH, max_idle=3600 if os.getuid() == 0 else 3, more=['--cap-file', cap]).started()
    run.until(lambda: run.record()['state'] == 'capped', 'never capped')
    asked = run.asked
    time.sleep(2.2)
    run.turn()
    same(run.asked, asked)
    run.type(b' ')
    run.beats(1)
    run.type(b'exit\r')
    run.ends(0)
    if os.getuid() == 0:
        os.unlink(cap)


def what_root_can_see_of_it():
    run = Run(BASH).started()
    same(open('/proc/%d/comm' % run.relay).read(), 'ssm-keepalive\n')
    run.beats(2)
    record = run.record()
    same((record['v'], record['state'], record['interval'], record['maxidle'], record['leaked']), ('1', 'answering', '1', '3600', '0'))
    same(int(record['inner']), run.shell)
    run.type(b'exit\r')
    run.ends(0)


def stopped_and_continued():
    run = Run(BASH, before=':').started()
    run.sees(b'$ ')
    os.kill(run.relay, signal.SIGSTOP)
    subprocess.call(['stty', 'sane'], stdin=run.fd)
    os.kill(run.relay, signal.SIGCONT)
    run.type(b'echo ba""ck\r')
    run.sees(b'back\r\n')
    run.beats(1)
    no_trace(run)
    run.type(b'exit\r')
    run.ends(0)


def without_a_terminal_it_leaves_at_once():
    process = subprocess.Popen([PYTHON] + FLAGS + ['-c', module(RELAY), '--outer', str(os.getpid())], stdin=subprocess.DEVNULL, start_new_session=True,
                               stderr=subprocess.PIPE)
    same((process.communicate()[1], process.returncode), (b'', 70))


def without_openpty():
    with_relay('', "import os; vars(os).pop('openpty', None)\n", lambda: prompt(['dash', '-i']))


def killed_right_after_its_first_query_it_has_said_started():
    def case():
        run = Run(BASH)
        run.until(run.left, 'the relay never left')
        assert run.screen.count(QUERY) == 1, run.screen
        same(run.told().split('\n', 1)[1], 'started\n')
    with_relay('', "import os; plain = os.write; os.write = lambda fd, data: "
                     "plain(fd, data) if data != b'\\x1b[5n' else [plain(fd, data), os.kill(os.getpid(), 9)]\n", case)


def hold(task):
    """One case with one Python: why it does not hold, or nothing."""
    global PYTHON, FLAGS
    words = task.split()
    PYTHON, FLAGS = words[0], words[1:-1]
    try:
        try:
            globals()[words[-1]]()
        finally:
            for run in RUNS:
                run.close()
            pids = [pid for run in RUNS for pid in (getattr(run, 'relay', None), getattr(run, 'shell', None)) if pid]
            wait_gone(pids, 'left behind')
    except Exception:
        return task, traceback.format_exc()
    return task, ''


def main():
    # Each in a process of its own, forked: one that is started anew spends half of its time on imports. Most of them wait.
    with multiprocessing.get_context('fork').Pool(8, maxtasksperchild=1) as pool:
        for task, why in pool.imap_unordered(hold, sys.argv[2:]):
            print(json.dumps({'task': task, 'why': why}))


if __name__ == '__main__':
    main()

"""Logins on one host, as the agent starts them, with a terminal that answers:  python3 drive.py CASE TURN   (root of a sandbox)

Of rows that show the same, TURN says which one is played; all of them where it is `all`.

Every login is a pty that root opened, plain sh as ssm-user with the entry's ENV, and this process its parent, named as the
agent's session worker. What tmux itself knows is asked from its server, as the same user.
"""
import fcntl
import importlib
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time

sys.path.insert(0, '/support')
from terminal import QUERY, Terminal  # noqa: E402

UID = 1001
ENV = '/usr/local/lib/ssm-keepalive/entry.sh'
# What tmux asks a terminal when it begins, the more the newer it is, and what one of 24 lines and 100 columns says.
REPORTS = {
    b'\x1b[6n': b'\x1b[1;1R',
    b'\x1b[c': b'\x1b[?64;1;2;6;9;15;18;21;22c',
    b'\x1b[>c': b'\x1b[>41;379;0c',
    b'\x1b[>q': b'\x1bP>|XTerm(379)\x1b\\',
    b'\x1b]10;?\x1b\\': b'\x1b]10;rgb:dddd/dddd/dddd\x1b\\',
    b'\x1b]11;?\x1b\\': b'\x1b]11;rgb:0000/0000/0000\x1b\\',
    b'\x1b[?996n': b'\x1b[?997;1n',
    b'\x1b[?2026$p': b'\x1b[?2026;2$y',
    b'\x1b[14t': b'\x1b[4;480;800t',
    b'\x1b[18t': b'\x1b[8;24;100t',
}
LOGINS = []
PERSON = 'kim'
SUFFIX = '-0123456789abcdef0'


class Login(Terminal):
    patience = 25

    def __init__(self, env=None, argv=('sh',), path='/bin/sh', typed=b'', delay=0, mode='answers', size=(24, 100)):
        fd, slave = pty.openpty()
        Terminal.__init__(self, fd, mode, delay=delay, reports=REPORTS)
        self.status = None
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', size[0], size[1], 0, 0))
        if typed:
            os.write(self.fd, typed)
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            for fd in (0, 1, 2):
                os.dup2(slave, fd)
            os.closerange(3, 256)
            os.setgroups([])
            os.setgid(UID)
            os.setuid(UID)
            os.chdir('/usr/bin')
            full = {'PATH': '/usr/bin:/bin', 'TERM': 'xterm-256color', 'LANG': 'C.UTF-8', 'HOME': '/home/ssm-user', 'PS1': 'prompt> ', 'ENV': ENV}
            full.update(env or {})
            try:
                os.execve(path, list(argv), {name: value for name, value in full.items() if value is not None})
            finally:
                os._exit(127)
        os.close(slave)
        LOGINS.append(self)

    def turn_all(self):
        turn_logins()

    def tell(self):
        return ask('list-sessions')

    def press(self, key):
        """The prefix, then a key: tmux takes keys less than a millisecond apart for a paste."""
        for data in (b'\x02', key):
            end = time.time() + 0.05
            while time.time() < end:
                self.turn()
            self.type(data)

    def interrupt(self):
        """Ctrl-C until the prompt is back: dash loses one that meets a child which it has just forked."""
        end = time.time() + 25
        while not pane().strip().endswith('prompt>'):
            if time.time() > end:
                raise AssertionError('no prompt after Ctrl-C\n%s' % pane())
            self.type(b'\x03')
            for _ in range(25):
                self.turn()

    def falls_silent(self):
        """From now on nobody answers; waits for the first heartbeat that has none."""
        self.mode = 'silent'
        self.late = []
        goal = self.asked + 1
        self.until(lambda: self.asked >= goal, 'never asked')

    def relay(self):
        return next((pid for pid in below(self.pid) if name_of(pid) == 'ssm-keepalive' and int(stat_of(pid)[1]) == self.pid), None)

    def is_wrapped(self):
        return self.client() is not None

    def client(self):
        return next((pid for pid in below(self.pid) if name_of(pid) == 'tmux: client'), None)

    def in_tmux(self):
        """Waits for the first prompt inside tmux."""
        # 3.7 and newer clear to the end of the line instead of the last space. A client also comes and goes before there is a tmux.
        self.until(lambda: re.search(br'prompt>|[#$]( |\x1b\[K)', self.screen) and self.is_wrapped(), 'no prompt in tmux')
        return self

    def session(self):
        """The name of the tmux session this login is attached to."""
        for line in ask('list-clients', '-F', '#{client_pid} #{session_name}').split('\n'):
            if line.split(' ')[0] == str(self.client()):
                return line.split(' ')[1]
        return None

    def wrap(self):
        # The first line is written a moment after the record is made.
        self.until(lambda: 'wrap' in (self.record() or {}), 'no line in the record')
        return self.record()['wrap']

    def record(self):
        """The relay's status record."""
        for name in os.listdir('/proc/%d/fd' % self.relay()):
            path = '/proc/%d/fd/%s' % (self.relay(), name)
            if 'ssm-keepalive-' in os.readlink(path):
                return dict(word.split('=', 1) for word in open(path).read().split())
        return None

    def ends(self):
        """Waits for the shell that the agent started; its exit status."""
        def is_over():
            if self.status is None:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                if pid:
                    self.status = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
            return self.status is not None
        self.until(is_over, 'the login never ended')
        return self.status

    def lose(self, kills=False):
        """The connection is gone: the agent kills its shell and closes the pty, or the line just hangs up."""
        pids = [self.pid] + below(self.pid)
        if kills:
            os.kill(self.pid, signal.SIGKILL)
        os.close(self.fd)
        self.fd = None
        self.ends()
        wait_for(lambda: not any(name_of(pid) in ('ssm-keepalive', 'tmux: client') for pid in pids), 'left behind')


def become(session_id):
    """From now on this process, the worker of every login, has these two words as its argv."""
    with open('/proc/self/stat') as stat:
        fields = stat.read().rsplit(')', 1)[1].split()
    start, end = int(fields[45]), int(fields[46])
    words = b'ssm-session-worker\0' + session_id.encode() + b'\0'
    with open('/proc/self/mem', 'r+b', 0) as memory:
        memory.seek(start)
        memory.write(words.ljust(end - start, b'\0'))


def login_of(session_id, **more):
    become(session_id)
    return Login(**more)


def stat_of(pid):
    try:
        with open('/proc/%d/stat' % pid) as file:
            return file.read().rsplit(')', 1)[1].split()
    except (IOError, OSError):
        return ['X', '0']


def name_of(pid):
    try:
        with open('/proc/%d/comm' % pid) as file:
            return file.read().strip() if stat_of(pid)[0] not in 'ZX' else ''
    except (IOError, OSError):
        return ''


def below(pid):
    try:
        with open('/proc/%d/task/%d/children' % (pid, pid)) as file:
            children = [int(word) for word in file.read().split()]
    except (IOError, OSError):
        return []
    return children + [each for child in children for each in below(child)]


def turn_logins(seconds=0.1):
    """Every terminal reads, as soon as one of them has something, and answers."""
    living = [login for login in LOGINS if login.fd is not None and login.status is None]
    seconds = min([seconds] + [max(0, login.late[0][0] - time.time()) for login in living if login.late])
    select.select([login.fd for login in living], [], [], seconds)
    for login in living:
        login.turn(0)


def wait_for(holds, why, seconds=25):
    """Polls; what is asked is often a process."""
    end = time.time() + seconds
    while not holds():
        if time.time() > end:
            raise AssertionError(why)
        until = time.time() + 0.1
        while time.time() < until:
            turn_logins(until - time.time())


def some(rows, count=1):
    """So many of the rows, by turns."""
    if sys.argv[2] == 'all':
        return rows
    first = int(sys.argv[2]) * count % len(rows)
    return (rows + rows)[first:first + count]


def tmux(label, *words):
    """What the user's server of this label answers to root."""
    run = subprocess.run(['/usr/bin/tmux', '-u', '-S', '/tmp/tmux-%d/%s' % (UID, label)] + list(words), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         env={'PATH': '/usr/bin', 'LANG': 'C.UTF-8'})
    return run.stdout.decode('utf-8', 'replace').strip()


def start_server(label, session):
    """One of the user's own."""
    subprocess.check_call(['/usr/bin/setpriv', '--reuid', str(UID), '--regid', str(UID), '--clear-groups', '/usr/bin/tmux', '-L', label, 'new-session', '-d', '-s', session],
                          env={'PATH': '/usr/bin', 'HOME': '/home/ssm-user', 'TERM': 'xterm'})


def ask(*words):
    """What our server answers; nothing where there is none."""
    try:
        return tmux('ssm-keepalive-' + PERSON, *words)
    except OSError:                        # a host without a tmux
        return ''


def sessions():
    """Name and number of attached logins of every session."""
    return sorted(tuple(line.split(' ')) for line in ask('list-sessions', '-F', '#{session_name} #{session_attached}').split('\n') if line)


def pane(session=None):
    return ask('capture-pane', '-p', *(['-t', session] if session else []))


def version():
    return subprocess.check_output(['/usr/bin/tmux', '-V']).decode().split()[1]


def server():
    return int(ask('display-message', '-p', '#{pid}'))


def same(actual, expected):
    if actual != expected:
        raise AssertionError('expected %r, got %r' % (expected, actual))


def no_trace(login):
    """Not one byte of an answer: not on the screen, not in any pane."""
    shown = login.screen.replace(QUERY, b'')
    for trace in (b'0n', b'^[['):
        if trace in shown:
            raise AssertionError('a trace of an answer: %r' % shown[-800:])
    assert '0n' not in pane() and '^[' not in pane(), pane()


def pretend(text):
    """Another program in the place of tmux; /usr/local/bin is the host's own."""
    os.makedirs('/usr/local/bin', exist_ok=True)
    with open('/usr/local/bin/tmux', 'w') as file:
        file.write(text)
    os.chmod('/usr/local/bin/tmux', 0o755)


def the_job_goes_on_and_the_next_login_is_back_in_it():
    login = Login().in_tmux()
    same(login.wrap(), 'tmux')
    login.type(b'echo ma""rk; n=0; while :; do n=$((n+1)); echo $n >/tmp/count; sleep 0.1; done\r')
    login.sees(b'mark')
    login.beats(2)
    keeper = server()
    for kills in (False, True):
        login.lose(kills)
        wait_for(lambda: sessions() == [('0', '0')], 'the session is gone, or attached')
        before = open('/tmp/count').read()
        wait_for(lambda: open('/tmp/count').read() not in ('', before), 'the job stopped')
        login = Login().in_tmux()
        login.sees(b'mark')
        same((server(), sessions()), (keeper, [('0', '1')]))
    login.interrupt()
    login.type(b'echo ba""ck; exit 3\r')
    login.sees(b'back')
    same(login.ends(), 0)
    same(sessions(), [])


def detach_ends_the_login_and_keeps_the_session():
    login = Login().in_tmux()
    login.type(b'echo he""re\r')
    login.sees(b'here')
    login.press(b'd')
    login.sees(b'[detached')
    same(login.ends(), 0)
    same(sessions(), [('0', '0')])
    again = Login().in_tmux()
    again.sees(b'here')
    again.type(b'exit\r')
    same(again.ends(), 0)
    same(sessions(), [])


def logins_at_the_same_time_never_share_a_session():
    first = [Login() for _ in range(3)]
    for login in first:
        login.in_tmux()
    same(sorted(login.session() for login in first), ['0', '1', '2'])
    for _ in some([1, 2, 3]):
        for login in first:
            login.press(b'd')
        for login in first:
            login.ends()
        same([count for _, count in sessions()], ['0'] * len(sessions()))
        # Three detached sessions, five logins at once: three come back, two are new.
        first = [Login() for _ in range(5)]
        for login in first:
            login.in_tmux()
        same(len(set(login.session() for login in first)), 5)
        same([count for _, count in sessions()], ['1'] * 5)
        for login in first[3:]:
            login.type(b'exit\r')
            login.ends()
        first = first[:3]
        same(len(sessions()), 3)


def a_login_whose_line_is_dead_gives_its_session_up():
    dead = Login().in_tmux()
    dead.type(b'echo ma""rk\r')
    dead.sees(b'mark')
    dead.beats(1)
    dead.falls_silent()
    heir = Login().in_tmux()
    heir.sees(b'mark')
    same(heir.session(), '0')
    dead.sees(b'[detached')
    same((dead.ends(), sessions()), (0, [('0', '1')]))
    # One that answers keeps what it has.
    other = Login().in_tmux()
    same((other.session(), heir.session(), sessions()), ('1', '0', [('0', '1'), ('1', '1')]))
    # Silent, and nobody came: nothing has changed for it.
    heir.falls_silent()
    os.kill(heir.relay(), signal.SIGUSR1)
    heir.type(b'echo ba""ck\r')
    heir.sees(b'back')
    same(sessions(), [('0', '1'), ('1', '1')])
    heir.mode = 'answers'
    no_trace(heir)


def asked_by_another_login_a_relay_asks_its_terminal_at_once():
    """A heartbeat is due after an hour here."""
    login = Login().in_tmux()
    login.until(lambda: login.answered == 1, 'the probe was not answered')
    os.kill(login.relay(), signal.SIGUSR1)
    login.until(lambda: (login.answered, login.record()['answered']) == (2, '2'), 'not asked')
    no_trace(login)


def a_client_that_does_not_answer_gets_a_plain_shell():
    """What drives a session from a program: no size, nothing but its own commands to be read."""
    program = Login(mode='silent', size=(0, 0), typed=b'echo ra$((1))n\n')
    program.sees(b'ra1n')
    program.sees(b'prompt> ')
    same((program.is_wrapped(), program.wrap(), program.record()['state']), (False, 'none', 'no-answer'))
    same((program.screen.count(QUERY), program.screen.count(b'ra1n'), b'ssm-keepalive' in program.screen), (1, 1, False))
    assert program.screen.index(QUERY) < program.screen.index(b'prompt'), program.screen
    program.type(b'exit 3\r')
    same(program.ends(), 3)
    # A console that shows what it gets and never answers.
    console = Login(mode='silent')
    console.sees(b'prompt> ')
    same((console.is_wrapped(), console.screen.count(QUERY), b'ssm-keepalive' in console.screen), (False, 1, False))


def a_terminal_that_comes_late_gets_tmux():
    login = Login(size=(0, 0), delay=2)
    end = time.time() + 1
    while time.time() < end:
        login.turn()
    fcntl.ioctl(login.fd, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 100, 0, 0))
    login.in_tmux()
    same(login.wrap(), 'tmux')
    no_trace(login)


def a_login_whose_line_is_slow_keeps_its_session():
    """A heartbeat is due after 3 s here."""
    slow = Login(delay=2.5).in_tmux()
    slow.beats(1)
    other = Login().in_tmux()
    same((slow.session(), other.session()), ('0', '1'))
    # Nor is what it says of itself taken for keys when it comes this late: 3.1c, which may do that, does not ask.
    same((pane('0').strip(), version().startswith('3.1') and b'\x1b[c' in slow.screen), ('prompt>', False))
    slow.falls_silent()
    heir = Login().in_tmux()
    same((heir.session(), other.session()), ('0', '1'))


def nothing_suspends_a_login():
    login = Login().in_tmux()
    login.press(b'\x1a')
    login.type(b'echo ba""ck\r')
    login.sees(b'back')
    same(sessions(), [('0', '1')])
    # One that locks its screen: keys are for the program that does it.
    ask('set-option', '-g', 'lock-command', 'echo locked; read -r key; echo "got <$key>"; sleep 0.3')
    ask('lock-server')
    login.sees(b'locked')
    login.type(b'ke')
    login.beats(1)
    login.type(b'y\r')
    # What a newer tmux asked the terminal just before is answered here too.
    login.sees(b'got <')
    login.sees(b'key>')
    login.sees(b'prompt>')
    no_trace(login)


def what_is_typed_ahead_runs_once_in_tmux():
    """tmux 3.1c throws away what comes before it has the terminal; the relay keeps that for it."""
    login = Login(typed=b'echo x >>/tmp/ahead\n').in_tmux()
    if login.relay() or not version().startswith('3.1'):
        wait_for(lambda: os.path.exists('/tmp/ahead') and open('/tmp/ahead').read(), 'lost')
    login.type(b'echo x >>/tmp/ahead; echo do""ne\r')
    login.sees(b'done')
    same(open('/tmp/ahead').read(), 'x\nx\n' if login.relay() or not version().startswith('3.1') else 'x\n')


def nothing_of_an_answer_reaches_a_pane_a_prompt_copy_mode_or_a_chooser():
    login = Login().in_tmux()
    login.type(b'cat -v\r')
    login.sees(b'cat -v')
    login.beats(2)
    login.type(b'line\r')
    login.sees(b'line\r\nline')
    # The command prompt: what was typed before and after is one command.
    login.press(b':')
    login.sees(b':')
    login.type(b'set-option -g @said pa')
    login.beats(2)
    login.type(b'rt\r')
    wait_for(lambda: ask('show-options', '-gv', '@said') == 'part', 'the command prompt has read something else')
    # A prefix that waits for its key.
    login.type(b'\x02')
    login.beats(1)
    login.type(b'[')
    wait_for(lambda: ask('display-message', '-p', '#{pane_mode}') == 'copy-mode', 'no copy mode')
    login.beats(2)
    same(ask('display-message', '-p', '#{pane_mode}'), 'copy-mode')
    login.type(b'q')
    wait_for(lambda: ask('display-message', '-p', '#{pane_in_mode}') == '0', 'still in a mode')
    for key, mode in ((b'w', 'tree-mode'), (b'D', 'client-mode'), (b't', 'clock-mode')):
        login.press(key)
        wait_for(lambda: ask('display-message', '-p', '#{pane_mode}') == mode, 'no ' + mode)
        login.beats(1)
        same(ask('display-message', '-p', '#{pane_mode}'), mode)
        login.type(b'q')
        wait_for(lambda: ask('display-message', '-p', '#{pane_in_mode}') == '0', 'still in a mode')
    login.type(b'end\r')
    login.sees(b'end')
    same(pane().split('\n')[1:], ['line', 'line', 'end', 'end'])
    no_trace(login)


def nothing_is_printed_while_nobody_is_attached():
    login = Login().in_tmux()
    login.until(lambda: b'[0]' in login.screen, 'no status line')
    login.lose()
    wait_for(lambda: sessions() == [('0', '0')], 'not detached')
    pid = server()
    written = lambda: int(re.search(r'wchar: (\d+)', open('/proc/%d/io' % pid).read()).group(1))
    # The heartbeats of a login that has nothing to do with it are the clock.
    other = Login(env={'TMUX': '/tmp/tmux-1001/default,1,0'})
    other.beats(1)
    before = written()
    other.beats(3)
    same(written(), before)


def the_users_own_tmux_is_left_alone():
    with open('/home/ssm-user/.tmux.conf', 'w') as file:
        file.write('set -g prefix C-a\nset -g status-left USERS\n')
    start_server('default', 'mine')
    login = Login().in_tmux()
    same(ask('show-options', '-gv', 'prefix'), 'C-b')
    assert b'USERS' not in login.screen
    same(tmux('default', 'list-sessions', '-F', '#{session_name} #{session_attached}'), 'mine 0')
    # Inside ours, and inside the user's own that is reached from a plain session: no second one.
    login.type(b'bash -l\r')
    login.beats(1)
    same(len(sessions()), 1)
    same(len([pid for pid in below(login.pid) if name_of(pid) == 'ssm-keepalive']), 1)
    tmux('default', 'kill-server')
    os.unlink('/home/ssm-user/.tmux.conf')


def inside_a_multiplexer_there_is_no_wrapper():
    for env in some([{'TMUX': '/tmp/tmux-1001/default,1,0'}, {'STY': '1.pts-0.host'}]):
        login = Login(env=env)
        login.sees(b'prompt> ')
        login.beats(1)
        same((login.is_wrapped(), login.wrap()), (False, 'none'))
        assert b'ssm-keepalive' not in login.screen, login.screen
        login.type(b'exit 4\r')
        same(login.ends(), 4)


def plain(login, wrap, status=9):
    """A plain shell, kept, that says why; what was typed ahead runs once."""
    login.sees(b'ssm-keepalive: tmux ')
    login.sees(b'this shell ends with its connection')
    login.sees(b'ra1n')
    login.beats(1)
    same((login.is_wrapped(), login.wrap()), (False, wrap))
    same(login.screen.count(b'ra1n'), 1)
    login.type(b'exit %d\r' % status)
    same(login.ends(), status)
    login.until(lambda: not any(name_of(pid).startswith('tmux') for pid in below(os.getpid())), 'a tmux is left')


def without_a_usable_tmux_the_shell_is_plain_and_kept():
    """/usr/bin/tmux is not to be seen on this host."""
    plain(Login(typed=b'echo ra$((1))n\n'), 'missing')
    pretend('#!/bin/sh\necho tmux 1.8\n')
    plain(Login(typed=b'echo ra$((1))n\n'), 'missing')
    version = '[ "$1" != -V ] || { echo tmux 3.4; exit; }'
    ends = ['#!/bin/sh\nexit 127\n', '#!/bin/sh\n%s\necho open terminal failed\nexit 1\n' % version]
    hangs = ['#!/bin/sh\n%s\nexec sleep 1000\n' % version, '#!/bin/sh\nexec sleep 1000\n']
    for text in some(ends) + some(hangs):
        pretend(text)
        plain(Login(typed=b'echo ra$((1))n\n'), 'failed')


def a_folder_of_sockets_that_somebody_else_made_is_not_used():
    """tmux itself looks at who owns it; the login is a plain shell."""
    place = '/tmp/tmux-%d' % UID
    os.mkdir('/tmp/others', 0o777)
    os.mkdir(place, 0o700)
    os.chown(place, UID + 1, UID + 1)
    plain(login_of('kim-0123456789abcdef0', typed=b'echo ra$((1))n\n'), 'failed')
    os.rmdir(place)
    os.symlink('/tmp/others', place)
    plain(login_of('kim-0123456789abcdef0', typed=b'echo ra$((1))n\n'), 'failed')
    same(os.listdir('/tmp/others'), [])
    os.unlink(place)
    # After the look of tmux somebody could exchange it.
    os.chmod('/tmp', 0o777)
    plain(login_of('kim-0123456789abcdef0', typed=b'echo ra$((1))n\n'), 'failed')
    same(os.path.lexists(place), False)
    os.chmod('/tmp', 0o1777)


def a_server_that_dies_leaves_a_plain_shell_that_is_kept():
    login = Login().in_tmux()
    login.beats(1)                         # the answers to what tmux itself asked went before: the plain shell would read them
    os.kill(server(), signal.SIGKILL)
    login.sees(b'ssm-keepalive: tmux failed')
    login.sees(b'prompt> ')
    login.beats(2)
    same(login.wrap(), 'failed')
    login.type(b'echo "<$(grep SigIgn /proc/self/status)>"\r')
    login.until(lambda: re.search(br'<SigIgn:\s(\w+)>', login.screen), 'no mask')
    same(int(re.search(br'<SigIgn:\s(\w+)>', login.screen).group(1), 16) >> (signal.SIGQUIT - 1) & 1, 0)
    login.type(b'echo pl""ain; exit 6\r')
    login.sees(b'plain')
    same(login.ends(), 6)


def the_shell_inside_is_the_one_without():
    login = Login(env={'ZZZ': "it's"}).in_tmux()
    login.type(b'tr "\\0" " " </proc/$$/cmdline; echo "|$TERM|$PWD|$ZZZ|${ENV-unset}|$(stty size)|"\r')
    login.sees(b'sh |screen-256color|/usr/bin|it\'s|unset|23 100|')
    login.type(b'printf "\\303\\251\\342\\202\\254 %s\\n" o""k\r')
    login.sees('\u00e9\u20ac ok'.encode())
    login.type('echo \u00e9\u20acx | od -An -tx1\r'.encode())
    login.sees(b'c3 a9 e2 82 ac 78 0a')
    login.type(b'exit\r')
    same(login.ends(), 0)
    login = Login(argv=['-bash'], path='/usr/bin/bash', env={'ENV': None}).in_tmux()
    login.type(b'echo "<$0 $SHELL $-"; shopt login_shell\r')
    login.sees(b'<-bash /usr/bin/bash h')
    login.sees(b'on\r\n')
    login.type(b'exit\r')
    same(login.ends(), 0)
    login = Login(argv=['bash', '-l'], path='/usr/bin/bash', env={'ENV': None}).in_tmux()
    login.type(b'echo "<$0 $(tr "\\0" "," </proc/$$/cmdline)>"\r')
    login.sees(b'<bash bash,-l,>')
    login.type(b'exit\r')
    same(login.ends(), 0)


def label_of(name):
    return ''.join(each if re.match('[A-Za-z0-9-]', each) else '_%02x' % ord(each) for each in name)


# Names that tmux would write alike, that begin alike, or that a shell would read as something else.
OTHERS = ['lee', 'kim_', 'kim_2e', 'a.b', 'a_b', 'a,b', 'kim@example.com', '-kim', 'k=i+m']
MACHINES = ['botocore-session-1700000000', 'aws-sdk-js-session-17', 'AWS-CLI-session-17', 'aws-go-sdk-17', 'AWSCodeBuild-1', 'GitHubActions',
            'i-0123456789abcdef0', 'mi-0123456789abcdef0', '1700000000', '0123456789abcdef0123456789abcdef']
MALFORMED = ['kim', 'kim-12', 'kim' + SUFFIX + '!', 'k/../m' + SUFFIX, 'k;m' + SUFFIX, 'x' * 90 + SUFFIX, '\u00e9' + SUFFIX, '$(id)' + SUFFIX]


def every_person_has_a_socket_and_no_machine_has_one():
    """What the installed relay makes of a session id, without a login."""
    version = open('/usr/local/lib/ssm-keepalive/current').read().strip()
    sys.path.insert(0, '/usr/local/lib/ssm-keepalive/' + version)
    sys.dont_write_bytecode = True
    relay = importlib.import_module('relay')
    people = ['kim', 'kim.'] + OTHERS
    same([relay.label_of(relay.person_of(name + SUFFIX)) for name in people], ['ssm-keepalive-' + label_of(name) for name in people])
    same(len(set(label_of(name) for name in people)), len(people))
    for session_id in [name + SUFFIX for name in MACHINES] + MALFORMED + ['']:
        same((session_id, relay.label_of(relay.person_of(session_id))), (session_id, ''))
        same((session_id, bool(relay.split_id(session_id))), (session_id, session_id not in MALFORMED + ['']))


def nobody_gets_the_session_of_another():
    """Detached or attached, silent or not: a session is for logins of the same name alone."""
    global PERSON
    own = login_of('kim' + SUFFIX, env={'SECRET': 'ki""ms'}).in_tmux()
    own.type(b'export TOKEN=s3cr3t; echo ma""rk\r')
    own.sees(b'mark')
    # Same person, attached and answering: another session. The id of the session is on record.
    second = login_of('kim' + SUFFIX).in_tmux()
    same(sessions(), [('0', '1'), ('1', '1')])
    same(second.record()['sid'], 'kim' + SUFFIX)
    second.type(b'exit\r')
    second.ends()
    for kind in ('attached and answering', 'attached and silent', 'detached'):
        if kind == 'attached and silent':
            own.beats(1)
            own.falls_silent()
        if kind == 'detached':
            own.lose()
            wait_for(lambda: sessions() == [('0', '0')], 'not detached')
        for name in some(['lee', 'kim.', 'kim_']) if kind != 'detached' else ['kim.'] + some(OTHERS, 2):
            PERSON = label_of(name)
            other = login_of(name + SUFFIX).in_tmux()
            other.type(b'echo "<${TOKEN-none}|${SECRET-none}>"\r')
            other.sees(b'<none|none>')
            assert b'mark' not in other.screen, (kind, name, other.screen)
            same(sessions(), [('0', '1')])
            other.type(b'exit\r')
            same(other.ends(), 0)
            same(sessions(), [])
            PERSON = 'kim'
        same([number for number, _ in sessions()], ['0'])
    # Same person, detached.
    back = login_of('kim' + SUFFIX[:-1] + 'f').in_tmux()
    back.sees(b'mark')
    same(sessions(), [('0', '1')])
    back.type(b'echo "<$TOKEN>"\r')
    back.sees(b'<s3cr3t>')
    # Same person, attached and silent.
    back.falls_silent()
    heir = login_of('kim' + SUFFIX).in_tmux()
    heir.sees(b'mark')
    same((heir.session(), sessions()), ('0', [('0', '1')]))


def who_is_nobody_gets_a_plain_shell():
    start_server('ssm-keepalive', 'earlier')
    for session_id in [name + SUFFIX for name in some(MACHINES)] + some(MALFORMED) + ['']:
        login = login_of(session_id)
        login.sees(b"ssm-keepalive: tmux is for people, and this session's id names none; this shell ends with its connection")
        login.sees(b'prompt> ')
        same((login.is_wrapped(), login.wrap()), (False, 'nobody'))
        same(login.record()['sid'], '-' if session_id in MALFORMED + [''] else session_id)
        login.type(b'exit 4\r')
        same(login.ends(), 4)
    # No worker above.
    with open('/proc/self/comm', 'w') as comm:
        comm.write('sshd')
    login = Login(argv=['-bash'], path='/usr/bin/bash', env={'ENV': None})
    login.sees(b'prompt> ')
    same(login.is_wrapped(), False)
    with open('/proc/self/comm', 'w') as comm:
        comm.write('ssm-session-wor')
    login.type(b'exit 4\r')
    login.ends()
    # A session of an earlier version is nobody's: a person gets a new one.
    login = login_of('kim' + SUFFIX).in_tmux()
    same(sessions(), [('0', '1')])
    same(tmux('ssm-keepalive', 'list-sessions', '-F', '#{session_name} #{session_attached}'), 'earlier 0')
    tmux('ssm-keepalive', 'kill-server')


def main():
    become('kim-0123456789abcdef0')
    with open('/proc/self/comm', 'w') as comm:
        comm.write('ssm-session-wor')
    os.makedirs('/home/ssm-user', exist_ok=True)
    os.chown('/home/ssm-user', UID, UID)
    try:
        globals()[sys.argv[1]]()
    finally:
        ask('kill-server')
        shutil.rmtree('/tmp/tmux-%d' % UID, True)


if __name__ == '__main__':
    main()

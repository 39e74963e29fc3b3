"""ssm-keepalive relay: a pty between a Session Manager terminal and its shell."""
# PYTHON -I -S -B -c "import relay; ..." --interval 45 --max-idle 28800 --side 9 --outer PID (2.7: -E -s -S -B)
#
# It starts the shell PID once more on a pty of its own and copies bytes both ways. When the client has sent
# nothing for a while it prints ESC [ 5 n. A terminal answers ESC [ 0 n by itself, and that answer is the client-side
# input that the service's idle timer wants to see. The relay removes exactly as many answers as it asked for, so
# no program ever reads one. A client that has never answered is asked again only after a new window size.
# It opens no socket, keeps no history and writes no file that has a name. Descriptor 9 gets "modes M", as stty -g
# prints them, before the terminal changes, "started" once the shell runs, and "ended N" as the very last act; a caller
# that does not read "ended" restores these modes and goes on as the plain shell.
# With --wrap tmux.sh a tmux client runs where the shell would, and the shell inside tmux; with --login SHELL it is
# that shell, as a login shell.
import errno
import fcntl
import os
import struct
import termios

from relay.bytes import ANSWER
from relay.keeper import Keeper
from relay.pump import Pump, clock, read_some, wait
from relay.record import Record, find_session_id, read_cap, set_name
from relay.shell import Shell, exit_code, open_outer, open_pty, raw, reap, set_modes, signal, to_bytes
from relay.tmux import Wrapper

LINGER = 1.0         # how long to wait for an answer that is under way when the shell ends


class Session(object):
    def __init__(self, options):
        self.options = options
        self.arrived = set()
        self.children = [options['watch']] if options['watch'] else []   # beside the shell
        self.status = self.wrapper = None
        self.has_noted_fault = False

    def open(self):
        """Does what can fail before it changes anything: a failure leaves the plain shell as it was."""
        options = self.options
        if options['direct'] and os.getppid() != options['direct']:
            # Our interpreter is the child of a script, so the shell would not notice that we end or stop.
            raise OSError(errno.ECHILD, 'not started by the shell that waits')
        self.shell = Shell(options['outer'], options['changes'], options['login'])
        self.listen()
        self.outer = open_outer()
        self.modes = termios.tcgetattr(0)
        # As `stty -g` prints them.
        chars = [ord(char) if isinstance(char, bytes) else char for char in self.modes[6]]
        self.tell('modes ' + ':'.join('%x' % (number & 0xffffffff) for number in self.modes[:4] + chars))
        self.record = Record(options['interval'], options['max-idle'], find_session_id(options['outer']))
        self.keeper = Keeper(options['interval'], options['max-idle'], clock(), lambda: read_cap(options['cap-file']))
        self.pump = Pump(self.outer, -1, self.keeper, self.bell)
        set_name()
        if options['wrap'] is not None:
            self.wrapper = Wrapper(options['wrap'], self.record.session_id, self.shell.environ)
        if not self.wrapper or not self.wrapper.label:
            self.start()

    def start(self, wrapped=None):
        """Starts the shell, or its wrapper, on a pty of its own."""
        self.status = None
        inner, slave = open_pty()
        self.record.pts = os.ttyname(slave)
        self.pid = self.record.inner = self.shell.start(slave, self.modes, self.look_at_size(), wrapped)
        os.close(slave)
        fcntl.fcntl(inner, fcntl.F_SETFL, fcntl.fcntl(inner, fcntl.F_GETFL) | os.O_NONBLOCK)
        self.pump.inner = inner

    def look_at_size(self):
        size = fcntl.ioctl(0, termios.TIOCGWINSZ, b'\0' * 8)
        self.pump.ask('resized', struct.unpack('HHHH', size)[:2], clock(), None)
        return size

    def listen(self):
        """From now on signals become bytes in a pipe, so that one place handles them."""
        self.bell, self.ringer = os.pipe()
        for fd in (self.bell, self.ringer):
            fcntl.fcntl(fd, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
            fcntl.fcntl(fd, fcntl.F_SETFL, os.O_NONBLOCK)
        signal.set_wakeup_fd(self.ringer)
        for number in (signal.SIGCHLD, signal.SIGWINCH, signal.SIGHUP, signal.SIGTERM, signal.SIGCONT, signal.SIGUSR1):
            self.shell.borrow(number, lambda arrived, frame: self.arrived.add(arrived))
        # INT, QUIT: keys before the terminal is raw would end us. TTOU: restoring the terminal must not stop us when
        # we are in the background by then.
        self.shell.borrow(signal.SIGINT, signal.SIG_IGN, self.options['default-int'])
        for number in (signal.SIGQUIT, signal.SIGTTOU):
            self.shell.borrow(number, signal.SIG_IGN)

    def on_bell(self):
        """'ended' when the shell has, 'gone' when we are told to go, else None."""
        read_some(self.bell)
        arrived, self.arrived = self.arrived, set()
        self.reap_children()
        self.status = reap(self.pid)
        if self.status is not None:
            return 'ended'
        if signal.SIGHUP in arrived or signal.SIGTERM in arrived:
            return 'gone'
        if signal.SIGUSR1 in arrived:
            self.keeper.is_urgent = True   # ask now
        # While we were stopped, another program may have set the terminal's modes. Restore them only in the
        # foreground; in the background the terminal belongs to another program.
        try:
            if signal.SIGCONT in arrived and os.tcgetpgrp(self.outer) == os.getpgrp():
                set_modes(self.outer, raw(self.modes))
            fcntl.ioctl(self.pump.inner, termios.TIOCSWINSZ, self.look_at_size())   # the kernel tells the program if it changed
        except (IOError, OSError):
            pass                           # the terminal is gone: the next read finds out
        return None

    def run(self):
        pump = self.pump
        set_modes(self.outer, raw(self.modes))
        # Said before the first query: the outer shell discards answers only if it has read `started`.
        self.tell('started')
        # The probe, sent before the first byte of the shell.
        pump.put_outer(pump.ask('probe', None, clock(), b''))
        ahead = self.take_ahead()
        self.look_at_size()
        if self.wrapper and self.wrapper.label:
            ahead = self.wrapper.wait_for_answer(self, ahead)
            if not self.keeper.answered or not self.start_wrapped():
                self.start()
        if self.wrapper:
            pump.put_outer(self.wrapper.shown or self.wrapper.complaint())
        self.note(True)
        self.log('start', 'interval=%d maxidle=%d' % (self.options['interval'], self.options['max-idle']))
        os.write(self.ringer, b'!')        # the first round looks at signals that came before
        pump.put_inner(ahead)
        reason = self.keep()
        if reason == 'ended' and self.status and self.record.wrap == 'tmux':
            # tmux exits with 0 if its session ends or is detached. So its server is gone, or its client was killed.
            pump.drain()
            os.close(pump.inner)
            self.wrapper.ended(self.status)
            pump.put_outer(self.wrapper.complaint())
            self.start()
            self.note(True)
            reason = self.keep()
        if reason == 'ended':
            pump.drain()
            self.linger()
        else:
            self.hang_up()
        set_modes(self.outer, self.modes)
        code = exit_code(self.status)
        keeper = self.keeper
        self.end_children(0)           # first: it may signal the group, of which a new logger is a member for a moment
        self.log('end', 'status=%d sent=%d answered=%d leaked=%d' % (code, keeper.sent, keeper.answered, keeper.leaked))
        self.end_children()
        self.tell('ended %d' % code)

    def start_wrapped(self):
        """True if tmux is up. Before that the client is not read, so type-ahead goes to tmux or to the shell."""
        self.start(self.wrapper.command(self.shell))
        if self.wrapper.comes_up(self.pump.inner, self.pid):
            return True
        os.close(self.pump.inner)
        return False

    def keep(self):
        """Pumps until the shell has ended or the client is gone."""
        reason = None
        while reason is None:
            reason = self.pump.round()
            if reason == 'bell':
                reason = self.on_bell()
            self.note(self.pump.has_fault and not self.has_noted_fault)
        return reason

    def note(self, is_due):
        """Writes the keeper's news to the record and syslog; a failure here must not reach the pump."""
        news, self.keeper.news = self.keeper.news, ''
        if not news and not is_due:
            return
        if news == 'cap':
            self.log('cap', 'interval=%d maxidle=%d' % (self.options['interval'], self.options['max-idle']))
        self.has_noted_fault = self.pump.has_fault
        self.record.wrap = self.wrapper.wrap if self.wrapper else 'none'
        try:
            self.record.write(self.keeper, self.pump.has_fault)
        except Exception:
            pass

    def log(self, event, text):
        try:
            self.children.append(self.record.log(event, text))
        except Exception:
            pass                           # fork failed

    def reap_children(self):
        self.children = [pid for pid in self.children if pid and reap(pid) is None]

    def end_children(self, seconds=2 * LINGER):
        """Leaves none behind: where PID 1 reaps nothing (some containers), it would stay as a zombie."""
        watch, until = self.options['watch'], clock() + seconds
        self.reap_children()
        if watch in self.children and os.getpgid(watch) in (watch, os.getpid()):
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            os.killpg(os.getpgid(watch), signal.SIGTERM)   # its sleep dies, and it reaps that
        while self.children and clock() < until:
            wait([], [], 0.002)
            self.reap_children()

    def take_ahead(self):
        """Reads type-ahead from before raw mode, in which the kernel kept Ctrl-D as a NUL."""
        ahead = read_some(self.outer) if self.modes[3] & termios.ICANON else None
        return self.hear((ahead or b'').replace(b'\0', self.modes[6][termios.VEOF]))

    def hear(self, data):
        """The client's bytes that belong to a program which has not started yet."""
        return self.pump.ask('typed', data, clock(), data) if data else b''

    def linger(self):
        """Removes an answer that is under way, or the next reader (the shell that started a login shell) would get it.

        The agent's own shell has no next reader. It reads four bytes at a time, and only when four are there.
        """
        until = clock() + LINGER
        missing = self.keeper.in_flight
        if self.options['agents-shell'] or clock() - self.keeper.last_ask > 2 * LINGER:
            return
        while missing and clock() < until:
            try:
                waiting = struct.unpack('i', fcntl.ioctl(self.outer, termios.FIONREAD, b'\0' * 4))[0]
            except (IOError, OSError):
                return
            if waiting >= len(ANSWER):
                if read_some(self.outer, len(ANSWER)) != ANSWER:
                    return
                missing -= 1
            else:
                wait([], [], 0.01)

    def hang_up(self):
        """Closes the pty like a lost line: the kernel sends SIGHUP, and the shell gets a moment to save.

        The agent ends a session by killing its shell, and a killed bash sends its jobs no SIGHUP: where the shell
        outside was the agent's and is gone, ours goes the same way. It is still exiting when its terminal hangs up.
        """
        until = clock() + 0.5
        while self.options['agents-shell'] and self.status is None and clock() < until:
            if os.getppid() != self.pump.parent:
                os.kill(self.pid, signal.SIGKILL)
                break
            wait([], [], 0.01)
        os.close(self.pump.inner)
        until = clock() + 2
        while self.status is None and clock() < until:
            self.status = reap(self.pid)
            if self.status is None:
                wait([self.bell], [], until - clock())
                read_some(self.bell)
        if self.status is None:
            self.status = signal.SIGHUP

    def tell(self, line):
        """Raises OSError if the reader is gone or has no room: then the terminal is restored, and the session over."""
        if self.options['side'] is not None:
            os.write(self.options['side'], (line + '\n').encode('ascii'))


def leave(status):
    """Ends like the shell: by the same signal, but not with a core dump, which would hold the session's text."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        # Not SIGINT: an interactive shell whose job dies of it interrupts itself too and would not read "ended".
        if number in (signal.SIGHUP, signal.SIGKILL, signal.SIGPIPE, signal.SIGALRM, signal.SIGTERM):
            if number != signal.SIGKILL:
                signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
    os._exit(exit_code(status))


def parse(argv):
    options = {'interval': 45, 'max-idle': 28800, 'side': None, 'outer': os.getppid(), 'changes': [],
               'direct': 0, 'default-int': 0, 'agents-shell': 0, 'watch': 0, 'wrap': None, 'login': None,
               'cap-file': '/etc/ssm-keepalive/max-idle'}
    words = iter(argv)
    for word in words:
        name = word[2:]
        value = next(words)
        if word == '--env-unset':
            options['changes'].append((to_bytes(value), None))
        elif word == '--env-set':
            name, _, value = to_bytes(value).partition(b'=')
            options['changes'].append((name, value))
        elif word == '--cap-file':
            options[name] = value
        elif word in ('--wrap', '--login'):
            options[name] = to_bytes(value)
        elif word[:2] == '--' and name in options and value.isdigit():
            options[name] = int(value)
        else:
            raise ValueError(word)
    return options


def main(argv):
    session = None
    try:
        session = Session(parse(argv))
        session.open()
    except Exception:
        if session:
            session.end_children()
        os._exit(70)                   # prints nothing: the caller continues as the plain shell
    try:
        session.run()
    except Exception:
        set_modes(session.outer, session.modes)
        session.end_children()
        os._exit(70)                   # no "ended": the shell outside continues on a working terminal
    leave(session.status)

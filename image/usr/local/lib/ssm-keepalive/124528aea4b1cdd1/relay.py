"""ssm-keepalive relay: a pty between a Session Manager terminal and its shell.

  PYTHON -I -S relay.py --interval 45 --max-idle 28800 --side 9 --outer PID   (Python 2.7: -E -s -S)

It starts the shell PID once more on a pty of its own and copies bytes both ways. When the client has sent
nothing for a while it prints ESC [ 5 n; every terminal answers ESC [ 0 n by itself, and that answer is the
client-side input that the service's idle timer wants to see. The relay removes exactly as many answers as it
asked for, so that no program ever reads one. It opens no socket, keeps no history and writes no file that has
a name. Descriptor 9 gets "started" once the shell runs, and "ended N" as the very last act; a caller
that does not read "ended" goes on as the plain shell. With --wrap tmux.sh a tmux client runs where the shell would,
and the shell inside tmux; with --login SHELL it is that shell, as a login shell.
"""
import errno
import fcntl
import os
import select
import struct
import sys
import termios
import time

try:
    import _signal as signal   # the same functions; the module around them loads enum: 3 ms before every prompt
except ImportError:
    import signal

ESC = b'\x1b'
QUERY = b'\x1b[5n'
ANSWER = b'\x1b[0n'
RAW_ANSWER = b'\x9b0n'
ANSWERS = (ANSWER, b'\xc2\x9b0n', RAW_ANSWER)

CHUNK = 65536        # at most this much is in our hands each way, so Ctrl-C on a flood stays quick
TAIL = 4096          # this much of the output is remembered, to tell whether it ends inside a sequence
HOLD = {1: 0.25, 2: 1.0, 3: 10.0}
CLAIM = 2.0          # a program that asked the same question this recently is served before us
SILENCE = 1.0        # output that stopped inside a sequence for so long will not finish it
LOST = 30.0          # seconds in which an answer comes over a line that works
GIVEN_UP = 3600.0    # a screen frozen with Ctrl-S holds queries back while keys still come: so long is none frozen
LINGER = 1.0         # how long an answer on its way when the shell ends is waited for
MOST = 4             # never more queries than this in flight, and never more answers than this to remove
PATIENCE = 3         # unanswered queries in a row before falling back to NUL
NEVER = float('inf')
RETRY = 10           # in that state every tenth heartbeat asks again
WRAPPING = 3.0       # a wrapper that shows nothing for so long will not come up
PROOF = 0.8          # another login wants to know whether somebody is here: a terminal that is there answers within this

REPORTS = (b']', b'P', b'_')                     # of these, what a terminal sends by itself: colours, DCS, APC
REPORT_TIME = 1.0    # and it sends all of it at once; ESC and a letter pressed by hand stay alone
STRINGS = (b']', b'P', b'X', b'^', b'_', b'k')   # ESC + one of these opens a string (OSC DCS SOS PM APC title)



def clock():
    """Seconds that never jump with the wall clock; Python 2.7 has them only as os.times()."""
    return os.times()[4]


if hasattr(time, 'monotonic'):
    clock = time.monotonic


def wait(readers, writers, seconds):
    """The descriptors that are ready, after at most `seconds` (None: for ever)."""
    try:
        return select.select(readers, writers, [], seconds)[:2]
    except (OSError, select.error) as error:
        if error.args[0] == errno.EINTR:   # only 2.7 gets here; newer Pythons go on waiting by themselves
            return [], []
        raise


def read_some(fd, size=8192):   # a pty never has more than 4 KiB ready; a larger buffer only costs memory
    """What is there now: None for nothing, b'' when the other side is gone (a terminal says EIO)."""
    try:
        return os.read(fd, size)
    except OSError as error:
        return None if error.errno in (errno.EAGAIN, errno.EINTR) else b''


def write_some(fd, data):
    """How many bytes were taken; None when the other side is gone."""
    try:
        return os.write(fd, data)
    except OSError as error:
        return 0 if error.errno in (errno.EAGAIN, errno.EINTR) else None



def after_sequence(text):
    """What follows the sequence that `text` starts with, or None while that sequence is not complete."""
    kind = text[1:2]
    if kind in STRINGS:
        ends = [text.find(end) for end in (b'\x18', b'\x1a') + ((b'\x07',) if kind == b']' else ())]
        ends = [end for end in ends if end >= 0]
        return text[min(ends) + 1:] if ends else None
    first, lowest = (2, b'@') if kind == b'[' else (1, b'0')
    for at in range(first, len(text)):
        byte = text[at:at + 1]
        if byte >= lowest or byte in (b'\x18', b'\x1a'):
            return text[at + 1:]
    return None


def is_inside(tail):
    """True when output that ends like this ends inside an escape sequence or a UTF-8 character."""
    at = tail.rfind(ESC)
    if at >= 0:
        tail = after_sequence(tail[at:])
        if tail is None:
            return True
    elif is_long_string(tail):
        return True
    return is_in_character(tail)


def is_in_character(tail):
    """True when text that ends like this ends inside a UTF-8 character."""
    for back in (1, 2, 3):
        code = ord(tail[-back:][:1] or b' ') if back <= len(tail) else 0
        if code >= 0xc0:
            return back < (2 if code < 0xe0 else 3 if code < 0xf0 else 4)
        if code < 0x80:
            break
    return False


def find_answer(text, at, before):
    """Where the next answer from `at` on starts and ends; (-1, -1) for none. `before` is what came before `text`."""
    found = (-1, -1)
    for answer in ANSWERS:
        start = text.find(answer, at)
        while answer == RAW_ANSWER and start >= 0 and is_in_character((before + text[:start])[-3:]):
            start = text.find(answer, start + 1)
        if start >= 0 and (found[0] < 0 or start < found[0]):
            found = (start, start + len(answer))
    return found


def begun_answer(text, before):
    """How many bytes at the end of `text` may begin an answer, and how many its rest has."""
    for size in (3, 2, 1):
        for answer in ANSWERS:
            if size < len(answer) and text.endswith(answer[:size]) and not (
                    answer == RAW_ANSWER and is_in_character((before + text[:-size])[-3:])):
                return size, len(answer) - size
    return 0, 0


def is_long_string(tail):
    """An image or a clipboard is one string longer than what we remember; it has neither ESC nor newline."""
    return len(tail) >= TAIL and b'\n' not in tail


def is_asked(window, at):
    """Whether the query at `at` reaches the terminal's parser; inside a string most terminals swallow it.

    When in doubt: no. A claim that nobody answers would hand one of our answers to the program; a claim
    that is missing costs nothing, because all answers are alike and the next one is passed on instead.
    """
    end = at
    while True:
        at = window.rfind(ESC, 0, at)
        if at < 0:
            return not is_long_string(window[:end])
        if window[at:at + 4] != QUERY and window[at + 1:at + 2] != ESC:
            break
    return window[at + 1:at + 2] not in STRINGS or after_sequence(window[at:end]) is not None



class Keeper(object):
    """Decides about heartbeats. Knows bytes and times only: no descriptor, no signal, no process."""

    def __init__(self, interval, max_idle, now, read_cap=None, report=None):
        self.interval = interval
        self.max_idle = max_idle
        self.read_cap = read_cap or (lambda: None)
        self.report = report or (lambda event: None)
        self.last_input = self.last_key = self.last_beat = self.last_output = self.last_answer = now
        self.tail = b''            # the end of the program's output
        self.claims = []           # when a program asked the same question itself
        self.outstanding = 0       # answers still to remove; never expires, an answer may be minutes late
        self.in_flight = 0         # of these, the ones that are late rather than lost
        self.last_ask = now
        self.before = b''          # what came before the next input
        self.partial = b''         # the beginning of what may become an answer ...
        self.passed = 0            # ... and how much of it the program has been given already
        self.is_late = False       # ... because the hold ran out, not because nothing was outstanding
        self.hold_until = now
        self.reply = b''           # the beginning of what may become another report by the terminal ...
        self.reply_since = now     # ... and when it came
        self.unanswered = 0        # queries in a row without an answer
        self.nuls = 0
        self.is_capped = self.has_warned = False
        self.sent = self.answered = self.leaked = 0

    def state(self):
        if self.is_capped:
            return 'capped'
        if self.nuls:
            return 'not-answering'
        return 'answering' if self.answered else 'new'


    def saw_output(self, data, now):
        """Takes note of what the program printed; costs a copy and a search, never a scan."""
        known = len(self.tail)
        window = self.tail + data
        at = window.find(QUERY, max(0, known - 3))   # a query may be split over reads
        while at >= 0:
            if is_asked(window, at):
                self.claims = self.claims[-63:] + [now]
            at = window.find(QUERY, at + 4)
        self.tail = window[-TAIL:]
        self.last_output = now


    def filter_input(self, data, now):
        """What of `data` (and of what was held before) belongs to the program, now."""
        self.last_input = now
        if not self.partial and not self.reply and not (ESC in data or b'\x9b' in data or data.endswith(b'\xc2')):
            self.before = (self.before + data[-3:])[-3:]
            self.last_key = now            # plain typing, which should cost as little as it can
            self.is_capped = False
            return data
        text = self.partial + data
        start = self.passed                # text[:start] has gone inside already
        out = []
        at, end = find_answer(text, 0, self.before)
        while at >= 0:
            out.append(text[start:at if self.is_ours(at < start, now) else end])
            start = end
            at, end = find_answer(text, end, self.before)
        keep, rest = begun_answer(text, self.before)
        edge = len(text) - keep
        self.before = (self.before + text[:edge])[-3:]
        if keep and edge >= start and self.outstanding:
            out.append(text[start:edge])
            self.passed = 0
            self.hold_until = now + HOLD[4 - rest]
        else:
            out.append(text[start:])
            if edge >= start:
                self.is_late = False
            self.passed = keep
        self.partial = text[edge:]
        data = b''.join(out)
        if data and self.is_typed(data, now):
            self.last_key = now
            self.is_capped = False
        return data

    def is_ours(self, has_begun, now):
        """Settles one complete answer: True when it is to be removed."""
        was_silent = self.nuls > 0
        self.unanswered = self.nuls = 0    # whoever asked: this terminal answers
        self.last_answer = now
        self.claims = [claim for claim in self.claims if now - claim <= CLAIM]
        is_ours = False
        if self.claims:
            self.claims.pop(0)
        elif self.outstanding and (self.is_late or not has_begun):
            self.outstanding -= 1
            self.in_flight = max(0, self.in_flight - 1)
            self.answered += 1
            self.leaked += has_begun       # its ESC waited longer than HOLD allows: counted, not hidden
            is_ours = not has_begun
        if was_silent or self.answered == 1 or self.leaked:
            self.report('record')
        return is_ours

    def held(self):
        """What waits here for its rest."""
        return self.partial[self.passed:]

    def release_held(self, now):
        """Gives up waiting: it was a key after all."""
        data = self.held()
        if not data or now < self.hold_until:
            return b''
        self.passed = len(self.partial)
        self.is_late = True
        if self.is_typed(data, now):
            self.last_key = now
            self.is_capped = False
        return data

    def is_typed(self, data, now):
        """Whether somebody pressed something in `data`.

        Reports that terminals send by themselves do not count, or a program that polls the cursor's
        position would keep an empty chair logged in: CSI replies, strings, and focus in and out (windows
        also change focus with nobody there). The mouse counts, it takes a hand to move it.
        """
        if self.reply and now - self.reply_since > REPORT_TIME:
            self.reply = b''
            return True                # what seemed to begin a report was ESC and a letter, by hand
        text = self.reply + data
        if not self.reply:
            self.reply_since = now
        self.reply = b''
        while text:
            kind = text[1:2]
            if text[:1] != ESC or kind not in REPORTS + (b'[', b''):
                return True
            if kind in REPORTS:
                ends = [end for end in (text.find(b'\x07'), text.find(b'\x1b\\') + 1) if end > 0]
                rest = text[min(ends) + 1:] if ends else None
            else:
                rest = after_sequence(text)
            if rest is None:
                self.reply = text[:TAIL]   # undecided until more comes; a report is never this long
                return len(text) > TAIL
            final = text[:len(text) - len(rest)][-1:]
            if kind == b'[' and not (final in b'ncRtyIO' or text[2:3] in (b'?', b'>', b'=')):
                return True
            text = rest
        return False


    def due(self):
        return max(self.last_input, self.last_beat) + self.interval

    def beat(self, now):
        """The bytes of a heartbeat that has to go out now, or none."""
        due = self.due()
        if now < due or self.is_capped:
            return b''
        cap = self.read_cap()              # each time: an administrator's word counts for running sessions
        if now - self.last_key >= (self.max_idle if cap is None else min(cap, self.max_idle)):
            self.is_capped = True
            self.report('cap')
            return b''
        if is_inside(self.tail) and now - self.last_output < SILENCE and now - due < self.interval:
            return b''
        self.last_beat = now
        should_ask = True
        if self.unanswered >= PATIENCE:
            self.nuls += 1
            should_ask = self.nuls % RETRY == 0
            if not self.has_warned:
                self.has_warned = True
                self.report('not-answering')
        quiet = now - self.last_ask
        if (self.last_answer > self.last_ask and quiet >= LOST) or (
                self.last_input > self.last_ask and quiet >= GIVEN_UP):
            self.in_flight = 0
        if not should_ask or self.in_flight >= MOST:
            return b'\0'
        self.last_ask = now
        self.sent += 1
        self.in_flight += 1
        self.unanswered += 1
        self.outstanding = min(MOST, self.outstanding + 1)
        self.report('record')
        return QUERY

    def alarm(self):
        """The first moment at which release_held() or beat() may have something."""
        due = NEVER if self.is_capped else self.due()
        return min(due, self.hold_until) if self.partial else due

    def wake(self, now, can_beat):
        """When the two have to be called again though nothing happens, or None."""
        times = []
        if self.held():
            times.append(self.hold_until)
        if can_beat and not self.is_capped:
            due = self.due()
            times.append(due if now < due else min(self.last_output + SILENCE, due + self.interval))
        return min(times) if times else None



class Pump(object):
    """Copies between `outer` (the client's terminal) and `inner` (the master of the shell's), both non-blocking.

    One side is read only while the other has taken everything before, so neither ever waits for the other.
    """

    def __init__(self, outer, inner, keeper, bell=None, on_bell=None):
        self.outer = outer
        self.inner = inner
        self.keeper = keeper           # None: a plain pump
        self.bell = bell               # readable when a signal came
        self.on_bell = on_bell         # called then; anything but None ends the pump
        self.to_outer = b''
        self.to_inner = b''
        self.inner_again = 0           # when to look again at a pty that nobody inside has open
        self.alarm = 0                 # before that the keeper need not be asked
        self.parent = os.getppid()
        self.on_input = None

    def run(self):
        """Until the client is gone (returns 'gone') or until on_bell says why to stop."""
        reason = None
        while reason is None:
            now = clock()
            readers = [] if self.bell is None else [self.bell]
            writers = []
            if self.to_inner:
                writers.append(self.inner)
            else:
                readers.append(self.outer)
            if self.to_outer:
                writers.append(self.outer)
            elif now >= self.inner_again:
                readers.append(self.inner)
            readable, writable = wait(readers, writers, self.patience(now))
            if self.bell in readable:
                reason = self.on_bell()
            elif not self.turn(readable, writable):
                reason = 'gone'
        return reason

    def turn(self, readable, writable):
        """One round; False when the client is gone."""
        now = clock()
        is_alive = os.getppid() == self.parent
        if self.to_inner and self.inner in writable:
            self.put_inner(b'')
        if self.to_outer and self.outer in writable:
            is_alive = self.put_outer(b'')
            if self.keeper is not None:
                self.keeper.last_output = now    # while we did not read, nobody knows whether it was silent
        if is_alive and self.outer in readable:
            data = read_some(self.outer)
            if data:
                self.from_client(data, now)
            elif data is not None:
                is_alive = False
        if self.inner in readable:
            is_alive = self.from_program(now) and is_alive
        if self.keeper is not None and now >= self.alarm and is_alive:
            is_alive = self.keep(now)
        return is_alive

    def patience(self, now):
        """How long nothing may happen before there is something to do."""
        wake = None
        if self.keeper is not None:
            try:
                self.alarm = self.keeper.alarm()
                if self.alarm <= now:
                    wake = self.keeper.wake(now, not self.to_outer)
                elif self.alarm < NEVER:
                    wake = self.alarm
            except Exception:
                self.keeper = None
        if now < self.inner_again and (wake is None or self.inner_again < wake):
            wake = self.inner_again
        return None if wake is None else max(0, wake - now)

    def from_client(self, data, now):
        if self.on_input is not None:
            self.on_input()
        if self.keeper is not None:
            held = self.keeper.held()
            try:
                data = self.keeper.filter_input(data, now)
            except Exception:
                self.keeper = None     # a session without heartbeats is worth more than none
                data = held + data
        if data:
            self.put_inner(data)

    def from_program(self, now):
        """Moves output while there is some and the client takes it, without asking select() in between."""
        for _ in range(16):            # 16 reads of a pty are 64 KiB: then it is the keyboard's turn
            data = read_some(self.inner)
            if data is None:
                return True
            if not data:               # EIO: the shell lives, but nobody has the pty open at this moment
                self.inner_again = now + 0.1
                return True
            if self.keeper is not None:
                try:
                    self.keeper.saw_output(data, now)
                except Exception:
                    self.keeper = None
            if not self.put_outer(data):
                return False
            if self.to_outer or len(data) < 1024:
                return True
        return True

    def put_outer(self, data):
        """Writes what the client takes now and keeps the rest; False when the client is gone."""
        data = self.to_outer + data
        count = write_some(self.outer, data)
        if count is None:
            self.to_outer = b''
            return False
        self.to_outer = data[count:]
        return True

    def put_inner(self, data):
        data = self.to_inner + data
        count = write_some(self.inner, data)
        self.to_inner = b'' if count is None else data[count:]

    def keep(self, now):
        """The keeper's turn: a hold that ran out, a heartbeat that is due."""
        held = self.keeper.held()
        try:
            data = self.keeper.release_held(now)
            beat = b'' if self.to_outer else self.keeper.beat(now)
        except Exception:
            self.keeper = None
            data, beat = held, b''
        if data:
            self.put_inner(data)
        return not beat or self.put_outer(beat)

    def drain(self):
        """Moves what is readable now, then stops: a background job may hold the pty open for days."""
        left = 4 * CHUNK
        until = clock() + 2
        while clock() < until:
            if not self.to_outer:
                data = read_some(self.inner) if left > 0 else b''
                if not data:
                    return
                left -= len(data)
                self.to_outer = data
            before = len(self.to_outer)
            if not self.put_outer(b''):
                return
            if len(self.to_outer) < before:
                until = clock() + 2    # a slow client gets everything, one that stopped reading does not
            else:
                wait([], [self.outer], until - clock())



def read_file(path, size=1 << 22):
    fd = os.open(path, os.O_RDONLY)
    try:
        parts = []
        while size > 0:
            part = os.read(fd, min(size, CHUNK))
            if not part:
                break
            parts.append(part)
            size -= len(part)
        return b''.join(parts)
    finally:
        os.close(fd)


class Shell(object):
    """How the shell with pid `pid` was started, so that it can be started once more."""

    def __init__(self, pid, changes, login=None):
        proc = '/proc/%d/' % pid
        self.argv = read_file(proc + 'cmdline').split(b'\0')[:-1]
        self.path = self.find_path(proc)
        self.is_login = login is not None
        if self.is_login:
            self.argv, self.path = [b'-' + os.path.basename(login)], login
        try:
            block = read_file(proc + 'environ')
        except (IOError, OSError):
            block = read_file('/proc/self/environ')   # what we were started with: Python may have set LC_CTYPE since
        self.environ = {}
        for word in block.split(b'\0'):
            name, equals, value = word.partition(b'=')
            if name and equals:
                self.environ.setdefault(name, value)   # getenv() also takes the first of two
        for name, value in changes:
            self.environ.pop(name, None)
            if value is not None:
                self.environ[name] = value
        ignored = 0
        for line in read_file(proc + 'status').split(b'\n'):
            if line.startswith(b'SigIgn:'):
                ignored = int(line.split()[1], 16)
        self.defaults = [number for number in (signal.SIGPIPE, signal.SIGXFSZ) if not ignored >> (number - 1) & 1]

    @staticmethod
    def find_path(proc):
        path = os.readlink(proc + 'exe')
        name = read_file(proc + 'comm').rstrip(b'\n').decode('latin-1')
        alias = os.path.join(os.path.dirname(path), name)
        try:
            if '/' not in name and os.path.samefile(alias, path):
                return alias
        except OSError:
            pass
        return path

    def wrapped(self, script):
        """The command line of the wrapper: what it is to start, as a shell and a command for it."""
        if self.argv[0][:1] == b'-':
            return [b'sh', script, self.path, b'']     # a login shell, which is what tmux starts by itself
        words = [b"'" + word.replace(b"'", b"'\\''") + b"'" for word in self.argv]
        return [b'sh', script, b'/bin/sh', b' '.join([b'exec'] + words)]

    def start(self, slave, modes, size, restore, wrapper=None):
        """Starts it, or what wraps it, as the leader of a new session on `slave`; raises OSError when that fails."""
        termios.tcsetattr(slave, termios.TCSANOW, modes)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, size)
        reader, writer = os.pipe()
        fcntl.fcntl(writer, fcntl.F_SETFD, fcntl.FD_CLOEXEC)   # so its end of file says that exec succeeded
        pid = os.fork()
        if pid == 0:
            try:
                os.setsid()
                fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
                for fd in (0, 1, 2):
                    os.dup2(slave, fd)
                close_all(writer)
                for number in self.defaults + restore:
                    signal.signal(number, signal.SIG_DFL)
                if self.is_login:
                    self.go_home()
                if wrapper is not None:
                    os.execve('/bin/sh', self.wrapped(wrapper), self.environ)
                os.execve(self.path, self.argv, self.environ)
            except BaseException:
                os.write(writer, b'!')
            finally:
                os._exit(127)
        os.close(writer)
        failed = os.read(reader, 1)
        os.close(reader)
        if failed:
            os.waitpid(pid, 0)
            raise OSError(errno.ENOEXEC, 'the shell cannot be started')
        return pid

    def go_home(self):
        try:
            os.chdir(self.environ[b'HOME'])
        except (KeyError, OSError):
            pass                       # a home that is not there: where the session started


def close_all(*keep):
    """Closes every descriptor but 0, 1, 2: above all the side channel, whose reader waits for its end."""
    for name in os.listdir('/proc/self/fd'):
        if int(name) > 2 and int(name) not in keep:
            try:
                os.close(int(name))
            except OSError:            # the directory's own
                pass



def open_outer():
    """A description of the terminal that is ours alone.

    O_NONBLOCK belongs to the description, and the inherited one is shared with the shell outside: killed
    at the wrong moment we would leave that shell with reads that fail. The /dev/pts name cannot be opened by
    ssm-user (root opened that pty), /dev/tty can.
    """
    fd = os.open('/dev/tty', os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    device = struct.unpack('I', fcntl.ioctl(fd, 0x80045432, b'\0' * 4))[0]   # TIOCGDEV
    if device != os.fstat(0).st_rdev & 0xffffffff:
        raise OSError(errno.ENOTTY, 'standard input is not the controlling terminal')
    return fd


def open_pty():
    """Master and slave; minimal Pythons are built without openpty()."""
    if hasattr(os, 'openpty'):
        return os.openpty()
    master = os.open('/dev/ptmx', os.O_RDWR | os.O_NOCTTY)
    fcntl.ioctl(master, 0x40045431, struct.pack('i', 0))                              # TIOCSPTLCK: unlock
    number = struct.unpack('I', fcntl.ioctl(master, 0x80045430, b'\0' * 4))[0]        # TIOCGPTN
    return master, os.open('/dev/pts/%d' % number, os.O_RDWR | os.O_NOCTTY)


def set_name():
    """`killall python3` must not end logins, and security tools can allow-list a name of our own."""
    try:
        fd = os.open('/proc/self/comm', os.O_WRONLY)
        os.write(fd, b'ssm-keepalive')
        os.close(fd)
    except OSError:
        pass


def raw(modes):
    """cfmakeraw(); the tty module is not always there, and its setraw() throws type-ahead away."""
    iflag, oflag, cflag, lflag, ispeed, ospeed, chars = modes
    iflag &= ~(termios.IGNBRK | termios.BRKINT | termios.PARMRK | termios.ISTRIP | termios.INLCR
               | termios.IGNCR | termios.ICRNL | termios.IXON)
    oflag &= ~termios.OPOST
    cflag = cflag & ~(termios.CSIZE | termios.PARENB) | termios.CS8
    lflag &= ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN)
    chars = list(chars)
    chars[termios.VMIN], chars[termios.VTIME] = 1, 0
    return [iflag, oflag, cflag, lflag, ispeed, ospeed, chars]


def set_modes(fd, modes):
    try:
        termios.tcsetattr(fd, termios.TCSANOW, modes)
    except termios.error:
        pass                           # the terminal is gone, and its modes with it



def read_cap(path):
    """The administrator's limit in seconds, or None; only a file that root alone can write counts."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        return 0 if error.errno == errno.EACCES else None
    try:
        info = os.fstat(fd)
        if info.st_uid != 0 or info.st_mode & 0o170022 != 0o100000:
            return None
        words = os.read(fd, 64).split(b'\n')[0].split()
    finally:
        os.close(fd)
    return int(words[0]) if words and words[0].isdigit() else 0


class Witness(object):
    """Status record and syslog: fixed words and digits only, nothing from the environment."""

    def __init__(self, interval, max_idle):
        self.fixed = (interval, max_idle, int(time.time()))
        self.pts = ''
        self.keeper = None
        self.inner = 0
        self.wrap = 'none'
        self.loggers = []
        self.fd = self.open_record()

    @staticmethod
    def open_record():
        for place in ('/dev/shm', '/tmp'):
            path = '%s/ssm-keepalive-%d-%d' % (place, os.getpid(), int(time.time() * 1000))
            try:
                fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
                os.unlink(path)
                return fd
            except OSError:
                continue
        try:
            return os.memfd_create('ssm-keepalive-%d' % os.getpid())   # read in the same way; 3.8 and newer
        except (AttributeError, OSError):
            return None                # this session is counted, and nothing more is known of it

    def report(self, event):
        """Takes note of a keeper's event; whatever fails here must not reach the pump."""
        try:
            if event == 'cap':
                self.log('cap uid=%d interval=%d maxidle=%d' % ((os.getuid(),) + self.fixed[:2]))
            elif event == 'not-answering':
                self.log('not-answering uid=%d' % os.getuid())
            self.write_record()
        except Exception:
            pass

    def write_record(self):
        if self.fd is None:
            return
        keeper = self.keeper
        ago = time.time() - clock()
        answer = int(keeper.last_answer + ago) if keeper.answered else 0
        line = 'v=1 state=%s interval=%d maxidle=%d started=%d ' % ((keeper.state(),) + self.fixed)
        line += 'lastkey=%d lastanswer=%d sent=%d answered=%d leaked=%d pts=%s inner=%d wrap=%s' % (
            keeper.last_key + ago, answer, keeper.sent, keeper.answered, keeper.leaked, self.pts, self.inner, self.wrap)
        os.lseek(self.fd, 0, os.SEEK_SET)
        os.write(self.fd, (line.ljust(255) + '\n').encode('ascii'))

    def log(self, text):
        if os.access('/usr/bin/logger', os.X_OK):
            self.spawn('/usr/bin/logger', ['logger', '-t', 'ssm-keepalive', '-p', 'auth.notice', '--', text], {})

    def spawn(self, path, argv, environ):
        pid = os.fork()
        if pid:
            self.loggers.append(pid)
            return
        try:
            os.setsid()                # or the hangup that ends the session would take the last line with it
            null = os.open('/dev/null', os.O_RDWR)
            for fd in (0, 1, 2):
                os.dup2(null, fd)
            close_all()
            os.execve(path, argv, environ)
        finally:
            os._exit(127)

    def reap(self):
        self.loggers = [pid for pid in self.loggers if reap(pid) is None]


def reap(pid):
    """The wait status of a child that has ended, or None; never anybody else's child."""
    try:
        ended, status = os.waitpid(pid, os.WNOHANG)
    except OSError as error:
        return 0 if error.errno == errno.ECHILD else None
    return status if ended else None



class Session(object):
    def __init__(self, options):
        self.options = options
        self.arrived = set()
        self.status = self.mark = None

    def open(self):
        """Everything that can fail, before anything is changed: a failure leaves the plain shell as it was."""
        options = self.options
        if options['direct'] and os.getppid() != options['direct']:
            raise OSError(errno.ECHILD, 'not started by the shell that waits')
        was = signal.signal(signal.SIGINT, signal.SIG_IGN)
        self.restore = [signal.SIGINT] if was != signal.SIG_IGN or options['default-int'] else []
        if signal.signal(signal.SIGUSR1, signal.SIG_IGN) != signal.SIG_IGN:
            self.restore.append(signal.SIGUSR1)
        self.shell = Shell(options['outer'], options['changes'], options['login'])
        self.outer = open_outer()
        self.modes = termios.tcgetattr(0)
        self.witness = Witness(options['interval'], options['max-idle'])
        set_name()
        self.shown = b''
        if options['wrap'] is None or not self.start_wrapped(options['wrap']):
            self.start()
        self.listen()
        set_modes(self.outer, raw(self.modes))

    def start(self, wrapper=None):
        """The shell, or what wraps it, on a pty of its own."""
        self.status = None
        self.inner, slave = open_pty()
        self.witness.pts = os.ttyname(slave)
        self.pid = self.witness.inner = self.shell.start(slave, self.modes, self.size(), self.restore, wrapper)
        os.close(slave)
        fcntl.fcntl(self.inner, fcntl.F_SETFL, fcntl.fcntl(self.inner, fcntl.F_GETFL) | os.O_NONBLOCK)

    def start_wrapped(self, script):
        """True when tmux is up. Nothing is read from the client before that: what is typed ahead goes to what comes up."""
        self.start(script)
        wait([self.inner], [], WRAPPING)
        self.shown = read_some(self.inner) or b''
        if self.shown[:1] == ESC:          # what tmux begins its screen with; its complaints are plain text
            self.witness.wrap = 'tmux'
            return True
        self.shown = b''
        for _ in range(20):                # the pty closes some moments before its process can be waited for
            self.status = reap(self.pid)
            if self.status is not None:
                break
            wait([], [], 0.01)
        else:
            os.kill(self.pid, signal.SIGKILL)
            self.status = os.waitpid(self.pid, 0)[1]
        os.close(self.inner)
        self.unwrap(exit_code(self.status))
        return False

    def unwrap(self, code):
        """Says why there is no tmux; 66: there is one around this session already."""
        if code != 66:
            self.witness.wrap = 'missing' if code == 69 else 'failed'
            write_some(self.outer, b'ssm-keepalive: tmux %s; this shell ends with its connection\r\n' % (
                b'2.9 or newer is not here' if code == 69 else b'failed'))

    def size(self):
        return fcntl.ioctl(0, termios.TIOCGWINSZ, b'\0' * 8)

    def listen(self):
        """From here on signals become bytes in a pipe, so that one place deals with all of them."""
        self.bell, writer = os.pipe()
        for fd in (self.bell, writer):
            fcntl.fcntl(fd, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
            fcntl.fcntl(fd, fcntl.F_SETFL, os.O_NONBLOCK)
        signal.set_wakeup_fd(writer)
        for number in (signal.SIGCHLD, signal.SIGWINCH, signal.SIGHUP, signal.SIGTERM, signal.SIGCONT, signal.SIGUSR1, signal.SIGALRM):
            signal.signal(number, lambda arrived, frame: self.arrived.add(arrived))
        for number in (signal.SIGQUIT, signal.SIGTTOU):
            signal.signal(number, signal.SIG_IGN)
        os.write(writer, b'!')         # what came before the handlers did is looked at in the first round

    def on_bell(self):
        read_some(self.bell)
        arrived, self.arrived = self.arrived, set()
        self.witness.reap()
        self.status = reap(self.pid)
        if self.status is not None:
            return 'ended'
        if signal.SIGHUP in arrived or signal.SIGTERM in arrived:
            return 'gone'
        if self.witness.wrap == 'tmux':
            try:
                self.prove(arrived)
            except Exception:
                pass                       # then this login keeps its session
        try:
            if signal.SIGCONT in arrived and os.tcgetpgrp(self.outer) == os.getpgrp():
                set_modes(self.outer, raw(self.modes))
            fcntl.ioctl(self.inner, termios.TIOCSWINSZ, self.size())   # the kernel tells the program if it changed
        except (IOError, OSError):
            pass                           # the terminal is gone: the next read finds out
        return None

    def prove(self, arrived):
        """A login whose line is dead must not keep its session from the next one: that one sends USR1, and we ask the terminal.

        Without an answer tmux is told to suspend us, which counts as detached. Whatever the client sends brings us back;
        if another login took the session meanwhile, that ends this one.
        """
        keeper, now = self.witness.keeper, clock()
        if signal.SIGUSR1 in arrived and now - keeper.last_input > PROOF:
            self.mark = keeper.last_input = keeper.last_beat = now - keeper.interval
            signal.setitimer(signal.ITIMER_REAL, PROOF)
        if signal.SIGALRM in arrived and keeper.last_input == self.mark:
            self.witness.spawn('/bin/sh', [b'sh', self.options['wrap'], b'suspend', to_bytes(self.witness.pts)], self.shell.environ)
            self.pump.on_input = self.resume

    def resume(self):
        try:
            os.kill(self.pid, signal.SIGCONT)   # at every input: the first may come before tmux has heard of the other
        except OSError:
            pass

    def run(self):
        options = self.options
        witness = self.witness
        keeper = Keeper(options['interval'], options['max-idle'], clock(),
                        lambda: read_cap(options['cap-file']), witness.report)
        witness.keeper = keeper
        witness.report('record')
        self.tell('started')
        witness_log(witness, 'start uid=%d interval=%d maxidle=%d' % (
            os.getuid(), options['interval'], options['max-idle']))
        pump = self.pump = Pump(self.outer, self.inner, keeper, self.bell, self.on_bell)
        pump.put_outer(self.shown)
        self.take_ahead(pump)
        reason = pump.run()
        if reason == 'ended' and self.status and witness.wrap == 'tmux':
            pump.drain()
            os.close(self.inner)
            self.unwrap(exit_code(self.status))
            self.start()
            pump.inner = self.inner
            pump.on_input = None
            witness.report('record')
            reason = pump.run()
        if reason == 'ended':
            pump.drain()
            self.linger(keeper)
        else:
            self.hang_up(pump.parent)
        set_modes(self.outer, self.modes)
        code = exit_code(self.status)
        witness_log(witness, 'end uid=%d status=%d sent=%d answered=%d leaked=%d' % (
            os.getuid(), code, keeper.sent, keeper.answered, keeper.leaked))
        self.tell('ended %d' % code)

    def take_ahead(self, pump):
        """Passes on what was typed before the terminal was ours; until then the kernel kept Ctrl-D as a NUL."""
        ahead = read_some(self.outer) if self.modes[3] & termios.ICANON else None
        if ahead:
            pump.from_client(ahead.replace(b'\0', self.modes[6][termios.VEOF]), clock())

    def linger(self, keeper):
        """Takes an answer that is on its way from under the next reader: the shell that started a login shell.

        The agent's own shell has no next reader. No more than an answer is read, and only when as much is there.
        """
        until = clock() + LINGER
        if self.options['agents-shell'] or keeper.unanswered >= PATIENCE or clock() - keeper.last_ask > 2 * LINGER:
            return
        while keeper.in_flight and clock() < until:
            try:
                waiting = struct.unpack('i', fcntl.ioctl(self.outer, termios.FIONREAD, b'\0' * 4))[0]
            except (IOError, OSError):
                return
            if waiting >= len(ANSWER):
                if read_some(self.outer, len(ANSWER)) != ANSWER:
                    return
                keeper.in_flight -= 1
            else:
                wait([], [], 0.01)

    def hang_up(self, parent):
        """Closes the pty as a lost line does; the kernel sends SIGHUP, and the shell gets a moment to save.

        The agent ends a session by killing its shell, and a killed bash sends its jobs no SIGHUP: where the shell
        outside was the agent's and is gone, ours goes the same way. It is still exiting when its terminal hangs up.
        """
        until = clock() + 0.5
        while self.options['agents-shell'] and self.status is None and clock() < until:
            if os.getppid() != parent:
                os.kill(self.pid, signal.SIGKILL)
                break
            wait([], [], 0.01)
        os.close(self.inner)
        until = clock() + 2
        while self.status is None and clock() < until:
            self.status = reap(self.pid)
            if self.status is None:
                wait([self.bell], [], until - clock())
                read_some(self.bell)
        if self.status is None:
            self.status = signal.SIGHUP

    def tell(self, line):
        side = self.options['side']
        if side is not None:
            try:
                os.write(side, (line + '\n').encode('ascii'))
            except OSError:            # nobody listens any more
                pass


def witness_log(witness, text):
    try:
        witness.log(text)
    except Exception:
        pass


def exit_code(status):
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def leave(status):
    """Ends as the shell did; by the same signal unless that writes a core, which would hold the session's text."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number in (signal.SIGHUP, signal.SIGKILL, signal.SIGPIPE, signal.SIGALRM, signal.SIGTERM):
            if number != signal.SIGKILL:
                signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
    os._exit(exit_code(status))


def parse(argv):
    options = {'interval': 45, 'max-idle': 28800, 'side': None, 'outer': os.getppid(), 'changes': [],
               'direct': 0, 'default-int': 0, 'agents-shell': 0, 'wrap': None, 'login': None,
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


def to_bytes(text):
    return text if isinstance(text, bytes) else os.fsencode(text)


def main(argv):
    session = None
    try:
        session = Session(parse(argv))
        session.open()
    except Exception:
        os._exit(70)                   # said with no word on the screen: the caller goes on as the plain shell
    try:
        session.run()
    except Exception:
        set_modes(session.outer, session.modes)
        os._exit(70)                   # no "ended": the shell outside takes over a terminal that works
    leave(session.status)


if __name__ == '__main__':
    main(sys.argv[1:])

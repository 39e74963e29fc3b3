"""The shell: the same one as without us, on a pty of its own; and the terminal outside."""
import errno
import fcntl
import os
import struct
import termios

from relay.pump import CHUNK, read_some

try:
    import _signal as signal   # the same functions; the module around them loads enum: 3 ms before every prompt
except ImportError:
    import signal


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


def to_bytes(text):
    return text if isinstance(text, bytes) else os.fsencode(text)


def ignored_by(pid):
    """The signals that a process ignores, the lowest bit for the first."""
    for line in read_file('/proc/%d/status' % pid).split(b'\n'):
        if line.startswith(b'SigIgn:'):
            return int(line.split()[1], 16)
    return 0


class Shell(object):
    """The way in which the shell with pid `pid` was started, to start it once more."""

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
            block = read_file('/proc/self/environ')   # the environment at our start: Python may have set LC_CTYPE since
        self.environ = {}
        for word in block.split(b'\0'):
            name, equals, value = word.partition(b'=')
            if name and equals:
                self.environ.setdefault(name, value)   # getenv() also takes the first of two
        for name, value in changes:
            self.environ.pop(name, None)
            if value is not None:
                self.environ[name] = value
        self.terminal = to_bytes(os.readlink('/proc/self/fd/0'))   # ttyname() fails where the terminal is a container's host's
        # Interactive shells do not change these two signals themselves, so the shell still has their state from its
        # start. Python has overwritten them in this process.
        ignored = ignored_by(pid)
        self.actions = {}
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            if not ignored >> (number - 1) & 1:
                self.actions[number] = signal.SIG_DFL

    def borrow(self, number, action, is_default=False):
        """Changes the handling of a signal here; the shell gets the old one."""
        was = signal.signal(number, action)
        self.actions.setdefault(number, signal.SIG_IGN if was == signal.SIG_IGN and not is_default else signal.SIG_DFL)

    @staticmethod
    def find_path(proc):
        path = os.readlink(proc + 'exe')
        name = read_file(proc + 'comm').rstrip(b'\n').decode('latin-1')
        # The kernel names a process after the path it is started by: prefer the link "sh" to its target
        # "dash" where both are the same file, or `ps` and `killall sh` would see another shell.
        alias = os.path.join(os.path.dirname(path), name)
        try:
            if '/' not in name and os.path.samefile(alias, path):
                return alias
        except OSError:
            pass
        return path

    def start(self, slave, modes, size, wrapped=None):
        """Starts it, or the command line that wraps it, as the leader of a new session; raises OSError when that fails."""
        # SSH_TTY and its like: who reads the terminal outside takes keys from us, and hangs.
        terminal = to_bytes(os.ttyname(slave))
        for name, value in self.environ.items():
            if value == self.terminal:
                self.environ[name] = terminal
        self.terminal = terminal
        termios.tcsetattr(slave, termios.TCSANOW, modes)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, size)
        reader, writer = os.pipe()
        fcntl.fcntl(writer, fcntl.F_SETFD, fcntl.FD_CLOEXEC)   # one byte and its end of file say that exec succeeded
        pid = os.fork()
        if pid == 0:
            try:
                os.setsid()
                fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
                for fd in (0, 1, 2):
                    os.dup2(slave, fd)
                close_all(writer)
                for number, action in self.actions.items():
                    signal.signal(number, action)
                if self.is_login:
                    self.go_home()
                os.write(writer, b'.')
                if wrapped is not None:
                    os.execve('/bin/sh', wrapped, self.environ)
                os.execve(self.path, self.argv, self.environ)
            except BaseException:
                os.write(writer, b'!')
            finally:
                os._exit(127)
        os.close(writer)
        said, part = b'', None
        while part != b'':             # in 2.7 a signal may interrupt a read
            part = read_some(reader, 2)
            said += part or b''
        os.close(reader)
        if said != b'.':               # exec failed, or it was killed before
            os.waitpid(pid, 0)
            raise OSError(errno.ENOEXEC, 'the shell cannot be started')
        return pid

    def go_home(self):
        try:
            os.chdir(self.environ[b'HOME'])
        except (KeyError, OSError):
            pass                       # no such home: stay in the session's directory


def close_all(*keep):
    """Closes every descriptor but 0, 1, 2, above all the side channel, whose reader waits for its end of file."""
    for name in os.listdir('/proc/self/fd'):
        if int(name) > 2 and int(name) not in keep:
            try:
                os.close(int(name))
            except OSError:            # the directory's own
                pass


def reap(pid):
    """The wait status of this child if it has ended, else None; never touches another child."""
    try:
        ended, status = os.waitpid(pid, os.WNOHANG)
    except OSError as error:
        return 0 if error.errno == errno.ECHILD else None
    return status if ended else None


def exit_code(status):
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def open_outer():
    """Opens the terminal anew, for a file description of our own.

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
    # TCSANOW: FLUSH would drop the shellProfile line that is typed before we run, DRAIN would wait for a
    # client that has stopped reading.
    try:
        termios.tcsetattr(fd, termios.TCSANOW, modes)
    except termios.error:
        pass                           # the terminal is gone, and its modes with it

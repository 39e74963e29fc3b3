"""What others can see of a session: a status record and syslog. Fixed words, digits and a session id of the known form."""
import errno
import os
import time

from relay.pump import clock
from relay.shell import close_all, read_file

LETTERS = 'abcdefghijklmnopqrstuvwxyz'
PLAIN = LETTERS + LETTERS.upper() + '0123456789-'


def find_session_id(pid):
    """argv[1] of the session worker above `pid`, or '' where there is none, or no id of the service's form."""
    try:
        for _ in range(64):
            stat = read_file('/proc/%d/stat' % pid)
            if b'(ssm-session-wor' in stat and os.stat('/proc/%d' % pid).st_uid == 0:
                # A program that changes its title puts spaces in place of NULs. An id has neither.
                words = read_file('/proc/%d/cmdline' % pid).replace(b'\0', b' ').decode('latin-1').split()
                return str(words[1]) if len(words) > 1 and split_id(words[1]) else ''
            pid = int(stat.rsplit(b')', 1)[1].split()[1])
    except (IOError, OSError, ValueError):
        pass
    return ''


def split_id(text):
    """The name in a session id, NAME-SUFFIX of at most 96 characters; '' for any other text."""
    name, _, suffix = text.rpartition('-')
    good = (len(text) <= 96 and 17 <= len(suffix) <= 32 and not suffix.strip(LETTERS + '0123456789')
            and not name.strip(PLAIN + '+=,.@_'))
    return name if good else ''


def set_name():
    """`killall python3` must not end logins, and security tools can allow-list a name of our own."""
    try:
        fd = os.open('/proc/self/comm', os.O_WRONLY)
        os.write(fd, b'ssm-keepalive')
        os.close(fd)
    except OSError:
        pass


def read_cap(path):
    """The administrator's limit in seconds, or None. A file counts only if root alone can write it."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        # The file exists but cannot be read: use the strictest limit.
        return None if error.errno in (errno.ENOENT, errno.ENOTDIR) else 0
    try:
        info = os.fstat(fd)
        if info.st_uid != 0 or info.st_mode & 0o170022 != 0o100000:
            return None
        words = os.read(fd, 64).split(b'\n')[0].split()
    finally:
        os.close(fd)
    # The first word of the first line; the rest is a comment. Any other text also means a limit: the strictest.
    return int(words[0]) if words and words[0].isdigit() else 0


class Record(object):
    """The status record, and the lines in syslog that tell when a session began, was capped and ended."""

    def __init__(self, interval, max_idle, session_id):
        self.session_id = session_id or '-'
        self.interval = interval
        self.max_idle = max_idle
        self.started = int(time.time())
        self.pts = ''
        self.inner = 0
        self.wrap = 'none'
        self.fd = self.open()

    @staticmethod
    def open():
        # Unlinked at once, so that a kill -9 leaves no file; root reads it as /proc/PID/fd/N.
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
            return None                # status then only counts this session

    def write(self, keeper, has_fault):
        if self.fd is None:
            return
        ago = time.time() - clock()
        line = 'v=1 state=%s interval=%d maxidle=%d started=%d lastkey=%d lastanswer=%d' % (
            'fault' if has_fault else keeper.state(), self.interval, self.max_idle, self.started,
            keeper.last_key + ago, keeper.last_answer + ago if keeper.answered else 0)
        line += ' sent=%d answered=%d leaked=%d pts=%s inner=%d wrap=%s sid=%s' % (
            keeper.sent, keeper.answered, keeper.leaked, self.pts, self.inner, self.wrap, self.session_id)
        # One write of one length: a reader sees the old line or the new one, never the end of a longer one.
        os.lseek(self.fd, 0, os.SEEK_SET)
        os.write(self.fd, (line.ljust(383) + '\n').encode('ascii'))

    def log(self, event, text):
        """The pid of the process that writes the line, for whoever reaps it; 0 without one."""
        text = '%s uid=%d %s session=%s' % (event, os.getuid(), text, self.session_id)
        if os.access('/usr/bin/logger', os.X_OK):
            return spawn('/usr/bin/logger', ['logger', '-t', 'ssm-keepalive', '-p', 'auth.notice', '--', text])
        return 0


def spawn(path, argv):
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()                # so that the hangup at the session's end does not kill it before the last line
            null = os.open('/dev/null', os.O_RDWR)
            for fd in (0, 1, 2):
                os.dup2(null, fd)
            close_all()
            os.execve(path, argv, {})
        finally:
            os._exit(127)
    return pid

"""The pump: bytes both ways between the client's terminal and the shell's, with or without a keeper."""
import errno
import os
import select
import time

from relay.keeper import NEVER

CHUNK = 65536        # the most that is buffered each way, so that Ctrl-C stays quick during a flood of output
LOOK = 15.0          # the most that passes between two looks at whether our parent lives


# Tests replace these two, so that minutes pass in microseconds. Nothing else here reads a clock or waits.

def clock():
    """Monotonic seconds; Python 2.7 has only os.times() for that."""
    return os.times()[4]


if hasattr(time, 'monotonic'):
    clock = time.monotonic


def wait(readers, writers, seconds):
    """The descriptors that are ready, after at most `seconds`."""
    try:
        return select.select(readers, writers, [], seconds)[:2]
    except (OSError, select.error) as error:
        if error.args[0] == errno.EINTR:   # only 2.7 gets here; newer Pythons go on waiting by themselves
            return [], []
        raise


def read_some(fd, size=8192):   # a pty never has more than 4 KiB ready; a larger buffer only costs memory
    """Reads available bytes: None if there are none, b'' if the other side is gone (EIO on a terminal)."""
    try:
        return os.read(fd, size)
    except OSError as error:
        return None if error.errno in (errno.EAGAIN, errno.EINTR) else b''


def write_some(fd, data):
    """Writes; returns the number of written bytes, None if the other side is gone."""
    try:
        return os.write(fd, data)
    except OSError as error:
        return 0 if error.errno in (errno.EAGAIN, errno.EINTR) else None


class Pump(object):
    """Copies between `outer` (the client's terminal) and `inner` (the master of the shell's), both non-blocking.

    One side is read only while the other has taken everything before, so neither ever waits for the other.
    """

    def __init__(self, outer, inner, keeper, bell=None):
        self.outer = outer
        self.inner = inner
        self.keeper = keeper           # None: a plain pump
        self.has_fault = False         # of the keeper, which is then gone
        self.bell = bell               # readable when a signal came
        self.to_outer = b''
        self.to_inner = b''
        self.inner_again = 0           # when to look again at a pty that nobody inside has open
        self.parent = os.getppid()

    def round(self):
        """Waits, then moves bytes. Returns 'gone' if the client is gone, 'bell' if a signal came, else None."""
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
        until = min(self.ask('next', not self.to_outer, now, NEVER), now + LOOK)
        if now < self.inner_again:
            until = min(until, self.inner_again)
        readable, writable = wait(readers, writers, max(0, until - now))
        if self.bell in readable:
            return 'bell'
        return None if self.move(readable, writable, clock()) else 'gone'

    def move(self, readable, writable, now):
        """One round; False when the client is gone."""
        # The shell outside waits for its child, our parent. If that dies, another program reads the terminal and
        # must get the next key. No signal reports that, so check before every read, and every LOOK seconds.
        is_alive = os.getppid() == self.parent
        if self.to_inner and self.inner in writable:
            self.put_inner(b'')
        if self.to_outer and self.outer in writable:
            is_alive = self.put_outer(b'') and is_alive
            self.ask('printed', b'', now, None)    # we did not read, so we do not know whether it was silent
        if is_alive and self.outer in readable:
            data = read_some(self.outer)
            if data:
                self.from_client(data, now)
            elif data is not None:
                is_alive = False
        if self.inner in readable:
            is_alive = self.from_program(now) and is_alive
        data, beat = self.ask('turn', not self.to_outer, now, (b'', b''))
        if data:
            self.put_inner(data)
        return is_alive and (not beat or self.put_outer(beat))

    def ask(self, question, subject, now, otherwise):
        """Calls the keeper and catches its faults: a session without heartbeats is better than no session."""
        keeper = self.keeper
        if keeper is None:
            return otherwise
        held = keeper.held
        try:
            return getattr(keeper, question)(subject, now)
        except Exception:
            self.keeper, self.has_fault = None, True
            self.put_inner(held)
            return otherwise

    def from_client(self, data, now):
        data = self.ask('typed', data, now, data)
        if data:
            self.put_inner(data)

    def from_program(self, now):
        """Moves output as long as there is some and the client accepts it, without select()."""
        for _ in range(16):            # 16 reads of a pty are 64 KiB; then the keyboard is read
            data = read_some(self.inner)
            if data is None:
                return True
            if not data:               # EIO: the shell lives, but no process has the pty open now
                self.inner_again = now + 0.1
                return True
            self.ask('printed', data, now, None)
            if not self.put_outer(data):
                return False
            if self.to_outer or len(data) < 1024:
                return True
        return True

    def put_outer(self, data):
        """Writes as much as the client accepts and keeps the rest; False if the client is gone."""
        data = self.to_outer + data
        count = write_some(self.outer, data)
        if count is None:
            self.to_outer = b''
            return False
        self.to_outer = data[count:]
        return True

    def put_inner(self, data):
        data = self.to_inner + data
        # If no process has the pty open, a write fails too; the bytes are lost, as on a terminal without a reader.
        count = write_some(self.inner, data)
        self.to_inner = b'' if count is None else data[count:]

    def drain(self):
        """Moves the output that is readable now, then stops: a background job may hold the pty open for days."""
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
                until = clock() + 2    # a slow client gets everything; a client that stopped reading does not
            else:
                wait([], [self.outer], until - clock())

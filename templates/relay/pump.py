"""The pump: bytes both ways between the client's terminal and the shell's, with or without a keeper."""
import errno
import os
import select
import time

from relay.keeper import NEVER

CHUNK = 65536        # at most this much is in our hands each way, so Ctrl-C on a flood stays quick


# Tests replace these two to play minutes in microseconds; nothing else here looks at a clock or waits.

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
        """Waits, and moves what is there: 'gone' when the client is, 'bell' when a signal came, else None."""
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
        until = self.ask('next', not self.to_outer, now, NEVER)
        if now < self.inner_again:
            until = min(until, self.inner_again)
        readable, writable = wait(readers, writers, None if until == NEVER else max(0, until - now))
        if self.bell in readable:
            return 'bell'
        return None if self.move(readable, writable, clock()) else 'gone'

    def move(self, readable, writable, now):
        """One round; False when the client is gone."""
        # The shell outside waits for its child, our parent. When that dies the terminal has another reader, which
        # must get the next key; no signal tells us, so look before every read.
        is_alive = os.getppid() == self.parent
        if self.to_inner and self.inner in writable:
            self.put_inner(b'')
        if self.to_outer and self.outer in writable:
            is_alive = self.put_outer(b'')
            self.ask('printed', b'', now, None)    # while we did not read, nobody knows whether it was silent
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
        """The one place where a fault of the keeper is caught: a session without heartbeats is worth more than none."""
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
        """Moves output while there is some and the client takes it, without asking select() in between."""
        for _ in range(16):            # 16 reads of a pty are 64 KiB: then it is the keyboard's turn
            data = read_some(self.inner)
            if data is None:
                return True
            if not data:               # EIO: the shell lives, but nobody has the pty open at this moment
                self.inner_again = now + 0.1
                return True
            self.ask('printed', data, now, None)
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
        # With nobody inside a write fails too; the bytes are lost, as in a terminal that nobody reads.
        count = write_some(self.inner, data)
        self.to_inner = b'' if count is None else data[count:]

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

"""Drives the relay's pump over real ptys in virtual time, with a random terminal, person and program.

  python3 simulate.py RELAY --seed 1 --count 500          (schedules 0..499; exit 1 at the first that fails)
  python3 simulate.py RELAY --seed 1 --schedule 17 -v     (one of them again, with its events)

The relay's wait() is replaced: it polls the real descriptors, and while nothing is ready it delivers the next
event or moves the clock on. So an answer that is minutes late costs nothing. Runs on 2.7 and 3.x; the numbers come
from a generator of our own, so that a schedule is the same on every version.
"""
import errno
import fcntl
import heapq
import os
import select
import sys
import termios
import types

ESC, QUERY, ANSWER = b'\x1b', b'\x1b[5n', b'\x1b[0n'


class Failure(Exception):
    pass


class Done(BaseException):   # not an Exception: the relay survives those on purpose
    pass


class Dice(object):
    """splitmix64: small, and the same on every Python."""

    def __init__(self, seed):
        self.state = seed & 0xffffffffffffffff

    def bits(self):
        self.state = (self.state + 0x9e3779b97f4a7c15) & 0xffffffffffffffff
        z = self.state
        z = ((z ^ (z >> 30)) * 0xbf58476d1ce4e5b9) & 0xffffffffffffffff
        z = ((z ^ (z >> 27)) * 0x94d049bb133111eb) & 0xffffffffffffffff
        return z ^ (z >> 31)

    def below(self, n):
        return self.bits() % n

    def real(self, low, high):
        return low + (high - low) * (self.bits() >> 11) / float(1 << 53)

    def chance(self, share):
        return self.real(0, 1) < share

    def pick(self, choices):
        return choices[self.below(len(choices))]


DOUBTFUL = -2e9                # a question in a string, which terminals differ about: nobody relies on its answer
HARD = (']', 'P', '_', '^')
# What stands for terminals, and how each says that it is well. slow: its first answer takes minutes. asleep: a laptop whose
# lid is closed for hours. torn: a line on which what remains of an answer may come later than the relay can wait for it.
FORMS = {'hterm': b'\x1b0n', '8-bit': b'\x9b0n', 'utf-8': b'\xc2\x9b0n', 'torn hterm': b'\x1b0n'}
TERMINALS = ['xterm'] * 6 + ['hterm', 'hterm', '8-bit', 'utf-8', 'twice', 'twice', 'silent', 'slow',
                             'asleep', 'asleep', 'torn', 'torn hterm']
HOLDS = {ESC: 0.25, b'\x1b0': 0.25, b'\x1b[': 1.0, b'\x1b[0': 10.0}
SIZES = [(24, 80), (50, 132), (24, 80), (50, 132), (0, 0), (100, 300)]   # the last two: clients without a terminal
TMUX = b'\x1b[?1049h\x1b[22;0;0t\x1b[?1h\x1b=\x1b[H\x1b[2J\x1b[c\x1b[>c'


class Parser(object):
    """A terminal's parser, byte by byte (the relay's searches each read from its end; they must agree).

    is_strict: a string ends only at its terminator, as in kitty; otherwise any ESC cancels it, as in xterm.
    None: what a program may expect of both: any other sequence cancels a string, the question in one is text.
    """

    def __init__(self, is_strict):
        self.is_strict = is_strict
        self.state = 'ground'
        self.more = 0
        self.kind = ''
        self.params = ''
        self.was_string = False

    def is_between(self):
        return self.state == 'ground' and self.more == 0

    def is_in_string(self):
        """In one that nothing may be written into; an ESC in it may be the beginning of its end."""
        return self.kind in HARD and (self.state == 'string' or self.state == 'esc' and self.was_string)

    def feed(self, byte):
        """Takes one byte (a number); True when it completes the query."""
        char = chr(byte)
        if char == '\x1b':
            self.more = 0
            self.was_string = self.state in ('string', 'string-esc') or (self.was_string and self.state == 'esc')
            if self.was_string and self.is_strict:
                self.state = 'string-esc'
            else:
                self.state = 'esc'
        elif self.state == 'string-esc':
            self.state = 'ground' if char == '\\' else 'string'
        elif char in '\x18\x1a':
            self.state, self.more = 'ground', 0
        elif self.state == 'esc':
            if char == '[':
                self.state, self.params = 'csi', ''
            elif char in ']PX^_k':
                self.state, self.kind = 'string', char
            elif byte >= 0x30:
                self.state = 'ground'
            else:
                self.state = 'esc-more'    # a designation of characters: no terminator, and its [ opens nothing
        elif self.state == 'esc-more':
            if byte >= 0x30:
                self.state = 'ground'
        elif self.state == 'csi':
            if byte >= 0x40:
                self.state = 'ground'
                if self.params + char == '5n':
                    if self.was_string and self.is_strict is None:
                        self.state = 'string'
                        return False
                    return True
                return False
            self.params += char
        elif self.state == 'string':
            if char == '\x07' and self.kind == ']':
                self.state = 'ground'
        elif self.more and 0x80 <= byte < 0xc0:
            self.more -= 1
        else:
            self.more = 0 if not 0xc0 <= byte < 0xf8 else 1 if byte < 0xe0 else 2 if byte < 0xf0 else 3
        return False


def open_raw_pty():
    master, slave = os.openpty()
    modes = termios.tcgetattr(slave)
    modes[0] = modes[1] = modes[3] = 0
    modes[6][termios.VMIN], modes[6][termios.VTIME] = 1, 0
    termios.tcsetattr(slave, termios.TCSANOW, modes)
    for fd in (master, slave):
        fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_NONBLOCK)
    return master, slave


def read_all(fd):
    parts = []
    while True:
        try:
            part = os.read(fd, 65536)
        except OSError as error:
            if error.errno == errno.EAGAIN:
                return b''.join(parts)
            raise
        parts.append(part)


KEYS = [b'a', b'n', b'0', b'\r', b'\x03', b'\x04', b'\x7f', b'\xc3\xa9', b'\xff', b'\x00', b' ', b'ls -l\r', b'\x1b[A', b'\x1b[1;5C',
        b'\x1bOP', b'\x1b[5~', b'\x1bb', b'\x1b[I', b'\x1b[O', b'\x1b[<0;3;4M', b'\x1b[12;40R', b'\x1b[?62;c', b'\x1b]11;rgb:0/0/0\x07',
        b'\x1b[3n', b'\x1b[00n', b'\x1b\x1b[B', b'\x1b[0', ESC, ESC, ESC, b'\xc8\x9b0n']
PLAIN = [b'total 0\r\n', b'$ ', b'caf\xc3\xa9 ', b'\xe2\x82\xac', b'\xf0\x9f\x90\x9f', b'\x1b[31mred\x1b[0m', b'\x1b[2J\x1b[H', b'\x1b(B',
         b'\x1b]0;title\x07', b'\x1b]8;;http://x\x1b\\', b'\x1bPq#0;2;0;0;0~-\x1b\\', b'\x1b_app\x1b\\', b'\x1b7', b'\x1b[?25l', b'\xe9t\xe9', b'\x00',
         b'\x1bktitle\x1b\\', b'\x18', b'\x1b[1\x1b[2m']


class World(object):
    """One schedule: its events, its clock, and what everybody has seen."""

    def __init__(self, dice, ptys, is_verbose):
        self.dice = dice
        (self.terminal, self.outer), (self.inner, self.program) = ptys
        self.is_verbose = is_verbose
        self.now = 1000.0
        self.heap = []
        self.count = 0
        self.interval = dice.pick([1, 3, 10, 45, 45, 45])
        self.round_trip = dice.pick([0.0, 0.02, 0.3, 2.5])
        self.is_strict = dice.chance(0.5)              # what its parser is: kitty's or xterm's
        self.split = dice.pick([0, 0, 1, 2])           # never, sometimes, every byte
        self.terminal_kind = dice.pick(TERMINALS)
        self.form = FORMS.get(self.terminal_kind, ANSWER)
        self.keys = [key for key in KEYS if key[:1] not in (b'\xff', b'\xc8')] if self.terminal_kind == '8-bit' else KEYS
        self.has_answered = False
        self.asked_asleep = 0                          # queries since the last byte of the client
        self.client_free = self.now                    # the client sends one thing after the other
        self.last_client = self.now
        self.last_beat = self.now
        self.last_output = self.now
        self.stalled_until = self.asleep_until = 0
        self.keeper = self.pump = None
        self.is_started = True                         # the shell; False while a wrapper waits for the first answer
        self.has_rung = False                          # a signal came: the pump has to look anew
        self.is_urgent = False                         # ... another login's: ask now
        self.is_resized = False                        # to the size of a terminal, long enough after the last query
        self.pending_ours = 0                          # answers to us that are still to come
        self.unanswered = 0
        self.typed = b''
        self.got = b''
        self.written = b''                             # by the program
        self.shown = 0                                 # of it, on the terminal
        self.exact = Parser(False)                     # where a heartbeat may go
        self.strict = Parser(True)                     # what a program may claim for sure
        self.claim = Parser(None)                      # what it may hope for
        self.ours = self.lost = self.answered = 0
        self.asked = self.replies = 0                  # the program's queries, their answers ...
        self.replied = self.prompt = 0                 # ... without the doubtful ones, and those within 2 s
        self.is_after_escape = False
        self.is_settled = False                        # nothing was written since the descriptors were looked at
        self.splits = 0

    def log(self, *words):
        if self.is_verbose:
            print('%10.3f %s' % (self.now - 1000, ' '.join(str(word) for word in words)))

    # -- the schedule --

    def plan(self):
        dice = self.dice
        horizon = self.interval * dice.pick([4, 5, 8])
        at = 1000.0
        for _ in range(dice.below(25)):
            self.at(at + dice.real(0, horizon), self.type, dice.chance(0.15))
        for _ in range(dice.below(20)):
            self.at(at + dice.real(0, horizon), self.print_, dice.below(8))
        # Near a heartbeat is where it hurts.
        for beat in range(1, 4):
            if dice.chance(0.5):
                self.at(at + beat * self.interval + dice.real(-0.5, 0.5), self.print_, dice.below(8))
            if dice.chance(0.3):
                self.at(at + beat * self.interval + dice.real(-0.1, 0.5), self.type, False)
        if dice.chance(0.3):
            self.at(at + dice.real(0, horizon), self.stall, None)
        if dice.chance(0.4):
            for _ in range(1 + dice.below(8)):
                self.at(at + dice.real(0, 2 * horizon), self.resize, None)
        if dice.chance(0.2):
            self.at(at + dice.real(0, horizon), self.ring_urgently, None)
        if self.terminal_kind == 'asleep':
            self.at(at + dice.real(0, 2 * self.interval), self.close_lid, None)
        self.is_started = not dice.chance(0.2)
        self.end_at = at + horizon
        self.at(self.end_at, self.end, 0)

    def at(self, time, action, argument):
        self.count += 1
        heapq.heappush(self.heap, (time, self.count, action, argument))

    # -- the person and the terminal: one channel --

    def send(self, data):
        self.log('client ->', repr(data))
        self.last_client = self.now
        self.asked_asleep = 0
        self.put(self.terminal, data)

    def type(self, is_paste):
        if self.now < self.asleep_until:
            return self.at(self.asleep_until, self.type, is_paste)
        if self.now < self.client_free:
            return self.at(self.client_free, self.type, is_paste)
        if self.pending_ours >= 4:         # more than four late at once is more than the relay promises
            self.stalled_until = min(self.stalled_until, self.now)
        dice = self.dice
        data = dice.pick(self.keys)
        if is_paste:
            data = b''.join(dice.pick(self.keys[:8]) for _ in range(dice.pick([3, 40, 700])))
            if dice.chance(0.5):
                data = b'\x1b[200~' + data + b'\x1b[201~'
        # A person's ESC, or half a sequence, and then the rest of an answer by hand: nobody could tell, nobody types it.
        if self.is_after_escape and data[:1] in (b'[', b'0', b'n'):
            data = b'x' + data
        self.is_after_escape = data in (ESC, b'\x1b[0')
        self.typed += data
        if is_paste and dice.chance(0.5) and data[:1] != ESC:
            half = len(data) // 2
            self.send(data[:half])
            self.at(self.now, self.send, data[half:])
            self.client_free = self.now + 1e-6
        elif self.split == 2 and len(data) < 20 and dice.chance(0.7):   # the Windows client: every byte on its own
            for place in range(len(data)):
                self.at(self.now + 0.002 * place, self.send, data[place:place + 1])
            self.client_free = self.now + 0.002 * len(data) + 1e-6
        else:
            self.send(data)

    def answer(self, owner):
        if self.now < self.asleep_until:
            return self.at(self.asleep_until, self.answer, owner)
        if self.now < self.stalled_until:
            return self.at(min(self.stalled_until, self.now + self.interval * 0.02), self.answer, owner)
        if self.now < self.client_free:
            return self.at(self.client_free, self.answer, owner)
        dice, form = self.dice, self.form
        cuts = []
        if self.split and (self.split == 2 or dice.chance(0.5)):
            cuts = list(range(1, len(form)))
            # A first byte that comes when no answer is expected any more is a key, as far as anybody can tell.
            is_expected = self.now - self.last_beat <= 29 and self.keeper.in_flight
            if self.last_client >= self.last_beat and not is_expected and form[:1] != b'\x9b':
                cuts = cuts[1:]
            if dice.chance(0.4):
                cuts = [dice.pick(cuts)] if cuts else []
            self.splits += 1
        is_torn = self.terminal_kind[:4] == 'torn' and dice.chance(0.5)
        if is_torn:
            cuts = [1 + dice.below(len(form) - 1)]
        pieces = [form[start:end] for start, end in zip([0] + cuts, cuts + [len(form)])]
        time, sent = self.now, 0
        for piece in pieces:
            if sent:
                held = form[:sent]
                longest = 0.24 if held in (ESC, b'\xc2', b'\x1b0') else 0.9
                time += HOLDS[held] + dice.real(0.01, 2) if is_torn else dice.real(0, longest) if dice.chance(0.5) else 0.0
            sent += len(piece)
            is_last = sent == len(form)
            self.at(time, self.finish if is_last else self.send, (piece, owner) if is_last else piece)
        if self.terminal_kind == 'twice':
            time += dice.pick([0, 0, 0.3])
            self.at(time, self.send, form)
        self.client_free = time + 1e-6

    def finish(self, piece_and_owner):
        piece, owner = piece_and_owner
        self.has_answered = True
        if owner is None:
            self.pending_ours -= 1
            self.answered += 1
        else:
            self.replies += 1
            self.replied += owner != DOUBTFUL
            if self.now - owner < 1.99:
                self.prompt += 1
        self.send(piece)

    def stall(self, _):
        """The laptop's lid: answers wait for minutes, then come all at once."""
        self.stalled_until = self.now + self.dice.real(0, 4) * self.interval * 4
        self.log('stall until', self.stalled_until - 1000)

    def close_lid(self, _):
        """For hours nothing comes, not even a key; then all that was asked is answered at once."""
        self.asleep_until = self.now + self.dice.real(3600, 14400)
        self.stalled_until = 0
        self.log('asleep until', self.asleep_until - 1000)

    def resize(self, _):
        size = self.dice.pick(SIZES)
        self.log('resized to', size)
        if size != self.keeper.size:
            self.is_resized = size not in SIZES[-2:] and self.now - self.last_beat >= 30
        self.pump.ask('resized', size, self.now, None)
        self.has_rung = True

    def ring_urgently(self, _):
        self.log('asked by another login')
        self.keeper.is_urgent = self.is_urgent = self.has_rung = True

    def report(self, data):
        """What the terminal says by itself to a question of tmux."""
        if self.now < max(self.client_free, self.asleep_until):
            return self.at(max(self.client_free, self.asleep_until), self.report, data)
        self.typed += data
        self.is_after_escape = False
        self.send(data)

    # -- the program --

    def start_wrapped(self, relay, bell):
        """A wrapper, which starts when the terminal has answered, or is known not to."""
        self.bell, self.arrived = bell, set()
        ahead = relay.Wrapper(b'', '', {}).wait_for_answer(self, b'')
        self.is_started = True
        self.log('tmux starts' if self.keeper.answered else 'the shell starts')
        if self.keeper.answered:
            self.write(TMUX)
            for data in (b'\x1b[?64;1c', b'\x1b[>41;390;0c'):
                self.at(self.now + self.round_trip, self.report, data)
        self.pump.put_inner(ahead)

    def hear(self, data):
        return self.pump.ask('typed', data, self.now, data)

    def look_at_size(self):
        pass

    def print_(self, what):
        if not self.is_started:
            return self.at(self.now + 0.5, self.print_, what)
        dice = self.dice
        if what <= 2:
            data = b''.join(dice.pick(PLAIN) for _ in range(1 + dice.below(6)))
        elif what == 3:                    # breaks off inside something, goes on soon or late
            whole = dice.pick([b'\x1b[38;5;200m', b'\x1b]0;a title\x07', b'\x1bP1;2|abcdef\x1b\\', b'\xe2\x82\xac', b'\xf0\x9f\x90\x9f', b'\x1b(0'])
            cut = 1 + dice.below(len(whole) - 1)
            self.at(self.now + dice.pick([0.05, 0.5, 0.9, 1.5, 30]), self.write, whole[cut:])
            data = b'x' + whole[:cut]
        elif what == 4:                    # its own question, often in two writes
            data = QUERY
            cut = dice.below(5)
            if cut in (1, 2, 3):
                self.at(self.now + dice.pick([0, 0, 0.02]), self.write, data[cut:])
                data = data[:cut]
        elif what == 5:                    # the question as text of a string
            data = b'\x1b]2;' + QUERY + b' \x07' if dice.chance(0.5) else b'\x1bPtmux;\x1b' + QUERY + b'\x1b\\'
        elif what == 6:
            # Now and then more than one read takes.
            most = dice.pick([100, 100, 100, 100, 100, 1000])
            data = b''.join(dice.pick(PLAIN) for _ in range(most // 5 + dice.below(most * 4 // 5)))
        else:                              # running output for a while
            for step in range(40):
                self.at(self.now + step * 0.1, self.write, dice.pick(PLAIN) + b'line\r\n')
            return
        self.write(data)

    def write(self, data):
        self.log('program ->', repr(data[:60]))
        self.written += data
        self.put(self.program, data)

    def put(self, fd, data):
        os.write(fd, data)
        self.is_settled = False

    # -- what arrives --

    def count_answers(self):
        return self.got.count(self.form)

    def most_answers(self):
        # Twice, to a program that asks at the same time: nobody can tell whose twin is whose.
        if self.terminal_kind == 'twice' and QUERY in self.written:
            return float('inf')
        # What was not held for long enough is passed on whole, and counted.
        return self.asked + (self.keeper.leaked if self.terminal_kind[:4] == 'torn' else 0)

    def collect(self):
        ready = select.select([self.program, self.terminal], [], [], 0)[0]
        if self.program in ready:
            got = read_all(self.program)
            self.log('program <-', repr(got[:60]))
            self.got += got
            if self.count_answers() > self.most_answers():
                raise Failure('the program read an answer it never asked for')
        if self.terminal not in ready:
            return
        new = read_all(self.terminal)
        rest = self.written[self.shown:]
        if rest[:len(new)] == new:
            self.show(new)
        elif new[-4:] == QUERY and rest[:len(new) - 4] == new[:-4]:
            self.show(new[:-4])
            self.meet_heartbeat()
        else:
            raise Failure('the terminal got bytes that nobody wrote: %r' % new[:80])

    def show(self, data):
        if data:
            self.last_output = self.now
        self.shown += len(data)
        for byte in bytearray(data):
            is_exact = self.exact.feed(byte)
            is_certain = self.strict.feed(byte)
            is_answered = is_certain if self.is_strict else is_exact
            is_hoped = self.claim.feed(byte)
            self.asked += is_hoped or is_answered
            self.lost += is_hoped and not is_answered      # terminals differ in what ends an open string
            if is_answered:
                # Only a question outside of any string, to every terminal's mind, deserves an answer in time.
                self.reply(self.now if is_certain else -1e9 if is_hoped else DOUBTFUL)

    def meet_heartbeat(self):
        self.log('heartbeat')
        if self.ours:
            if not self.has_answered:
                self.check_probe()
            if self.exact.is_in_string():
                raise Failure('a heartbeat inside a string')
            if not self.exact.is_between() and self.now - self.last_output < 0.999 and self.now - self.last_client < 2 * self.interval:
                raise Failure('a heartbeat inside a sequence')
            if self.has_answered and not self.is_urgent and self.now < max(self.last_client, self.last_beat) + self.interval - 1e-6:
                raise Failure('a heartbeat before it was due')
            if self.asked_asleep >= 4:
                raise Failure('a fifth query to a client that says nothing')
        elif self.shown:
            raise Failure('the first query comes after output')
        self.asked_asleep += 1
        self.last_beat = self.now
        self.is_urgent = self.is_resized = False
        self.ours += 1
        is_seen = False
        for byte in bytearray(QUERY):
            is_exact = self.exact.feed(byte)
            is_certain = self.strict.feed(byte)
            is_seen = is_certain if self.is_strict else is_exact
            self.claim.feed(byte)
        # The relay's own bytes end what the program had left open, for the relay too.
        if is_seen:
            self.reply(None)
        else:
            self.lost += 1

    def check_probe(self):
        if not self.is_resized or self.ours > 5:
            raise Failure('a client that has never answered is asked again')
        if self.now - self.last_output < 0.999 or self.shown and self.written[self.shown - 1:self.shown] not in (b'\r', b'\n'):
            raise Failure('a client that has never answered is asked in the middle of output')

    def reply(self, owner):
        dice = self.dice
        is_first = owner is None and self.ours == 1
        if self.terminal_kind == 'silent' or dice.chance(0.03) and not is_first:
            self.log('never answered')
            self.lost += 1
            return
        if owner is None:
            self.pending_ours += 1
        delay = self.round_trip * dice.real(0.5, 1.5)
        if self.terminal_kind == 'slow' and is_first:
            delay = dice.real(60, 400)
            self.stalled_until = self.now + delay
        if dice.chance(0.08):
            self.stalled_until = self.now + dice.real(0, 3) * self.interval   # in order: all later ones wait too
        self.at(self.now + delay, self.answer, owner)

    # -- time --

    def wait(self, readers, writers, seconds):
        until = self.now + seconds
        self.is_settled = False
        while True:
            if not self.is_settled:
                self.collect()
                readable, writable, _ = select.select(readers, writers, [], 0)
                if readable or writable:
                    return readable, writable
                self.is_settled = True
            if self.has_rung:
                self.has_rung = False
                return [], []
            if self.heap and self.heap[0][0] <= until:
                is_burst = self.dice.chance(0.5)   # what happens together may arrive in one read, or not
                burst_end = self.heap[0][0] + (2e-5 if is_burst else -1)
                while True:
                    time, _, action, argument = heapq.heappop(self.heap)
                    self.now = max(self.now, time)
                    action(argument)
                    if not self.heap or self.heap[0][0] > burst_end:
                        break
            else:
                self.now = until
                silence = self.now - max(self.last_client, self.last_beat, self.last_output)
                # One of ours may have gone to a program that asked, and the program's is still to come.
                missing = self.ours - self.answered + self.asked - self.replies
                is_owed = (self.has_answered and self.is_started and self.now > self.asleep_until and missing < 4
                           and not self.exact.is_in_string() and not self.claim.is_in_string())
                if is_owed and silence > self.interval + 1.01:
                    raise Failure('no heartbeat after %.1f s of silence' % silence)
                return [], []

    def end(self, rounds):
        """Enough queries, nothing on its way, and every hold run out: then compare."""
        if self.now < self.asleep_until or not self.is_started:
            return self.at(max(self.asleep_until, self.now) + 11.0, self.end, rounds)
        enough = 1 if self.terminal_kind == 'silent' else 3
        if self.ours < enough or self.pending_ours or rounds < 2:
            if rounds > 400:
                raise Failure('fewer than three queries')
            if rounds > 40:                # a string that was left open ends some time
                self.write(b'\x18')
            is_quiet = self.ours >= enough and not self.pending_ours or self.claim.is_in_string()
            return self.at(self.now + max(11.0, self.interval * 1.1), self.end, rounds + 1 if is_quiet or rounds else 0)
        if any(event[2] != self.end for event in self.heap):
            return self.at(self.now + 11.0, self.end, rounds)
        raise Done()

    def judge(self):
        self.collect()
        if self.shown != len(self.written):
            raise Failure('the terminal misses output')
        rest = self.got.replace(self.form, b'')
        if rest != self.typed:
            at = len(os.path.commonprefix([rest, self.typed]))
            raise Failure('after %d bytes the program read %r, typed was %r' % (at, rest[at:at + 40], self.typed[at:at + 40]))
        answers = self.count_answers()
        if answers > self.most_answers():
            raise Failure('the program read %d answers and asked %d times' % (answers, self.asked))
        if not self.lost and answers < self.replied:
            raise Failure('the program was answered %d times and read %d answers' % (self.replied, answers))
        if answers < self.prompt:
            raise Failure('the program was answered %d times in time and read %d answers' % (self.prompt, answers))


def load(path):
    relay = types.ModuleType('relay')
    with open(path) as source:
        exec(compile(source.read(), path, 'exec'), relay.__dict__)
    return relay


def run(relay, ptys, bell, seed, number, is_verbose=False):
    world = World(Dice(seed * 1000003 + number), ptys, is_verbose)
    world.plan()
    relay.clock = lambda: world.now
    relay.wait = world.wait
    keeper = relay.Keeper(world.interval, 10 ** 9, world.now)
    pump = relay.Pump(world.outer, world.inner, keeper)
    world.keeper, world.pump = keeper, pump
    pump.put_outer(keeper.ask(world.now))
    pump.ask('resized', SIZES[number % len(SIZES)], world.now, None)
    try:
        if not world.is_started:
            world.start_wrapped(relay, bell)
        reason = None
        while reason is None:
            reason = pump.round()
        raise Failure('the pump ended: %s' % reason)
    except Done:
        world.judge()
    if pump.has_fault:
        raise Failure('the keeper failed and was dropped')
    return world


def main(argv):
    options = {'--seed': 1, '--count': 500, '--from': 0, '--schedule': None}
    path, words, is_verbose = argv[0], iter(argv[1:]), '-v' in argv
    for word in words:
        if word in options:
            options[word] = int(next(words))
    first, count = options['--from'], options['--count']
    if options['--schedule'] is not None:
        first, count = options['--schedule'], 1
    relay = load(path)
    ptys = (open_raw_pty(), open_raw_pty())
    bell = os.pipe()[0]
    totals = [0] * 6
    for number in range(first, first + count):
        try:
            world = run(relay, ptys, bell, options['--seed'], number, is_verbose)
        except Failure as failure:
            print('FAILED: %s' % failure)
            print('replay: %s simulate.py %s --seed %d --schedule %d -v' % (sys.executable, path, options['--seed'], number))
            return 1
        totals = [total + value for total, value in zip(totals, (
            world.ours, world.lost, world.asked, world.splits, len(world.typed), len(world.written)))]
    print('%d schedules hold: %d queries of ours, %d never answered, %d questions by programs, %d split answers, '
          '%d bytes typed, %d printed' % tuple([count] + totals))
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))

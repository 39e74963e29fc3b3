"""When to ask the client's terminal, and whose an answer is. Knows bytes and times only: no descriptor, no process."""
from relay.bytes import ESC, HOLD, QUERY, REPORT_TIME, Output, Reports, begun_answer, find_answer


CLAIM = 2.0          # a program that asked the same question this recently is served before us
SILENCE = 1.0        # after this silence an unfinished sequence counts as over
LOST = 30.0          # seconds within which an answer comes over a working line
GIVEN_UP = 3600.0    # Ctrl-S freezes the screen and delays answers while keys still come; nobody leaves it frozen for so long
MOST = 4             # never more queries than this in flight, and never more late answers than this to remove
PROBES = 5           # at most so many new probes after a change of size ...
PROBE_GAP = 30.0     # ... that came so many seconds after the last one
NO_TERMINAL = ((0, 0), (100, 300))   # lines and columns of clients that have no terminal
NEVER = float('inf')


class Keeper(object):
    """Decides about heartbeats. `news` says what happened since it was last emptied: changed, cap."""

    def __init__(self, interval, max_idle, now, read_cap=None):
        self.interval = interval
        self.max_idle = max_idle
        self.read_cap = read_cap or (lambda: None)
        self.output = Output()
        self.reports = Reports()
        self.last_input = self.last_key = self.last_output = self.last_ask = self.last_answer = now
        self.enquired = -NEVER     # when the program last asked for the terminal's answerback
        self.awake_since = now     # time of the first client byte after the last query; None: the line may be asleep
        self.in_flight = 0         # queries without an answer yet
        self.late = 0              # lost queries whose late answer is still removed
        self.says_twice = False    # the terminal answers every query twice
        self.twins = 0             # answers just removed whose second copy has not come yet
        self.claims = []           # times of a program's own queries within CLAIM ...
        self.served = 0            # ... and how many answers programs have been given
        self.before = b''          # what came before the next input
        self.partial = b''         # the possible start of an answer ...
        self.passed = 0            # ... and how much of it the program has been given already
        self.is_late = False       # ... because it was not held for long enough, not because nothing was outstanding
        self.hold_until = now
        self.size = None
        self.probes = 0
        self.has_terminal = False  # an answer has come, to a query of ours or of a program
        self.is_size_new = self.is_urgent = self.has_given_up = self.is_capped = False
        self.sent = self.answered = self.leaked = 0
        self.news = ''

    def state(self):
        if self.is_capped:
            return 'capped'
        if not self.has_terminal:
            return 'no-answer'
        return 'not-answering' if self.in_flight >= MOST else 'answering'

    # -- output, from the program --

    def printed(self, data, now):
        asked = self.output.add(data)
        if asked:
            self.claims = (self.claims + [now] * min(asked, 64))[-64:]
        if b'\x05' in data:
            self.enquired = now
        self.last_output = now

    def resized(self, size, now):
        """Notes the terminal's lines and columns. A client that had none for a while may be a terminal after all."""
        if size != self.size:
            # Each client says its first size right after the start, when it has just been asked.
            self.is_size_new = size not in NO_TERMINAL and now - self.last_ask >= PROBE_GAP
            self.size = size

    # -- input, from the client --

    def typed(self, data, now):
        """The bytes of `data`, and of bytes held before, that go to the program now."""
        was_asleep = self.awake_since is None
        if was_asleep:
            self.awake_since = now
        self.last_input = now
        if not self.partial and not self.reports.begun and ESC not in data and b'\x9b' not in data and data[-1:] != b'\xc2':
            self.before = (self.before + data[-3:])[-3:]
            self.note_keys(data, now)      # plain typing: the fast path
            return data
        text = self.partial + data
        start = self.passed                # text[:start] has gone inside already
        out = []
        at, end = find_answer(text, 0, self.before)
        while at >= 0:
            out.append(text[start:at if self.is_ours(at < start, now) else end])
            start = end
            at, end = find_answer(text, end, self.before)
        begun = begun_answer(text, self.before)
        edge = len(text) - len(begun)
        self.before = (self.before + text[max(0, edge - 3):edge])[-3:]
        is_held = begun and edge >= start and self.may_be_ours(begun, was_asleep, now)
        if is_held:
            out.append(text[start:edge])
            self.passed = 0
            self.hold_until = now + HOLD[begun]
        else:
            # Part of this sequence was already forwarded, so forward the rest.
            out.append(text[start:])
            if edge >= start:
                self.is_late = self.in_flight + self.late > 0
            self.passed = len(begun)
        self.partial = begun
        data = b''.join(out)
        self.note_keys(data, now)
        return data

    def may_be_ours(self, begun, was_asleep, now):
        """Whether to hold the start of an answer; a lone ESC, often a key, only while an answer can still come."""
        missing = self.in_flight + self.late
        if missing and (len(begun) > 1 or begun == b'\x9b' or now - self.last_answer < CLAIM):
            return True
        return self.in_flight > 0 and (was_asleep or now - self.last_ask < LOST)

    def is_ours(self, has_begun, now):
        """Handles one complete answer; True: remove it."""
        self.has_terminal = True
        while self.claims and now - self.claims[0] > CLAIM:
            del self.claims[0]
        if not self.claims:
            if self.twins and not has_begun and now - self.last_answer <= REPORT_TIME and (
                    self.says_twice or not self.in_flight + self.late and self.served >= self.output.queries):
                self.says_twice = True     # nobody asked for this one
                self.twins -= 1
                self.last_answer = now
                return True
            if self.in_flight + self.late and (self.is_late or not has_begun):
                self.count_answer(has_begun, now)
                return not has_begun
        del self.claims[:1]
        self.served += 1
        return False

    def count_answer(self, has_begun, now):
        if self.in_flight:
            self.in_flight -= 1
        else:
            self.late -= 1
        self.twins = 0 if has_begun else min(MOST, self.twins + 1) if now - self.last_answer <= REPORT_TIME else 1
        self.answered += 1
        self.leaked += has_begun           # its ESC waited longer than HOLD allows: counted, not hidden
        self.last_answer = now
        self.has_given_up = False
        self.news = self.news or 'changed'

    @property
    def held(self):
        """The bytes that are held."""
        return self.partial[self.passed:]

    def release(self, now):
        """Ends the hold: the bytes were keys."""
        data = self.held
        if not data or now < self.hold_until:
            return b''
        self.passed = len(self.partial)
        self.is_late = True
        self.note_keys(data, now)
        return data

    def note_keys(self, data, now):
        """Only keys count as activity. Text right after an ENQ is the terminal's answerback."""
        if data and now - self.enquired > REPORT_TIME and self.reports.has_key(data, now):
            self.last_key = now
            if self.is_capped:
                self.is_capped = False
                self.news = 'changed'

    # -- heartbeats --

    def due(self, now):
        """Time of the next query if nothing else happens; NEVER: an event must come first."""
        if self.is_capped:
            return NEVER
        if self.has_terminal:
            at = max(now, self.last_answer + REPORT_TIME) if self.is_urgent else max(self.last_input, self.last_ask) + self.interval
        elif self.is_size_new and self.probes < PROBES and self.output.is_at_line_start():
            at = self.last_output + SILENCE
        else:
            return NEVER
        if self.in_flight >= MOST:
            # A sleeping client receives all queries when it wakes, and answers all at once.
            if self.awake_since is None:
                return NEVER
            at = max(at, self.awake_since + self.patience())
        if now < at:
            return at
        if self.output.is_in_string():
            return NEVER
        if self.output.is_unfinished():
            return max(at, min(self.last_output + SILENCE, at + max(self.interval, SILENCE)))
        if self.output.has_control():
            return max(at, min(self.last_output, at) + SILENCE)
        return at

    def patience(self):
        """Seconds after a client byte in which answers may come. Longer after a loss: the screen may be frozen."""
        return GIVEN_UP if self.has_given_up else LOST

    def next(self, can_ask, now):
        """The time at which turn() may return something if no event comes before."""
        due = self.due(now) if can_ask else NEVER
        return min(due, self.hold_until) if self.held else due

    def turn(self, can_ask, now):
        """Bytes for the program, because a hold ended, and bytes for the client, because a heartbeat is due."""
        data = self.release(now)
        return data, self.beat(now) if can_ask and now >= self.due(now) else b''

    def beat(self, now):
        cap = self.read_cap()              # read each time: a new limit also applies to running sessions
        if now - self.last_key >= (self.max_idle if cap is None else min(cap, self.max_idle)):
            self.is_capped = True
            self.news = 'cap'
            return b''
        self.probes += not self.has_terminal
        return self.ask(now)

    def probe(self, _, now):
        return self.ask(now)

    def ask(self, now):
        if self.in_flight and self.awake_since is not None and now - self.awake_since >= self.patience():
            self.late, self.in_flight = min(MOST, self.late + self.in_flight), 0
            self.has_given_up = True
        self.last_ask = now
        self.awake_since = None
        self.is_size_new = self.is_urgent = False
        self.in_flight += 1
        self.sent += 1
        self.output.interrupt()
        self.news = self.news or 'changed'
        return QUERY

"""pty.ts for drivers that have to be Python: a terminal in front of the pty `fd`, what it shows, what it answers, what a person types."""
import os
import re
import select
import time

QUERY, ANSWER = b'\x1b[5n', b'\x1b[0n'
# hterm leaves the bracket out, previews of Windows Terminal 1.22 the ESC.
ODD = {'hterm': b'\x1b0n', 'bare': b'[0n'}
LONGEST_QUERY = 9


class Terminal(object):
    patience = 20

    def __init__(self, fd, mode='answers', delay=0, reports=None):
        """mode: 'answers', 'silent', 'twice', one of ODD, or 'split': every byte its own message, as the Windows client sends them."""
        self.fd = fd
        self.mode = mode
        self.delay = delay                 # seconds that an answer takes
        self.reports = dict(reports or {})
        self.reports[QUERY] = ANSWER
        self.asks = re.compile(b'|'.join(re.escape(query) for query in self.reports))
        self.screen = bytearray()
        self.asked = self.answered = self.nuls = self.seen = self.read = 0
        self.late = []

    def turn(self, seconds=0.02):
        """Reads once, and answers as a terminal does."""
        if self.fd is None:
            return False
        self.answer()
        try:
            if not select.select([self.fd], [], [], seconds)[0]:
                return False
            data = os.read(self.fd, 65536)
        except OSError:
            time.sleep(0.005)
            return False
        self.screen += data
        self.nuls += data.count(b'\0')
        for query in self.asks.finditer(self.screen, max(self.read, len(self.screen) - len(data) - LONGEST_QUERY)):
            self.read = query.end()
            self.asked += query.group() == QUERY
            if self.mode != 'silent':
                self.late.append((time.time() + self.delay, self.reports[query.group()]))
        if self.delay == 0:
            self.answer()
        return True

    def answer(self):
        while self.late and self.late[0][0] <= time.time():
            report = self.late.pop(0)[1]
            odd = ODD.get(self.mode) if report == ANSWER else None
            said = odd or report * (2 if self.mode == 'twice' else 1)
            for piece in [said] if self.mode != 'split' else [said[at:at + 1] for at in range(len(said))]:
                os.write(self.fd, piece)
                if self.mode == 'split':
                    time.sleep(0.004)
            self.answered += report == ANSWER

    def turn_all(self):
        """Whatever has to be read while this one waits."""
        self.turn()

    def tell(self):
        """What a failure says beside the screen."""
        return ''

    def until(self, holds, why, seconds=None):
        end = time.time() + (seconds or self.patience)
        while not holds():
            if time.time() > end:
                raise AssertionError('%s\n-- screen --\n%r\n-- more --\n%s' % (why, self.screen[-3000:], self.tell()))
            self.turn_all()

    def sees(self, text, seconds=None):
        """Waits for text that came after what was seen before."""
        searched = [self.seen]

        def is_there():
            at = self.screen.find(text, searched[0])
            # From where it may have begun: a flood is not searched anew at every read.
            searched[0] = max(searched[0], at if at >= 0 else len(self.screen) - len(text) + 1)
            return at >= 0
        self.until(is_there, 'never saw %r' % text, seconds)
        self.seen = searched[0] + len(text)

    def type(self, data):
        os.write(self.fd, data)

    def beats(self, count=2):
        goal = self.answered + count
        self.until(lambda: self.answered >= goal, 'no heartbeat')
        end = time.time() + 0.2            # the answer arrives, and whatever it does shows
        while time.time() < end:
            self.turn()

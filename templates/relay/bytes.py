"""What bytes mean: answers and reports in a client's input, and where a program's output ends."""

ESC = b'\x1b'
QUERY = b'\x1b[5n'
ANSWER = b'\x1b[0n'
# The bytes before the 0n of an answer: ESC [, its 8-bit byte or the UTF-8 form of that (S8C1T), or hterm's ESC.
INTRODUCERS = (b'\x1b[', b'\xc2\x9b', b'\x9b', ESC)
# How long the start of an answer is held. The Windows client sends each byte in a separate message.
# People press ESC alone, so a lone ESC is held only shortly.
HOLD = {ESC: 0.25, b'\x1b0': 0.25, b'\x1b[': 1.0, b'\x1b[0': 10.0,
        b'\xc2': 0.25, b'\xc2\x9b': 1.0, b'\xc2\x9b0': 10.0, b'\x9b': 1.0, b'\x9b0': 10.0}
# ESC and one of these opens a string: DCS, OSC, APC, PM, and two rare ones, SOS and a title.
STRINGS = (b'P', b']', b'_', b'^')
SOFT_STRINGS = (b'X', b'k')
REPORTS = (b']', b'P', b'_')   # the strings that a terminal sends by itself: colours, versions
REPORT_TIME = 1.0              # a terminal sends all of a report at once; ESC and a letter by hand stay alone
# C1 bytes that begin something, and what stands for a byte that is no UTF-8.
CONTROLS = u'\x90\x98\x9b\x9d\x9e\x9f\ufffd'
TAIL = 512                     # no sequence but a string is longer


def last_three(before, text, at):
    return (before + text[max(0, at - 3):at])[-3:]


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
    """The start and end of the next answer at or after `at`; (-1, -1) for none. `before` is the input before `text`."""
    end = text.find(b'0n', at)
    while end >= 0:
        for introducer in INTRODUCERS:
            start = end - len(introducer)
            # 0x9b is also the second byte of many UTF-8 letters.
            if start >= at and text[start:end] == introducer and not (
                    introducer == b'\x9b' and is_in_character(last_three(before, text, start))):
                return start, end + 2
        end = text.find(b'0n', end + 2)
    return -1, -1


def begun_answer(text, before):
    """The end of `text`, if it may be the start of an answer."""
    for size in (3, 2, 1):
        part = text[-size:]
        if part in HOLD and not (part[:1] == b'\x9b' and is_in_character(last_three(before, text, len(text) - len(part)))):
            return part
    return b''


def after_sequence(text, enders=()):
    """The text after the sequence at the start of `text`; None if that sequence is not complete."""
    kind = text[1:2]
    if kind in STRINGS + SOFT_STRINGS:
        ends = [text.find(end) + len(end) for end in (b'\x18', b'\x1a') + tuple(enders) if end in text]
        if kind == b']' and b'\x07' in text:
            ends.append(text.find(b'\x07') + 1)
        return text[min(ends):] if ends else None
    first, lowest = (2, b'@') if kind == b'[' else (1, b'0')
    for at in range(first, len(text)):
        byte = text[at:at + 1]
        if byte >= lowest or byte in (b'\x18', b'\x1a'):
            return text[at + 1:]
    return None


class Output(object):
    """Parses a program's output, each byte once: whether a string is open, and how the text ends."""

    def __init__(self):
        self.tail = b''
        self.string = b''      # the kind of the string that is open
        self.begun = b''       # the end of the text that may begin a query
        self.queries = 0       # in a string or not

    def add(self, data):
        """How many queries of the program end in `data`. A query in a string is text: an answer to it would be ours.

        When in doubt it is none. A claim that nobody answers would hand one of our answers to the program. A claim
        that is missing costs nothing: all answers are alike, and the next one is passed on instead.
        """
        self.tail = data[-TAIL:] if len(data) >= TAIL else (self.tail + data)[-TAIL:]
        if not self.begun and ESC not in data:
            if self.string:
                self.follow(data)
            return 0
        text = self.begun + data
        self.begun = next((part for part in (b'\x1b[5', b'\x1b[', ESC) if text.endswith(part)), b'')
        text = text[:len(text) - len(self.begun)]
        asked = start = 0
        at = text.find(QUERY)
        while at >= 0:
            self.follow(text[start:at])
            self.queries += 1
            asked += not self.string
            start = at + len(QUERY)
            at = text.find(QUERY, start)
        self.follow(text[start:])
        return asked

    def follow(self, text):
        # Any ESC but the doubled ESC of tmux's pass-through ends a string, so only the last one matters.
        text = text.rstrip(ESC)
        at = text.rfind(ESC)
        if at >= 0:
            kind = text[at + 1:at + 2]
            self.string = kind if kind in STRINGS + SOFT_STRINGS else b''
            text = text[at + 2:]
        if self.string and (b'\x18' in text or b'\x1a' in text or self.string == b']' and b'\x07' in text):
            self.string = b''

    def interrupt(self):
        """Resets the state: our query has ended the program's unfinished sequence."""
        self.tail = self.string = self.begun = b''

    def is_in_string(self):
        return self.string in STRINGS and len(self.begun) < 2

    def is_unfinished(self):
        """True inside any other sequence or a character."""
        at = self.tail.rfind(ESC)
        # ESC always starts a new sequence, so bytes before the last ESC do not matter.
        rest = self.tail if at < 0 else after_sequence(self.tail[at:])
        return rest is None or is_in_character(rest)

    def has_control(self):
        """True if an 8-bit control may have started a sequence after the last ESC."""
        text = self.tail[self.tail.rfind(ESC) + 1:].decode('utf-8', 'replace')
        return any(control in text for control in CONTROLS)

    def is_at_line_start(self):
        return self.tail[-1:] in (b'', b'\n', b'\r')


class Reports(object):
    """Tells keys from reports that a terminal sends by itself.

    Reports that a terminal sends by itself do not count, or a program that polls the cursor's position would keep an
    empty chair logged in: CSI replies, strings, and focus in and out (windows also change focus with nobody there).
    The mouse counts, it takes a hand to move it.
    """

    def __init__(self):
        self.begun = b''       # the beginning of what may become a report
        self.since = 0

    def has_key(self, data, now):
        if self.begun and now - self.since > REPORT_TIME:
            self.begun = b''
            return True        # the supposed start of a report was ESC and a letter, typed by hand
        text = self.begun + data
        if not self.begun:
            self.since = now
        self.begun = b''
        while text:
            text = spell_out(text)
            kind = text[1:2]
            if text == b'\xc2':
                rest = None
            elif text[:1] != ESC or kind not in REPORTS + (b'[', b'', b'0'):
                return True
            elif kind == b'0':
                # hterm's answer.
                if text[2:3] not in (b'', b'n'):
                    return True
                rest = text[3:] if text[2:3] else None
            else:
                rest = after_sequence(text, (b'\x1b\\', b'\x9c', b'\x07'))
            if rest is None:
                self.begun = text[:4096]
                return len(text) > 4096   # a report is never this long
            final = text[:len(text) - len(rest)][-1:]
            # Keys end in w, x and m too, but those have no numbers.
            if kind == b'[' and not (final in b'ncRtyIO' or text[2:3] in (b'?', b'>', b'=')
                                     or final in b'wxm' and text[2:3].isdigit()):
                return True
            text = rest
        return False


def spell_out(text):
    """Replaces a C1 byte at the start of `text`, raw or as UTF-8, with ESC and a letter."""
    size = 2 if text[:1] == b'\xc2' else 1
    code = text[size - 1:size]
    if b'\x80' <= code <= b'\x9f':
        return ESC + chr(ord(code) - 0x40).encode('latin-1') + text[size:]
    return text

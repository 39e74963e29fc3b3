"""--wrap tmux: a tmux client in place of the shell, and the shell inside tmux. tmux.sh does the rest."""
import os

from relay.bytes import ESC
from relay.pump import clock, read_some, wait
from relay.record import LETTERS, PLAIN, split_id
from relay.shell import exit_code, reap, signal, to_bytes

PROOF = 3.0          # a terminal answers within this time after the client has sent its size ...
UNSEEN = 10.0        # ... or within this time if it never sends one
SHOWING = 5.0        # a wrapper without output for so long has failed
# Session names made by programs and services: no person comes back to them.
MACHINES = ('botocore-session-', 'aws-cli-session-', 'aws-sdk-', 'aws-go-sdk-', 'awscodebuild', 'githubactions', 'i-', 'mi-')
LONGEST_LABEL = 72   # a socket's path has 107 bytes
WHY = {
    'nobody': b"is for people, and this session's id names none",
    'missing': b'2.9 or newer is not here',
    'failed': b'failed',
}


def person_of(session_id):
    """The name in a session id if it is a person's, else ''."""
    name = split_id(session_id)
    low = name.lower()
    is_machine = low.startswith(MACHINES) or not low.strip('0123456789') or (
        len(low) >= 17 and not low.strip('0123456789abcdef-'))
    return '' if is_machine else name


def label_of(name):
    """The name of this person's tmux socket. Special characters become _ and two hex digits: no two names are equal."""
    text = ''.join(each if each in PLAIN else '_%02x' % ord(each) for each in name)
    return 'ssm-keepalive-' + text if text and len(text) <= LONGEST_LABEL else ''


class Wrapper(object):
    """What stands in for the shell. `wrap` is what the status record says; `shown` is the screen's beginning."""

    def __init__(self, script, session_id, environ):
        is_inside = b'TMUX' in environ or b'STY' in environ
        label = label_of(person_of(session_id))
        self.script = script
        self.label = b'' if is_inside else to_bytes(label)   # empty: no tmux here
        self.wrap = 'none' if is_inside or label else 'nobody'
        self.shown = b''

    def wait_for_answer(self, session, ahead):
        """Waits for the answer to the probe, at most PROOF or UNSEEN; returns what was typed, with what came before.

        A terminal says how large it is. Programs that drive sessions never answer, and get the plain shell.
        """
        since = None
        until = clock() + UNSEEN
        while not session.keeper.answered and clock() < until:
            if since is None and (ahead or session.keeper.size != (0, 0)):
                since = clock()
                until = since + PROOF
            readable = wait([session.outer, session.bell], [], max(0, until - clock()))[0]
            if session.bell in readable:
                read_some(session.bell)
                if session.arrived & set((signal.SIGHUP, signal.SIGTERM)):
                    break
                session.look_at_size()
            if session.outer in readable:
                data = read_some(session.outer)
                if data == b'':
                    break
                ahead += session.hear(data)
        return ahead

    def command(self, shell):
        """The command line: what it is to start, as a shell and a command for it."""
        if shell.argv[0][:1] == b'-':
            return [b'sh', self.script, shell.path, b'', self.label]     # a login shell, which is what tmux starts by itself
        words = [b"'" + word.replace(b"'", b"'\\''") + b"'" for word in shell.argv]
        return [b'sh', self.script, b'/bin/sh', b' '.join([b'exec'] + words), self.label]

    def comes_up(self, inner, pid):
        """True if tmux is up; False: its process has ended. Keys typed before that wait for tmux or the shell."""
        data = b'\0'                       # the wrapper prints NULs while it works
        while data and not data.strip(b'\0') and wait([inner], [], SHOWING)[0]:
            data = read_some(inner)
        self.shown = (data or b'').lstrip(b'\0')
        if self.shown[:1] == ESC:          # tmux's screen begins with ESC; its error messages are plain text
            self.wrap = 'tmux'
            return True
        self.shown = b''
        for _ in range(20):                # the pty closes a moment before its process can be reaped
            status = reap(pid)
            if status is not None:
                break
            wait([], [], 0.01)
        else:
            os.kill(pid, signal.SIGKILL)
            status = os.waitpid(pid, 0)[1]
        self.ended(status)
        return False

    def ended(self, status):
        code = exit_code(status)
        if code != 66:                     # the session is already inside a multiplexer
            self.wrap = 'missing' if code == 69 else 'failed'

    def complaint(self):
        """Tells the user in one line that there is no tmux."""
        why = WHY.get(self.wrap)
        return why and b'ssm-keepalive: tmux ' + why + b'; this shell ends with its connection\r\n' or b''

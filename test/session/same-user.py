"""What a process may do to another of the same user: prints `probe NAME yes|no` for the session whose shell is its parent."""
import ctypes
import fcntl
import os
import signal

libc = ctypes.CDLL(None, use_errno=True)
shell = os.getppid()
above = int(open('/proc/%d/stat' % shell).read().rsplit(')', 1)[1].split()[1])
# With a relay: the process above the shell. Without: the shell alone stands for the session.
relay = above if open('/proc/%d/comm' % above).read() == 'ssm-keepalive\n' else shell


def attempt(name, act):
    try:
        act()
        print('probe %s yes' % name, flush=True)
    except OSError:
        print('probe %s no' % name, flush=True)


def call(number, *words):
    result = libc.syscall(number, *words)
    if result < 0:
        raise OSError(ctypes.get_errno(), 'refused')
    return result


def seize(pid):
    if libc.ptrace(0x4206, pid, None, None) < 0:
        raise OSError(ctypes.get_errno(), 'refused')


def take(pid, pattern):
    number = next(n for n in os.listdir('/proc/%d/fd' % pid) if os.readlink('/proc/%d/fd/%s' % (pid, n)).startswith(pattern))
    os.close(call(438, call(434, pid, 0), int(number), 0))


outer, inner = os.readlink('/proc/%d/fd/0' % relay), os.readlink('/proc/%d/fd/0' % shell)
attempt('open-outer-by-name', lambda: os.close(os.open(outer, os.O_RDWR | os.O_NOCTTY)))
attempt('open-outer-by-fd', lambda: os.close(os.open('/proc/%d/fd/0' % relay, os.O_RDWR | os.O_NOCTTY)))
attempt('open-inner-by-name', lambda: os.close(os.open(inner, os.O_RDWR | os.O_NOCTTY)))
attempt('open-inner-by-fd', lambda: os.close(os.open('/proc/%d/fd/0' % shell, os.O_RDWR | os.O_NOCTTY)))
attempt('signal', lambda: os.kill(relay, signal.SIGCONT))
attempt('take-terminal', lambda: take(relay, outer))
if relay != shell:
    attempt('take-master', lambda: take(relay, '/dev/ptmx') if any(os.readlink('/proc/%d/fd/%s' % (relay, n)) == '/dev/ptmx' for n in os.listdir('/proc/%d/fd' % relay)) else take(relay, '/dev/pts/ptmx'))
attempt('memory', lambda: os.close(os.open('/proc/%d/mem' % relay, os.O_RDWR)))
attempt('ptrace', lambda: seize(relay))
print('probe' + ' end', flush=True)

"""Runs a command and everything it starts, and kills all of it at once, right before its Nth file operation.

  kill-at.py N LOG COMMAND [ARG...]      exit status 99 where it was killed, the command's own where it had fewer operations

strace's `inject=…:when=N` counts in each process anew, and kills that process alone: a script that runs a tool per
operation never gets past N = 1, and lives on. This counts over all processes, and ends them together, as a power cut would.
LOG gets one line per operation, so that a failure can be read.
"""
import ctypes
import os
import platform
import signal
import struct
import sys

CALLS = {
    'x86_64': {
        'open': 2, 'creat': 85, 'openat': 257, 'openat2': 437, 'write': 1, 'writev': 20, 'pwrite64': 18, 'sendfile': 40,
        'copy_file_range': 326, 'splice': 275, 'mkdir': 83, 'mkdirat': 258, 'rename': 82, 'renameat': 264, 'renameat2': 316,
        'link': 86, 'linkat': 265, 'symlink': 88, 'symlinkat': 266, 'unlink': 87, 'unlinkat': 263, 'rmdir': 84, 'chmod': 90,
        'fchmod': 91, 'fchmodat': 268, 'fchmodat2': 452, 'chown': 92, 'fchown': 93, 'lchown': 94, 'fchownat': 260,
        'truncate': 76, 'ftruncate': 77,
    },
    'aarch64': {
        'openat': 56, 'openat2': 437, 'write': 64, 'writev': 66, 'pwrite64': 68, 'sendfile': 71, 'copy_file_range': 285,
        'splice': 76, 'mkdirat': 34, 'renameat': 38, 'renameat2': 276, 'linkat': 37, 'symlinkat': 36, 'unlinkat': 35,
        'fchmod': 52, 'fchmodat': 53, 'fchmodat2': 452, 'fchown': 55, 'fchownat': 54, 'truncate': 45, 'ftruncate': 46,
    },
}[platform.machine()]
NAMES = {number: name for name, number in CALLS.items()}
# Where the descriptor that is written to stands among the arguments.
WRITES = {'write': 0, 'writev': 0, 'pwrite64': 0, 'sendfile': 0, 'copy_file_range': 2, 'splice': 2}
PATHS = {'open': 0, 'creat': 0, 'openat': 1, 'openat2': 1}

TRACEME, CONT, SETOPTIONS, GET_SYSCALL_INFO = 0, 7, 0x4200, 0x420E
# TRACEFORK, TRACEVFORK, TRACECLONE, TRACESECCOMP, EXITKILL
OPTIONS = 2 | 4 | 8 | 0x80 | 0x100000
EVENT_SECCOMP = 7
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4


def stop_at_calls():
    """Has this process and all it starts stop at the calls above alone: a shell makes a hundred others for each of them."""
    load_number, trace, allow = (0x20, 0, 0, 0), (0x06, 0, 0, 0x7FF00000), (0x06, 0, 0, 0x7FFF0000)
    numbers = sorted(NAMES)
    tests = [(0x15, len(numbers) - index, 0, number) for index, number in enumerate(numbers)]
    program = b''.join(struct.pack('HBBI', *step) for step in [load_number] + tests + [allow, trace])
    text = ctypes.create_string_buffer(program, len(program))
    filter_ = ctypes.create_string_buffer(struct.pack('HxxxxxxP', len(program) // 8, ctypes.addressof(text)))
    # PR_SET_NO_NEW_PRIVS, then PR_SET_SECCOMP with a filter.
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.addressof(filter_), 0, 0):
        raise OSError(ctypes.get_errno(), 'seccomp')


def text_at(pid, address):
    with open('/proc/%d/mem' % pid, 'rb', 0) as memory:
        memory.seek(address)
        return memory.read(4096).split(b'\0')[0].decode('utf-8', 'replace')


def describe(pid, name, arguments):
    """The operation as a line, or None where it changes no file."""
    if name in WRITES:
        try:
            target = os.readlink('/proc/%d/fd/%d' % (pid, arguments[WRITES[name]]))
        except OSError:
            return None
        return None if not target.startswith('/') or target.startswith(('/dev/', '/proc/')) else '%s %s' % (name, target)
    if name in PATHS:
        try:
            path = text_at(pid, arguments[PATHS[name]])
        except OSError:
            path = '?'
        flags = 1 if name in ('creat', 'openat2') else arguments[PATHS[name] + 1]
        return None if not flags & (3 | 0o100) or path.startswith(('/dev/', '/proc/')) else '%s %s' % (name, path)
    paths = []
    for argument in arguments[:4]:
        if argument > 65536:
            try:
                text = text_at(pid, argument)
            except (OSError, OverflowError):
                continue
            # Registers that this call does not use may point anywhere.
            if '/' in text and text.isprintable():
                paths.append(text)
    return ' '.join([name] + paths)


def main():
    limit, log, command = int(sys.argv[1]), open(sys.argv[2], 'w'), sys.argv[3:]
    first = os.fork()
    if first == 0:
        libc.ptrace(TRACEME, 0, None, None)
        os.kill(os.getpid(), signal.SIGSTOP)
        stop_at_calls()
        os.execv(command[0], command)
    os.waitpid(first, 0)
    libc.ptrace(SETOPTIONS, first, None, OPTIONS)
    libc.ptrace(CONT, first, None, None)
    count, status = 0, 0
    info = ctypes.create_string_buffer(128)
    while True:
        try:
            pid, state = os.waitpid(-1, 0x40000000)
        except ChildProcessError:
            os._exit(status)
        if not os.WIFSTOPPED(state):
            if pid == first:
                status = os.WEXITSTATUS(state) if os.WIFEXITED(state) else 128 + os.WTERMSIG(state)
            continue
        deliver = os.WSTOPSIG(state)
        if deliver == signal.SIGTRAP and state >> 16 == EVENT_SECCOMP:
            deliver = 0
            libc.ptrace(GET_SYSCALL_INFO, pid, 128, ctypes.addressof(info))
            words = memoryview(info.raw).cast('Q')
            name = NAMES.get(words[3])
            if name:
                line = describe(pid, name, list(words[4:10]))
                if line:
                    count += 1
                    log.write('%d %s\n' % (count, line))
                    log.flush()
                    if count == limit:
                        os._exit(99)
        elif deliver in (signal.SIGTRAP, signal.SIGSTOP):
            # A new child's first stop, or the news of one.
            deliver = 0
        libc.ptrace(CONT, pid, None, deliver)


main()

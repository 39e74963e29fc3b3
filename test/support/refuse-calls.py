"""Becomes a program to which the kernel refuses some system calls, as sandboxes of services do.

  refuse-calls.py errno|kill CALL[,CALL...] EXECUTABLE ARGV0

`errno`: the call fails with EPERM; `kill`: the process that makes it dies of SIGSYS.
"""
import ctypes
import os
import struct
import sys

NUMBERS = {
    'x86_64': dict(getrandom=318, memfd_create=319, pipe=22, pipe2=293, readlink=89, readlinkat=267, setsid=112),
    'aarch64': dict(getrandom=278, memfd_create=279, pipe2=59, readlinkat=78, setsid=157),
}[os.uname()[4]]
mode, calls, executable, argv0 = sys.argv[1:5]
refusal = 0x80000000 if mode == 'kill' else 0x00050001
program = [(0x20, 0, 0, 0)]
for call in calls.split(','):
    if call in NUMBERS:
        program += [(0x15, 0, 1, NUMBERS[call]), (0x06, 0, 0, refusal)]
program.append((0x06, 0, 0, 0x7fff0000))
code = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *line) for line in program))
filters = ctypes.create_string_buffer(struct.pack('HxxxxxxQ', len(program), ctypes.addressof(code)))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0                            # PR_SET_NO_NEW_PRIVS
assert libc.prctl(22, 2, ctypes.byref(filters), 0, 0) == 0        # PR_SET_SECCOMP
os.execv(executable, [argv0])

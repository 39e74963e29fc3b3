"""Another user of the machine, who tries everything that a lab has there.

argv: uid, then the processes of the lab. stdin: every path of its folder. Prints a line for what was possible.
"""
import os
import socket
import sys

UID = int(sys.argv[1])
PATHS = [os.fsencode(line) for line in sys.stdin.read().splitlines()]
os.setgroups([])
os.setgid(UID)
os.setuid(UID)


def attempt(what, where, act):
    try:
        act()
    except OSError:
        return
    print(what, os.fsdecode(where))


def open_as(flags, path):
    os.close(os.open(path, flags | os.O_NONBLOCK))


def dial(address):
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(address)


for path in PATHS:
    attempt('stat', path, lambda: os.lstat(path))
    attempt('list', path, lambda: os.listdir(path))
    attempt('read', path, lambda: open_as(os.O_RDONLY, path))
    attempt('write', path, lambda: open_as(os.O_WRONLY, path))
    attempt('make', path, lambda: os.mkdir(path + b'/made'))
    attempt('rename', path, lambda: os.rename(path, path + b'.moved'))
    attempt('connect', path, lambda: dial(path))
for pid in sys.argv[2:]:
    base = '/proc/' + pid
    try:
        with open(base + '/comm') as comm:
            name = comm.read().strip()
    except OSError:
        continue
    for part in ('environ', 'mem', 'maps'):
        attempt('open', name + ' ' + part, lambda: open_as(os.O_RDONLY, base + '/' + part))
    for part in ('root', 'cwd', 'fd'):
        attempt('list', name + ' ' + part, lambda: os.listdir(base + '/' + part + '/'))
    attempt('signal', name, lambda: os.kill(int(pid), 0))
with open('/proc/net/unix') as table:
    names = [line.split()[-1] for line in table if 'ssm' in line.split()[-1] or '/.lab' in line.split()[-1]]
for name in names:
    attempt('connect', name, lambda: dial(name.replace('@', '\0') if name.startswith('@') else name))

// Folders that other users may write, or made first: root's scripts put nothing there that others can exchange, and follow nothing.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { type Bundle, wireCommands } from '../../src/bundle/index.ts';
import { readReportLine } from '../../src/fleet/report-line.ts';
import { bundleOf } from '../support/bundle.ts';
import { INSTALLER_SHELLS, Sandbox, skipUnless } from '../support/sandbox.ts';
import { rotate, TURN } from '../support/turns.ts';

const skip =
  skipUnless('bwrap', 'python3', 'dash', 'bash', 'busybox', 'ksh', 'mksh') ||
  (process.getuid?.() === 0 ? false : 'needs root to act as somebody else');

const FOLDERS = ['/run', '/tmp', '/var/tmp', '/dev/shm'] as const;
/** Who may exchange what root makes in a folder: with the sticky bit its owner alone, without it everybody. */
const WAYS = [
  ['open, without the sticky bit', 'chmod 777'],
  ["sticky, and somebody else's", 'chown 1001'],
] as const;
const LOCK = '/run/ssm-keepalive.lock';
const VICTIM = '/root/victim';
/** What lies at the one name that can be known beforehand. */
const MADE_FIRST = [
  `ln -s ${VICTIM} ${LOCK}; chown -h 1001 ${LOCK}`,
  `mkfifo ${LOCK}; chown 1001 ${LOCK}`,
  `mkdir ${LOCK}; chown 1001 ${LOCK}`,
  `ln ${VICTIM} ${LOCK}`,
] as const;

interface Host {
  readonly what: string;
  readonly open: readonly string[];
  readonly make: string;
  readonly shell: (typeof INSTALLER_SHELLS)[number];
}
const [way, command] = WAYS[TURN % WAYS.length]!;
const shellOf = (turn: number) => INSTALLER_SHELLS[turn % INSTALLER_SHELLS.length]!;
const [RUN, ...TEMPORARY] = FOLDERS;
/** One of them a day. */
const SHARED: readonly Host[] = [
  {
    what: `${RUN} is ${way}`,
    open: [RUN],
    make: `${command} ${RUN}; ${MADE_FIRST[Math.floor(TURN / 4) % MADE_FIRST.length]}`,
    shell: shellOf(TURN + 1),
  },
  {
    what: `${TEMPORARY.join(', ')} are ${way}`,
    open: TEMPORARY,
    make: `${command} ${TEMPORARY.join(' ')}`,
    // Its here-documents are files, as those of older bash are.
    shell: INSTALLER_SHELLS.find(({ name }) => name === 'mksh')!,
  },
];
const HOSTS: readonly Host[] = [
  { what: 'as hosts are', open: [], make: ':', shell: shellOf(TURN) },
  ...rotate(SHARED, Math.floor(TURN / WAYS.length)),
];
/** A relay's: made anew, without a name after that, so nobody gains by exchanging what has the name. */
const RECORD = /^\/(dev\/shm|tmp)\/ssm-keepalive-\d+-\d+ (65534|0|gone)$/;
const SCRIPTS = ['install', 'status', 'uninstall'] as const;

/** As uid 1001: says who made what in the folders, and puts a link to the victim or a pipe in the place of everything that it can. */
const WATCHER = `import ctypes, os, struct
os.setgroups([]); os.setgid(1001); os.setuid(1001)
libc = ctypes.CDLL(None)
fd = libc.inotify_init()
watched = {}
for folder in ${JSON.stringify(FOLDERS)}:
    watched[libc.inotify_add_watch(fd, folder.encode(), 0x100 | 0x80)] = folder
seen = open('/home/evil/seen', 'w', 1)
seen.write('watching\\n')
turn = 0
while True:
    data = os.read(fd, 65536)
    while data:
        wd, mask, _, size = struct.unpack('iIII', data[:16])
        path = watched[wd] + '/' + data[16:16 + size].rstrip(b'\\0').decode()
        data = data[16 + size:]
        try:
            uid = os.lstat(path).st_uid
        except OSError:
            uid = 'gone'
        if uid == 1001 or path.endswith('.taken'):
            continue
        seen.write('%s %s\\n' % (path, uid))
        turn += 1
        try:
            os.rename(path, path + '.taken')
            os.symlink('${VICTIM}', path) if turn % 2 else os.mkfifo(path)
        except OSError:
            pass
`;

/** The records of sessions of root's, as relay and prompt keeper make them; names that can be guessed are planted first. */
const RELAY_RECORDS = `import os, stat, time
scope = {'__name__': 'relay'}
exec(open('/root/relay.py').read(), scope)
victim = os.stat('${VICTIM}')
for turn in range(40):
    for place in ('/dev/shm', '/tmp') if turn % 2 else ():
        for later in range(30):
            path = '%s/ssm-keepalive-%d-%d' % (place, os.getpid(), int(time.time() * 1000) + later)
            try:
                os.symlink('${VICTIM}', path) if later % 2 else os.mkfifo(path)
                os.chown(path, 1001, 1001, follow_symlinks=False)
            except OSError:
                pass
    fd = scope['Record'].open()
    facts = os.fstat(fd)
    os.write(fd, b'record')
    if facts.st_uid or not stat.S_ISREG(facts.st_mode) or os.path.samestat(facts, victim):
        print('relay', facts)
    os.close(fd)
`;
const helperText = bundleOf({}).files.find(({ path }) => path === 'prompt-helper.sh')?.text ?? '';
const HELPER_RECORDS = `${/open_record\(\) \{[\s\S]*?\n\}/.exec(helperText)?.[0]}
tty=0 now=0 turn=0
while [ $turn -lt 10 ]; do
  open_record
  [ -z "$record" ] || { printf record >&7; set -- $(stat -L -c '%u %a %h' /proc/$$/fd/7); [ "$*" = '0 600 0' ] || echo "prompt $*"; }
  turn=$((turn + 1))
done
`;

const wireOf = (bundle: Bundle) => SCRIPTS.map((name) => [name, wireCommands(name, bundle)] as const);

function driver(): string {
  const rows = HOSTS.map(({ open, make, shell }, index) => {
    // The self-test once, where nothing else is odd: it is a session with a record of its own.
    const root = open.length === 0 ? '' : 'SSM_KEEPALIVE_ROOT=/. ';
    return `rm -rf /run/* /var/tmp/* /dev/shm/* /home/evil
chown 0:0 ${FOLDERS.join(' ')}; chmod 755 /run; chmod 1777 /tmp /var/tmp /dev/shm; mkdir -m 777 /home/evil
echo precious >${VICTIM}; chmod 600 ${VICTIM}
${make}
/usr/bin/python3 -I /root/watcher.py 2>/root/out/${index}.watcher &
until [ -s /home/evil/seen ] || ! kill -0 $!; do sleep 0.02; done
for script in ${SCRIPTS.join(' ')}; do
  ${root}timeout -k 1 30 ${shell.argv.join(' ')} /root/$script.sh >/root/out/${index}.$script 2>&1 </dev/null
done
{ /usr/bin/python3 -I -S /root/records.py; ${shell.argv.join(' ')} /root/records.sh; } >/root/out/${index}.records 2>&1
kill $!; wait
cp /home/evil/seen /root/out/${index}.seen
{ cat ${VICTIM}; stat -c '%u %a' ${VICTIM}; } >/root/out/${index}.victim
`;
  });
  return `umask 022\nmkdir -p /root/out /var/tmp\n${rows.join('')}`;
}

test("root's scripts make nothing where others may exchange it, and follow nothing that others made", {
  skip,
}, async (context) => {
  context.diagnostic(`SSM_KEEPALIVE_TEST_SEED=${TURN}`);
  const bundle = bundleOf({ entries: ['env'] });
  const sandbox = new Sandbox();
  try {
    // As they are sent: what carries a script has here-documents too.
    for (const [name, commands] of wireOf(bundle))
      sandbox.write(`root/${name}.sh`, `${commands.join('\n')}\n`);
    sandbox.write('root/watcher.py', WATCHER);
    sandbox.write('root/relay.py', bundle.files.find(({ path }) => path === 'relay.py')?.text ?? '');
    sandbox.write('root/records.py', RELAY_RECORDS);
    sandbox.write('root/records.sh', HELPER_RECORDS);
    sandbox.write('root/driver.sh', driver());
    await once(sandbox.start(['/usr/bin/dash', '/root/driver.sh'], 'ignore'), 'exit');
    for (const [index, { what, open }] of HOSTS.entries())
      await context.test(what, () => {
        const read = (name: string) => sandbox.read(`root/out/${index}.${name}`);
        assert.deepEqual(
          SCRIPTS.map((script) => readReportLine(read(script))?.verdict),
          ['installed', 'status', 'removed'],
          SCRIPTS.map(read).join(''),
        );
        assert.equal(read('victim'), 'precious\n0 600\n');
        assert.equal(read('watcher'), '');
        assert.equal(read('records'), '');
        const made = read('seen').trim().split('\n').slice(1);
        if (open.length > 0) {
          assert.deepEqual(
            made.filter((line) => open.some((folder) => line.startsWith(`${folder}/`)) && !RECORD.test(line)),
            [],
          );
          return;
        }
        // A shell's here-documents are safe below the sticky bit.
        const known = [
          /^\/run\/ssm-keepalive\.lock/,
          RECORD,
          /^\/(dev\/shm|tmp)\/ssm-keepalive-\w{6} (0|gone)$/,
          /^\/(tmp|dev\/shm)\/(sh|sf)[^/]*$/,
        ];
        assert.deepEqual(
          made.filter((line) => !known.some((pattern) => pattern.test(line))),
          [],
        );
        assert.ok(made.some((line) => line.startsWith('/dev/shm/')));
      });
  } finally {
    sandbox.close();
  }
});

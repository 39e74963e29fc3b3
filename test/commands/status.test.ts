import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reportDelivery } from '../../src/commands/deliver/delivery-report.ts';
import { describeLeft } from '../../src/commands/deliver/failure-report.ts';
import { completeNext } from '../../src/commands/deliver/repair-text.ts';
import { formatAge, renderStatus } from '../../src/commands/deliver/status-report.ts';
import { describeRow } from '../../src/commands/deliver/verdict-json.ts';
import { nameHost, renderVerdictTable } from '../../src/commands/deliver/verdict-report.ts';
import { attribute, isGood, judgeInvocation, type Verdict } from '../../src/fleet/judge.ts';
import { DEFAULT_HOSTS } from '../../src/lab/index.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { wrapText } from '../../src/terminal/wrap.ts';
import { makeClient, until } from '../lab/test-lab.ts';
import { startSession } from '../session/dialogue.ts';
import { installKeeper } from '../session/kept-host.ts';
import { makeIo, runCli } from '../support/cli.ts';
import { startTestLab } from '../support/lab.ts';

const WEB_1 = 'i-0aaaaaaaaaaaaaaa1';
const DB_1 = 'i-0bbbbbbbbbbbbbbb1';

const SESSION = {
  pid: 4711,
  uid: 1001,
  user: 'ssm-user',
  terminal: '/dev/pts/3',
  keeper: 'relay',
  wrap: 'tmux',
  state: 'not-answering',
  age: 7500,
  lastKey: 300,
  lastAnswer: null,
  sent: 12,
  answered: 0,
  leaked: 0,
};

const FULL = {
  'ssm-keepalive': 1,
  verdict: 'status',
  version: '1.2.3',
  state: 'installed',
  digest: '0123456789abcdef',
  keeper: 'relay',
  keeperWhy: 'runs on /usr/bin/python3',
  interpreter: '/usr/bin/python3',
  entries: { env: 'pending', profile: 'live', rc: 'absent' },
  intervalSeconds: 45,
  unattendedSeconds: 600,
  capSeconds: 600,
  wrap: 'tmux',
  tmux: '',
  ssh: 'skipped',
  sshWhy: 'sshd already sends its own, every 30 s',
  tmout: [{ file: '/etc/profile.d/timeout.sh', value: 900, readonly: true }],
  sessions: [SESSION],
  kept: { count: 3, notAnswering: 1, leaked: 0, unseen: "2 (no interpreter of root's)" },
  more: { sessions: 2, drifted: 0, left: 0 },
};

function verdictOf(report: Readonly<Record<string, unknown>>, id = WEB_1, name = 'web-1'): Verdict {
  const output = `${JSON.stringify(report)}\n`;
  const invocation = { commandId: '', instanceId: id, statusDetails: 'Success', isFinal: true, exitCode: 0 };
  return judgeInvocation(
    { ...invocation, name, output },
    report['verdict'] === 'status' ? 'status' : 'install',
  );
}

const ioOf = (columns: number) => makeIo({ columns });

for (const columns of [50, 80, 200]) {
  test(`status at ${columns} columns: every fact of a host is there, and no line is wider`, () => {
    const text = renderStatus([verdictOf(FULL)], ioOf(columns));
    for (const line of text.split('\n')) assert.ok(line.length <= columns, line);
    const flat = text.replace(/\s+/g, ' ');
    for (const fact of [
      'web-1 (i-0aaaaaaaaaaaaaaa1): installed',
      'version 1.2.3, bundle 0123456789abcdef',
      'keeper relay on /usr/bin/python3',
      'env pending (the agent has not restarted since), profile live',
      'after 45s without input, until 10m without a key',
      '10m in /etc/ssm-keepalive/max-idle: so long after the last key press the idle timeout begins',
      'tmux is missing: sessions get the plain shell, kept',
      'skipped (sshd already sends its own, every 30 s)',
      '900, readonly, by /etc/profile.d/timeout.sh; a shell that reads it still logs out at its prompt',
      'and 2 more',
      "sessions not counted: the instance says: 2 (no interpreter of root's)",
    ])
      assert.ok(flat.includes(fact), `${fact}\n${text}`);
    assert.match(text, columns === 50 ? /ssm-user on pts\/3: relay\+tmux/ : /^ {2}ssm-user {2}pts\/3/m);
    assert.match(flat, columns === 50 ? /2h old, key 5m ago, answer - ago, 0 leaked/ : /2h 5m - 0/);
    assert.doesNotMatch(text, /rc/);
  });
}

for (const columns of [50, 80, 200])
  test(`status at ${columns} columns says once what a session without an answer means, and which page lists such clients`, () => {
    const NEVER =
      'no answer: the client has never answered, so nothing keeps the session: it ends at the idle timeout. docs/choosing-a-keeper.md lists such clients';
    const NOT_NOW =
      'not answering: the client has answered, but not lately: it sleeps, or its connection is gone';
    const show = (states: readonly string[], notAnswering: number) => {
      const sessions = states.map((state) => ({ ...SESSION, state }));
      const kept = { count: states.length, notAnswering, leaked: 0 };
      const report = { ...FULL, sessions, kept, more: undefined };
      const text = renderStatus([verdictOf(report), verdictOf(report, DB_1, 'db-1')], ioOf(columns));
      for (const line of text.split('\n')) assert.ok(line.length <= columns, line);
      const flat = text.replace(/\s+/g, ' ');
      return [NEVER, NOT_NOW].map((sentence) => flat.split(sentence).length - 1);
    };
    assert.deepEqual(show(['no-answer', 'no-answer', 'answering'], 2), [1, 0]);
    assert.deepEqual(show(['not-answering', 'answering'], 1), [0, 1]);
    assert.deepEqual(show(['not-answering', 'no-answer'], 2), [1, 1]);
    assert.deepEqual(show(['answering'], 1), [1, 1], 'one that is not listed');
    assert.deepEqual(show(['answering', 'capped'], 0), [0, 0]);
  });

test('status does not say of the prompt keeper that nothing leaked', () => {
  const prompt = { ...SESSION, keeper: 'prompt', leaked: null };
  const verdict = verdictOf({ ...FULL, sessions: [prompt], kept: undefined });
  assert.match(renderStatus([verdict], ioOf(80)), /pts\/3 +prompt.* - +-$/m);
  assert.match(renderStatus([verdict], ioOf(50)).replace(/\s+/g, ' '), /answer - ago, - leaked/);
});

test('status of a host without the product: not installed, and what is still to come off', () => {
  const report = {
    'ssm-keepalive': 1,
    verdict: 'status',
    state: 'absent',
    entries: { env: 'stale' },
    left: ['/etc/x'],
  };
  const text = renderStatus([verdictOf(report)], ioOf(100));
  assert.match(text, /^i-0a+1 +web-1 +not installed .*agent carries our ENV/m);
  assert.match(text, /agent +carries our ENV until its next restart \(harmless\)/);
  assert.match(text, /still there: \/etc\/x/);
  assert.doesNotMatch(text, /bundle|kept now/);
  const kept = { count: 0, notAnswering: 0, leaked: 0, unseen: 'counting needs Python' };
  const bare = { ...report, entries: {}, left: [], kept };
  assert.match(
    renderStatus([verdictOf(bare)], ioOf(80)),
    /^INST.*\n.* not installed +- +- +no Python\n$/,
    'a row alone',
  );
});

test('status: at each width every host has its row, one that gave no report too', () => {
  const silent = { ...verdictOf({}), instanceId: 'i-2', name: 'db-1', verdict: 'failed', report: undefined };
  for (const columns of [40, 60, 76, 80, 200])
    assert.match(
      renderStatus([verdictOf({ ...FULL, state: 'installed' }), silent], ioOf(columns)),
      /^i-0a+1 .*installed[\s\S]*^i-2 .*failed/m,
      `${columns} columns`,
    );
});

test('status of a host without Python: the table and the block say of what there is no keeper, and of what there is one', () => {
  const report = { ...FULL, state: 'limited', keeper: 'none', keeperWhy: 'no Python here', kept: undefined };
  const show = (changes: object) =>
    renderStatus([verdictOf({ ...report, ...changes })], ioOf(200)).replace(/ +/g, ' ');
  const text = show({});
  assert.match(text, /^ keeper none for plain sh: the instance says: no Python here$/m);
  assert.match(text, /^ heartbeat in a login of bash, zsh or fish, at its prompt: after 45s without input/m);
  for (const changes of [
    { entries: { env: 'live', profile: 'off' } },
    { settings: 'keeper=relay interval=45' },
  ])
    assert.doesNotMatch(show(changes), /heartbeat/);
});

test('status of a host that is half destroyed: no version, the files that are left, and what to do', () => {
  const report = {
    'ssm-keepalive': 1,
    verdict: 'status',
    version: '1.2.3',
    state: 'partial',
    keeper: 'none',
    keeperWhy: 'nothing is installed',
    entries: { env: 'broken', profile: 'off' },
    left: ['/etc/profile.d/00-ssm-keepalive.sh'],
    why: 'files of ours are here, but no keeper',
    next: 'move them away',
  };
  const text = renderStatus([verdictOf(report)], ioOf(120)).replace(/ +/g, ' ');
  assert.match(text, /^ version none$/m);
  assert.match(text, /^ left \/etc\/profile\.d\/00-ssm-keepalive\.sh$/m);
  assert.deepEqual(describeRow(verdictOf(report))['version'], null);
  assert.equal(isGood(verdictOf(report)), false);
});

test('status promises nothing of a host that is switched off, or whose keeper users cannot reach or was changed', () => {
  const off = { ...FULL, state: 'limited', class: 'switched off' };
  assert.match(renderStatus([verdictOf(FULL)], ioOf(120)), /kept for at most 10m/);
  assert.doesNotMatch(renderStatus([verdictOf(off)], ioOf(120)), /kept for at most/);
  const closed = { ...off, class: 'closed folder' };
  assert.doesNotMatch(renderStatus([verdictOf(closed)], ioOf(120)), /kept for at most/);
  const drifted = renderStatus(
    [verdictOf({ ...FULL, state: 'drifted', drifted: ['/opt/ssm-keepalive/x/relay.py'] })],
    ioOf(120),
  );
  assert.doesNotMatch(drifted, /kept for at most/);
  assert.match(drifted, /keeper +relay on \/usr\/bin\/python3; what differs may break it/);
  const entry = renderStatus(
    [verdictOf({ ...FULL, state: 'drifted', drifted: ['/etc/profile.d/00-ssm-keepalive.sh'] })],
    ioOf(120),
  );
  assert.doesNotMatch(entry, /relay\?|may break/);
});

test('status on a terminal: beside a host with something to do, good hosts have their row alone; in a pipe all have their block', () => {
  const good = verdictOf(FULL, DB_1, 'db-1');
  const bad = verdictOf({ ...FULL, state: 'drifted', drifted: ['/x'] });
  const blocks = (verdicts: readonly Verdict[], io: Parameters<typeof renderStatus>[1]) =>
    [...renderStatus(verdicts, io).matchAll(/^(\S+) \(i-\w+\): /gm)].map(([, name]) => name);
  const terminal = { ...ioOf(80), outColumns: 80 };
  assert.deepEqual(blocks([bad, good], terminal), ['web-1']);
  assert.deepEqual(blocks([good], terminal), ['db-1']);
  assert.deepEqual(blocks([bad, good], ioOf(80)), ['web-1', 'db-1']);
  assert.match(renderStatus([bad, good], terminal), /^i-0b+1 +db-1 +installed /m);
});

test('status: each changed file with what happened to it; only edits can be lost', () => {
  const drifted = ['/x/relay.py', '/x/entry.sh', '/etc/y'];
  const show = (kinds: string) => {
    const verdict = verdictOf({ ...FULL, settings: SETTINGS, state: 'drifted', drifted, kinds });
    return renderStatus([verdict], ioOf(200)) + completeNext(verdict, readSettings({})).next;
  };
  const gone = show('gmg');
  assert.match(
    gone,
    /differs +\/x\/relay\.py \(gone\), \/x\/entry\.sh \(mode, owner or kind changed\), \/etc\/y \(gone\)\n/,
  );
  assert.doesNotMatch(gone, /is lost/);
  for (const kinds of ['gme', '', 'gm']) assert.match(show(kinds), /what was edited in them is lost/, kinds);
});

test('status: a row says of a drifted host how many files were changed, and not its verdict again', () => {
  const files = ['/etc/x', '/etc/y'];
  const report = { ...FULL, state: 'drifted', drifted: files, more: { sessions: 0, drifted: 1, left: 0 } };
  assert.match(
    renderStatus([verdictOf(report)], ioOf(200)),
    / drifted +relay\? .* 3 files not as installed$/m,
  );
});

test('status of many hosts: one row for all that are alike, the largest group first, sessions added up', () => {
  const verdicts = Array.from({ length: 30 }, (_, n) => {
    const id = `i-0000000000000${String(n).padStart(4, '0')}`;
    if (n % 10 === 9)
      return verdictOf({ 'ssm-keepalive': 1, verdict: 'status', state: 'absent' }, id, `host-${n}`);
    return verdictOf(
      { ...FULL, kept: { count: n === 0 ? 5 : 0, notAnswering: 0, leaked: 0 } },
      id,
      `host-${n}`,
    );
  });
  for (const columns of [80, 200]) {
    const text = renderStatus(verdicts, ioOf(columns));
    const lines = text.split('\n');
    for (const line of lines) assert.ok(line.length <= columns, line);
    assert.match(lines[1]!, /^27 +installed +relay .* 5 /);
    assert.ok(
      lines.some((line) => /^3 +not installed/.test(line)),
      text,
    );
    // Where the note has lines of its own, words of other columns stand between these.
    assert.match(
      text.replace(/\s+/g, ' '),
      /i-00000000000000000 (\S+ )?i-00000000000000001 and 25 (\S+ )?more/,
    );
    assert.ok(lines.length < 20, text);
  }
});

test('an age in one unit', () => {
  assert.deepEqual([null, 0, 119, 600, 7300, 200_000].map(formatAge), ['-', '0s', '119s', '10m', '2h', '2d']);
});

test('wrapped text breaks at spaces, and inside a word only if no line can hold it', () => {
  const path = `/${'x'.repeat(60)}`;
  assert.equal(
    wrapText(`why: ${path} is odd`, 40, 2),
    `why:\n  ${path.slice(0, 38)}\n  ${path.slice(38)} is odd`,
  );
  assert.equal(wrapText(`why: ${path}`, 64, 20), `why:\n   ${path}`, 'further left, to stay whole');
  assert.equal(wrapText('one two', 80), 'one two');
  // A command set off by two spaces may start a line, so that it can be copied.
  assert.equal(
    wrapText(`${'word '.repeat(8)}run  status --all`, 44, 2),
    `${'word '.repeat(8)}run\n  status --all`,
  );
  assert.equal(wrapText('run  status --all', 44, 2), 'run  status --all');
});

const SETTINGS =
  'version=1.2.3 keeper=auto wrap=tmux interval=1 max-idle=28800 scope=ssm shell=keep entries=env,profile ssh=false';

for (const [what, report, next] of [
  [
    'drifted',
    { state: 'drifted', drifted: ['/etc/x'], next: 'run it again' },
    /^to put the files back, with the same settings as now \(what was edited in them is lost\): {2}CMD$/,
  ],
  [
    'files left by an uninstall',
    { state: 'partial', left: ['/usr/local/lib/ssm-keepalive'], settings: '' },
    /^to be rid of what is left, look at it there and delete it; to keep sessions here instead, move away what was edited, then with your flags: {2}ssm-keepalive install --instance-id i-\S+( --lab)?$/,
  ],
  [
    'drifted and switched off',
    { state: 'drifted', drifted: ['/etc/x'], class: 'switched off', why: 'off is there', next: 'remove it' },
    /^the instance says: remove it; then, to put the files back, with the same settings as now \(what was edited in them is lost\): {2}CMD$/,
  ],
  [
    'drifted, whose relay is gone',
    {
      state: 'drifted',
      drifted: ['/x/relay.py'],
      class: 'limited keeper',
      why: 'relay.py is gone',
      next: 'install Python',
    },
    /^to put the files back, with the same settings as now \(what was edited in them is lost\): {2}CMD$/,
  ],
  ['partial', { state: 'partial' }, /^to complete it, with the settings in force there: {2}CMD$/],
  [
    'partial while another run is at work',
    { state: 'partial', busy: true, next: 'look later' },
    /^look later$/,
  ],
  [
    'drifted with settings that no flag takes',
    { state: 'drifted', settings: 'interval=$(reboot)' },
    /^run install again/,
  ],
  [
    'limited, the entry env left out',
    { state: 'limited', class: 'entry left out', next: 'insist' },
    /^to insist, with the same settings as now: {2}CMD --entry env,profile ; or {2}ssm-keepalive preferences set --shell-profile ours$/,
  ],
] as const) {
  test(`status of a host that is ${what}: its next is a whole command, or the host’s words`, async (context) => {
    const id = 'i-0aaaaaaaaaaaaaa';
    const stdout = `${JSON.stringify({ ...FULL, settings: SETTINGS, ...report })}\n`;
    const lab = await startTestLab(context, {
      hosts: [1, 2].map((n) => ({ name: `web-${n}`, id: `${id}0${n}`, tags: {}, synthetic: { stdout } })),
    });
    const ids = [`${id}01`, `${id}02`];
    const json = await runCli(['status', '--instance-id', ...ids, '--output', 'json'], lab.env);
    for (const { instanceId, next: told } of JSON.parse(json.stdout).instances) {
      const command = `ssm-keepalive install --instance-id ${instanceId} --wrap tmux --interval 1s`;
      assert.match(told.replace(command, 'CMD'), next);
    }
    const { stderr } = await runCli(['status', '--instance-id', ...ids], lab.env);
    const flat = stderr.replace(/\s+/g, ' ');
    if (/CMD/.test(String(next)))
      assert.match(flat, new RegExp(`--instance-id ${ids.join(' ')} --wrap tmux`));
    assert.match(flat, /2 instances, /, 'equal failures are told once');
  });
}

test('the command that repairs a host repeats what an install was told and the host does not report', () => {
  const told = {
    document: 'Ours',
    'idle-timeout': '60',
    'override-idle-policy': true,
    'no-restart': true,
    lab: true,
  };
  const { next } = completeNext(
    verdictOf({ ...FULL, settings: SETTINGS, state: 'partial' }),
    readSettings(told),
  );
  for (const flag of [
    '--document Ours',
    '--idle-timeout 1h',
    '--override-idle-policy',
    '--no-restart',
    '--lab',
  ])
    assert.ok(next.includes(` ${flag}`), next);
});

test('an install tells to open a new session where one can be opened, and only then', () => {
  const verdicts = [verdictOf({ ...FULL, verdict: 'installed', state: undefined, sessions: [], kept: null })];
  const result = { verdicts, commandIds: [], missingCount: 0 };
  const ends = [{ account: { name: {}, label: '' }, outcome: { commandIds: [], result } }] as never;
  for (const [isInterrupted, canOpen] of [
    [false, true],
    [true, true],
    [false, false],
  ] as const) {
    const said: string[] = [];
    const io = { ...ioOf(80), err: (text: string) => void said.push(text) };
    const bundle = { version: '1.2.3', digest: '' } as never;
    reportDelivery(
      { verb: 'install', settings: readSettings({}), bundle, isInterrupted, isLeft: false, canOpen },
      ends,
      io,
      undefined,
    );
    assert.equal(/open a new session now/.test(said.join('')), !isInterrupted && canOpen);
  }
});

/** What an install prints of one host that reports so. */
function printInstalled(report: object): string {
  const verdicts = [
    verdictOf({ ...FULL, ...report, verdict: 'installed', state: undefined, sessions: [], kept: null }),
  ];
  const result = { verdicts, commandIds: [], missingCount: 0 };
  const ends = [{ account: { name: {}, label: '' }, outcome: { commandIds: [], result } }] as never;
  const said: string[] = [];
  const say = (text: string) => void said.push(text);
  reportDelivery(
    {
      verb: 'install',
      settings: readSettings({}),
      bundle: { version: '1.2.3', digest: '' } as never,
      isInterrupted: false,
      isLeft: false,
      canOpen: true,
    },
    ends,
    { ...ioOf(80), out: say, err: say },
    undefined,
  );
  return said.join('');
}

test('a chosen prompt keeper is called prompt, and nobody is told that a plain sh is kept', () => {
  const report = { keeper: 'none', keeperWhy: 'asked for', settings: 'keeper=prompt interval=45' };
  const said = printInstalled({ ...report, unattendedSeconds: 28_800, capSeconds: null });
  assert.match(said, /now: bash, zsh and fish are kept while they wait at the prompt/);
  assert.match(said, /web-1 +installed +prompt /);
});

test('install: where root has capped a host below the idle timeout, nobody is told that a session is kept', () => {
  const settings = 'keeper=auto interval=45 max-idle=28800';
  assert.match(printInstalled({ settings, unattendedSeconds: 28_800 }), /open a new session now/);
  assert.doesNotMatch(printInstalled({ settings, unattendedSeconds: 600 }), /open a new session now/);
});

for (const [what, before, note] of [
  ['other settings', SETTINGS.replace('interval=1 ', 'interval=45 '), 'interval 45s → 1s'],
  ['an older version', SETTINGS.replace('1.2.3', '1.2.2'), 'version 1.2.2 → 1.2.3'],
  ['the same settings', SETTINGS, 'repaired'],
  ['nothing that is known', 'interval=$(reboot)', 'repaired'],
] as const) {
  test(`an install over ${what} says what it changed: ${note}`, () => {
    const verdict = verdictOf({ ...FULL, state: undefined, verdict: 'updated', settings: SETTINGS, before });
    assert.ok(renderVerdictTable([verdict], ioOf(200)).includes(note));
  });
}

test('status tells a path that was changed once in the report, and once with what to do', async (context) => {
  const path = '/etc/profile.d/00-ssm-keepalive.sh';
  const stdout = `${JSON.stringify({ ...FULL, settings: SETTINGS, state: 'drifted', drifted: [path] })}\n`;
  const lab = await startTestLab(context, {
    hosts: [{ name: 'web-1', id: WEB_1, tags: {}, synthetic: { stdout } }],
  });
  const { stdout: report, stderr } = await runCli(['status', '--instance-id', WEB_1], lab.env);
  for (const text of [report, stderr]) assert.equal(text.split(path).length, 2, text);
});

test('uninstall tells each file that it left, whole, and what holds for sessions', async (context) => {
  const left = [
    '/etc/profile.d/00-ssm-keepalive.sh',
    '/etc/systemd/system/amazon-ssm-agent.service.d/x.conf',
  ];
  const stdout = `${JSON.stringify({ 'ssm-keepalive': 1, verdict: 'removed', left })}\n`;
  const lab = await startTestLab(context, {
    hosts: [{ name: 'web-1', id: WEB_1, tags: {}, synthetic: { stdout } }],
  });
  const { stdout: table, stderr, status } = await runCli(['uninstall', '--instance-id', WEB_1], lab.env);
  assert.equal(status, 0);
  assert.match(table, /removed .* 2 files left alone$/m);
  assert.match(stderr, /new sessions get no keeper; sessions that are open stay as they are/);
  const told = new RegExp(`left alone on ${WEB_1}\\n  why: .*: ${left.join(', ')}\\n  next: `);
  assert.match(stderr, told);
  const quiet = await runCli(['uninstall', '--instance-id', WEB_1, '--quiet'], lab.env);
  assert.match(quiet.stderr, told);
  assert.doesNotMatch(quiet.stderr, /new sessions/);
});

test('uninstall without the list of what was installed tells the commands that remove the rest, whole', async (context) => {
  const report = { 'ssm-keepalive': 1, verdict: 'unchanged', left: ['/etc/profile.d/00-ssm-keepalive.sh'] };
  const lab = await startTestLab(context, {
    hosts: [{ name: 'web-1', id: WEB_1, tags: {}, synthetic: { stdout: `${JSON.stringify(report)}\n` } }],
  });
  const { stderr } = await runCli(['uninstall', '--instance-id', WEB_1, '--region', 'us-east-1'], lab.env);
  const rest = `--instance-id ${WEB_1} --region us-east-1`;
  assert.match(
    stderr,
    new RegExp(
      `next: to remove what is ours in them, run {2}ssm-keepalive install ${rest} ; then {2}ssm-keepalive uninstall ${rest}\\n`,
    ),
  );
});

test('a host’s own name stands in quotes where it is no host name, and its id is never pushed out', () => {
  for (const [name, shown] of [
    ['web-1.example', `web-1.example (${WEB_1})`],
    ['', WEB_1],
    ['web-2 (i-0bbb): installed; web-1', `"web-2 (i-0bbb): installed; web-1" (${WEB_1})`],
    ['x'.repeat(2000), `"${'x'.repeat(63)}" (${WEB_1})`],
  ] as const)
    assert.equal(nameHost({ name, instanceId: WEB_1 }), shown);
});

test('uninstall: words of a host among the files that it left get no flags of ours', () => {
  const verdict = judgeInvocation(
    {
      commandId: '',
      instanceId: WEB_1,
      name: '',
      statusDetails: 'Success',
      isFinal: true,
      exitCode: 0,
      output: `${JSON.stringify({ 'ssm-keepalive': 1, verdict: 'unchanged', left: ['/etc/y  ssm-keepalive install --all --yes'] })}\n`,
    },
    'uninstall',
  );
  const settings = readSettings({ profile: 'prod', tag: 'env=dev' });
  const text = describeLeft([verdict], settings);
  assert.match(text, /not touched: \/etc\/y {2}ssm-keepalive install --all --yes\n/);
  assert.match(text, new RegExp(`ssm-keepalive install --instance-id ${WEB_1} --profile prod ; then`));
  // Of many accounts no one command is right.
  const alike = { count: 30, instanceIds: [WEB_1], keptSessions: 0, silent: [] } as never;
  assert.match(
    describeLeft([{ ...verdict, alike }], settings),
    /next: run install for these instances, then/,
  );
});

test('status: what a host says is to be done gets no flags of ours, beside our own advice that does', () => {
  const next = 'run  ssm-keepalive uninstall --all --yes ; that mends it';
  for (const settings of ['garbage', SETTINGS]) {
    const verdict = verdictOf({
      ...FULL,
      settings,
      state: 'drifted',
      class: 'capped',
      why: 'x',
      next,
      drifted: ['/x'],
    });
    const done = completeNext(verdict, readSettings({ profile: 'prod', tag: 'env=dev' }));
    assert.match(
      attribute(done, 'next'),
      /^the instance says: run {2}ssm-keepalive uninstall --all --yes ; that mends it; then, /,
    );
    assert.doesNotMatch(done.next, /--yes --profile/);
  }
});

test('status through the lab: a session that is open now, its user, terminal, keeper and times; and nothing on the other host', async (context) => {
  const lab = await startTestLab(context, { hosts: DEFAULT_HOSTS.filter(({ name }) => name !== 'web-2') });
  await installKeeper(lab, WEB_1, { entries: ['env', 'profile'] });
  const client = makeClient(lab);
  const dialogue = await startSession(client, WEB_1, { terminal: 'answers' });
  context.after(() => dialogue.session.close());
  const terminal = await dialogue.ask('tty');
  const look = async () => {
    const { stdout, stderr } = await runCli(
      ['status', '--instance-id', WEB_1, DB_1, '--output', 'json'],
      lab.env,
    );
    assert.match(stdout, /^\{/, stderr);
    return JSON.parse(stdout).instances as Record<string, unknown>[];
  };
  const [web, db] = await until('the session to have been answered', async () => {
    const found = await look();
    const [session] = found[0]!['sessions'] as (typeof SESSION)[];
    return session && session.answered > 0 ? found : undefined;
  });
  const [session] = web!['sessions'] as (typeof SESSION)[];
  assert.equal((web!['sessions'] as unknown[]).length, 1);
  assert.deepEqual(
    [session!.user, session!.keeper, session!.state, session!.leaked],
    ['ssm-user', 'relay', 'answering', 0],
  );
  assert.equal(session!.terminal, terminal, 'the terminal that `tty` names in the session');
  assert.ok(session!.age !== null && session!.age >= 0 && session!.lastKey !== null);
  assert.deepEqual(web!['kept'], { count: 1, notAnswering: 0, leaked: 0, unseen: '' });
  assert.match(String(web!['keeperWhy']), /^runs on \//);
  assert.deepEqual(
    [db!['state'], db!['sessions'], db!['entries']],
    ['absent', [], { env: 'off', profile: 'off', rc: 'off' }],
  );

  const table = await runCli(['status', '--instance-id', WEB_1, DB_1], lab.env);
  assert.equal(table.status, 0, table.stderr);
  assert.doesNotMatch(table.stderr, /new session/, 'a look changes nothing');
  for (const line of table.stdout.split('\n')) assert.ok(line.length <= 80, line);
  assert.match(table.stdout, /^ {2}ssm-user +pts\/\d+ +relay +answering +\d+[sm] /m);
  assert.match(table.stdout, /^i-0b+1 +db-1 +not installed/m);
});

test('a host with more sessions than its line has room for is asked for its whole output, the others are not', async (context) => {
  const sessions = (from: number, count: number) =>
    Array.from({ length: count }, (_, n) => ({ ...SESSION, pid: from + n }));
  const long = { ...FULL, sessions: sessions(1, 6), kept: { count: 30, notAnswering: 0, leaked: 0 } };
  const rest = { 'ssm-keepalive-rest': 1, sessions: sessions(7, 24), more: 0 };
  const first = JSON.stringify({ ...long, more: { sessions: 24, drifted: 0, left: 0 } });
  assert.ok(first.length < 2400, String(first.length));
  const lab = await startTestLab(context, {
    hosts: [
      {
        name: 'full',
        id: WEB_1,
        tags: {},
        synthetic: { stdout: `${first}\ntext for people\n${JSON.stringify(rest)}\n` },
      },
      {
        name: 'quiet',
        id: DB_1,
        tags: {},
        synthetic: { stdout: '{"ssm-keepalive":1,"verdict":"status","state":"absent"}\n' },
      },
    ],
  });
  const result = await runCli(['status', '--instance-id', WEB_1, DB_1, '--output', 'json'], lab.env);
  const [full] = JSON.parse(result.stdout).instances;
  assert.equal(full.sessions.length, 30, result.stderr);
  assert.deepEqual(full.more, { sessions: 0, drifted: 0, left: 0 });
  assert.equal(lab.requests.filter(({ operation }) => operation === 'GetCommandInvocation').length, 1);
});

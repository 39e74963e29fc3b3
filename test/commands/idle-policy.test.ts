// An idle timeout that was shortened on purpose, seen or not: what an install does, and that a dry run does the same.
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Lab } from '../../src/lab/index.ts';
import { hosts } from '../fleet/push-rig.ts';
import { rawCall } from '../lab/raw-call.ts';
import { sandboxMissing } from '../lab/test-lab.ts';
import { type Change, startFront } from '../support/answer-front.ts';
import { runCli } from '../support/cli.ts';
import { makeLabFolder, startTestLab } from '../support/lab.ts';
import { someOf } from '../support/turns.ts';
import { hostSaying, INSTALLED } from './doctor-rig.ts';

/** The account's preferences, as they are saved or as they cannot be read. */
interface Case {
  readonly what: string;
  readonly preferences?: Record<string, unknown>;
  /** What GetDocument answers, as often as it is asked. */
  readonly error?: string;
  /** Idle timeout of a document that a session used lately, or that an open one uses. */
  readonly used?: {
    readonly idle: string;
    readonly isOpen?: boolean;
    readonly accessType?: 'JustInTime';
    readonly isGone?: boolean;
    /** So many documents more. */
    readonly others?: number;
  };
  /** What DescribeSessions answers. */
  readonly historyError?: string;
  /** By flags: `ok`, or what stops it. */
  readonly expected: Readonly<Record<Flags, RegExp | 'ok'>>;
  readonly warns?: RegExp;
  /** Also of who insists. */
  readonly warnsAlways?: RegExp;
  /** The SDK asks again and again, in real time: one line shows it. */
  readonly isSlow?: boolean;
}

const WEB = 'i-0aaaaaaaaaaaaaaa1';

const FLAGS = {
  none: '',
  'said 60': '--idle-timeout 60',
  'said 5': '--idle-timeout 5',
  insists: '--override-idle-policy',
} as const;
type Flags = keyof typeof FLAGS;

const UNKNOWN = /was shortened is not known[\s\S]*ssm:GetDocument[\s\S]*--idle-timeout MINUTES/;
const SHORT = /after 5m instead of the default 20m[\s\S]*--override-idle-policy/;
const APPROVED = /does not end one when its approval ends[\s\S]*set a maximum duration/;
const ALL_OK = { none: 'ok', 'said 60': 'ok', 'said 5': 'ok', insists: 'ok' } as const;
const NOT_KNOWN = { none: UNKNOWN, 'said 60': 'ok', 'said 5': SHORT, insists: 'ok' } as const;
const SHORTENED = { none: SHORT, 'said 60': SHORT, 'said 5': SHORT, insists: 'ok' } as const;

const CASES: readonly Case[] = [
  { what: 'nobody ever saved preferences', expected: ALL_OK },
  { what: 'preferences without a timeout', preferences: { idleSessionTimeout: '' }, expected: ALL_OK },
  { what: '20 minutes', preferences: { idleSessionTimeout: '20' }, expected: ALL_OK },
  { what: '60 minutes', preferences: { idleSessionTimeout: '60' }, expected: ALL_OK },
  { what: '5 minutes', preferences: { idleSessionTimeout: '5' }, expected: SHORTENED },
  { what: 'no number', preferences: { idleSessionTimeout: 'soon' }, expected: NOT_KNOWN },
  ...['AccessDeniedException', 'InternalServerError', 'ValidationException', 'InvalidDocumentVersion'].map(
    (error): Case => ({
      what: `GetDocument answers ${error}`,
      error,
      expected: NOT_KNOWN,
      isSlow: error === 'InternalServerError',
    }),
  ),
  { what: 'a used document of 5 minutes', used: { idle: '5' }, expected: SHORTENED },
  { what: 'a used document of 30 minutes', used: { idle: '30' }, expected: ALL_OK },
  {
    what: 'a document of 5 minutes that only an open session uses',
    used: { idle: '5', isOpen: true },
    expected: SHORTENED,
  },
  {
    what: 'just-in-time access with a document of 5 minutes',
    used: { idle: '5', accessType: 'JustInTime' },
    expected: SHORTENED,
    warnsAlways: APPROVED,
  },
  {
    what: 'just-in-time access with a document of 30 minutes',
    used: { idle: '30', accessType: 'JustInTime' },
    expected: ALL_OK,
    warnsAlways: APPROVED,
  },
  {
    what: 'a history that may not be read',
    historyError: 'AccessDeniedException',
    expected: ALL_OK,
    warns: /documents that sessions use could not be listed \(AccessDeniedException\)/,
  },
  {
    what: 'more used documents than are read',
    used: { idle: '30', others: 11 },
    expected: ALL_OK,
    warns: /2 more documents that sessions use were not read/,
  },
];

const PAST = {
  sessionId: 'ann-0123456789abcdef0',
  target: 'i-00000000000000000',
  owner: 'arn:aws:iam::123456789012:user/ann',
  reason: '',
  documentName: 'SSM-SessionManagerRunShell',
  status: 'Terminated',
  details: '',
};

async function makeLab(context: TestContext, { preferences, used, error, historyError }: Case): Promise<Lab> {
  const at = Date.now() - 3_600_000;
  const session = {
    ...PAST,
    documentName: 'Our-Session',
    startedAt: at,
    endedAt: at + 60_000,
    ...(used?.accessType ? { accessType: used.accessType } : {}),
  };
  const others = Array.from({ length: used?.others ?? 0 }, (_, at) => ({
    ...session,
    sessionId: `${session.sessionId}${at}`,
    documentName: `Other-${at}`,
  }));
  const lab = await startTestLab(context, {
    records: { commands: [], sessions: used && !used.isOpen ? [session, ...others] : [] },
    // Only a real host has a session that stays open.
    hosts: [...hosts({}), ...(used?.isOpen ? [{ name: 'open', id: WEB, tags: {} }] : [])],
    ...(preferences ? { preferences } : {}),
  });
  if (used)
    await rawCall(lab, 'CreateDocument', {
      Name: 'Our-Session',
      DocumentType: 'Session',
      Content: JSON.stringify({
        schemaVersion: '1.0',
        sessionType: 'Standard_Stream',
        inputs: { idleSessionTimeout: used.idle },
      }),
    });
  if (used?.isOpen) {
    const { status } = await rawCall(lab, 'StartSession', { Target: WEB, DocumentName: 'Our-Session' });
    assert.equal(status, 200);
  }
  if (error) lab.faults.failNext('GetDocument', error, 10_000);
  if (historyError) lab.faults.failNext('DescribeSessions', historyError, 10_000);
  return lab;
}

const count = (lab: Lab, operation: string) =>
  lab.requests.filter((one) => one.operation === operation).length;

interface Line {
  readonly flags: Flags;
  readonly isDry: boolean;
  readonly words: string;
}

/** `--follow` is tried with the flags of which the most can go wrong. */
function listLines({ isSlow }: Case): Line[] {
  const all = (Object.keys(FLAGS) as Flags[]).flatMap((flags) =>
    (flags === 'none' ? ['', '--follow'] : ['']).flatMap((follow) =>
      [true, false].map((isDry) => ({
        flags,
        isDry,
        words: `install --tag env=dev --yes --no-canary --no-restart ${FLAGS[flags]} ${follow} ${isDry ? '--dry-run' : ''}`,
      })),
    ),
  );
  return isSlow ? all.slice(0, 1) : all;
}

async function assertCase(context: TestContext, one: Case): Promise<void> {
  const lab = await makeLab(context, one);
  for (const { flags, isDry, words } of listLines(one)) {
    const before = count(lab, 'SendCommand') + count(lab, 'CreateAssociation');
    const { status, stderr } = await runCli(words.trim().split(/ +/), lab.env);
    const isSent = count(lab, 'SendCommand') + count(lab, 'CreateAssociation') > before;
    const expected = one.expected[flags];
    if (expected === 'ok') assert.equal(status, 0, `${words}\n${stderr}`);
    else {
      assert.equal(status, 1, `${words}\n${stderr}`);
      assert.match(stderr, expected, words);
    }
    if (isDry || expected !== 'ok') assert.equal(isSent, false, words);
    const warning = one.warnsAlways ?? (flags === 'insists' ? undefined : one.warns);
    if (warning && expected === 'ok') assert.match(stderr, warning, words);
    else assert.doesNotMatch(stderr, /warning/, words);
  }
  for (const verb of ['status', 'uninstall']) {
    const { status, stderr } = await runCli(
      [verb, '--tag', 'env=dev', ...(verb === 'status' ? [] : ['--yes'])],
      lab.env,
    );
    assert.equal(status, 0, `${verb} never stops for this\n${stderr}`);
  }
}

describe('idle policy', { concurrency: 4 }, () => {
  for (const one of someOf(CASES, 6))
    test(
      `${one.what}: an install and its dry run stop and warn alike, also with --follow`,
      {
        skip: one.used?.isOpen ? sandboxMissing() : false,
      },
      (context) => assertCase(context, one),
    );
});

const documentOf =
  (content: string): Change =>
  (operation) =>
    operation === 'GetDocument' ? { Name: 'x', Content: content, DocumentType: 'Session' } : undefined;
const sessionDocument = (more: object) =>
  JSON.stringify({ schemaVersion: '1.0', sessionType: 'Standard_Stream', ...more });
const idleOf = (idleSessionTimeout: unknown) =>
  documentOf(sessionDocument({ inputs: { idleSessionTimeout } }));
const sessionsOf =
  (more: object): Change =>
  (operation) =>
    operation === 'DescribeSessions' ? more : undefined;
const usedOf =
  (content: string): Change =>
  (operation, { Name }) =>
    Name === 'Corp'
      ? { Name, Content: content, DocumentType: 'Session' }
      : sessionsOf({ Sessions: [{ SessionId: 'x', DocumentName: 'Corp' }] })(operation, {}, {});

const NOT_LISTED = /warning: the documents that sessions use could not be listed \(it is no list/;
const NOT_READ = /warning: the session document Corp could not be read: /;

/** Answers that are not of the service's form; `ok`: those that are, and set nothing. */
const FORMS: readonly (readonly [
  what: string,
  answers: Change,
  expected: 'ok' | 'stops' | 'is not the service' | RegExp,
])[] = [
  ...[
    '6e1',
    '0x3c',
    ' 60',
    '60 ',
    '+60',
    '060',
    '60.0',
    '６０',
    '0',
    '61',
    ['60'],
    [],
    {},
    null,
    false,
    60.5,
  ].map((idle) => [`an idle timeout ${JSON.stringify(idle)}`, idleOf(idle), 'stops'] as const),
  ['an idle timeout 60 as a number', idleOf(60), 'ok'],
  ['an empty idle timeout', idleOf(''), 'ok'],
  ['no idle timeout', documentOf(sessionDocument({ inputs: {} })), 'ok'],
  ...['[]', 'null', '"x"', '', 'inputs:', '{}'].map(
    (content) => [`the document ${JSON.stringify(content)}`, documentOf(content), 'stops'] as const,
  ),
  ...[undefined, null, [], 'x'].map(
    (inputs) =>
      [`inputs ${JSON.stringify(inputs)}`, documentOf(sessionDocument({ inputs })), 'stops'] as const,
  ),
  ['an empty list of sessions', sessionsOf({ Sessions: [] }), 'ok'],
  ['a session without a document name', sessionsOf({ Sessions: [{ SessionId: 'x' }] }), 'ok'],
  ...[{}, { Sessions: null }].map(
    (answer) => [`sessions ${JSON.stringify(answer)}`, sessionsOf(answer), NOT_LISTED] as const,
  ),
  ...[{ Sessions: 'abc' }, { Sessions: { a: 1 } }, { Sessions: [null] }, { Sessions: ['x'] }].map(
    (answer) => [`sessions ${JSON.stringify(answer)}`, sessionsOf(answer), 'is not the service'] as const,
  ),
  ['a used document []', usedOf('[]'), NOT_READ],
  ['a used document with 6e1', usedOf(sessionDocument({ inputs: { idleSessionTimeout: '6e1' } })), NOT_READ],
  ['a used document that types a command', usedOf('{"sessionType":"InteractiveCommands"}'), 'ok'],
];

describe('idle policy: what is not of the service’s form is not read', () => {
  for (const [what, answers, expected] of FORMS)
    test(`${what}: ${expected === 'ok' ? 'is the default' : expected === 'stops' ? 'stops an install' : expected instanceof RegExp ? 'is a warning' : expected}, and its dry run alike`, async (context) => {
      const lab = await startTestLab(context, { hosts: hosts({}) });
      const env = await startFront(context, lab, answers);
      for (const more of ['--dry-run', '--override-idle-policy --dry-run', '']) {
        const line = `install --tag env=dev --yes --no-canary --no-restart ${more}`.trim();
        const { status, stderr } = await runCli(line.split(' '), env);
        const isForeign = expected === 'is not the service';
        const isStopped = isForeign || (expected === 'stops' && !more.startsWith('--override'));
        assert.equal(status, isStopped ? 1 : 0, `${line}\n${stderr}`);
        assert.equal(count(lab, 'SendCommand'), more === '' && !isStopped ? 1 : 0, line);
        if (isStopped) assert.match(stderr, isForeign ? /what answered is not the AWS service/ : UNKNOWN);
        else if (expected instanceof RegExp && !more.startsWith('--override')) assert.match(stderr, expected);
        else assert.doesNotMatch(stderr, /warning/);
      }
    });
});

// With a host whose keeper asks every 45 s.
for (const [what, options, shown] of [
  ['its own idle timeout', { idleSeconds: 5 }, '5s'],
  [
    'short minutes',
    { minuteSeconds: 1, preferences: { idleSessionTimeout: '20', maxSessionDuration: '30' } },
    '20s',
  ],
] as const) {
  test(`a lab with ${what}: install, doctor, preferences and measure go by it, with --lab and with its variables`, async (context) => {
    const endedAt = Date.now() - 3_600_000;
    const lengthMs = (options.idleSeconds ?? 20) * 1000 + 200;
    const dir = makeLabFolder();
    const sessions = [{ ...PAST, target: WEB, startedAt: endedAt - lengthMs, endedAt }];
    const hosts = [{ ...hostSaying('web-1', WEB, INSTALLED), tags: { env: 'dev' } }];
    const lab = await startTestLab(context, { dir, records: { commands: [], sessions }, hosts, ...options });
    for (const [flag, env] of [
      ['--lab', {}],
      ['', lab.env],
    ] as const) {
      const ask = (line: string) =>
        runCli(`${line} ${flag}`.trim().split(/ +/), { SSM_KEEPALIVE_LAB_DIR: dir, ...env });
      const tooLate = new RegExp(`a heartbeat every 45s comes too late for .*’s idle timeout of ${shown}`);
      for (const dry of ['', '--dry-run']) {
        const install = await ask(`install --tag env=dev --yes --override-idle-policy ${dry}`);
        assert.equal(install.status, 1, install.stderr);
        assert.match(install.stderr, tooLate);
      }
      const { stdout } = await ask('preferences get');
      assert.match(stdout, options.idleSeconds ? /the idle timeout is 5s, the default/ : /idle timeout +20m/);
      const doctor = (await ask(`doctor ${WEB}`)).stdout.replace(/\s+/g, ' ');
      for (const finding of [
        `${shown} without input ends a session`,
        'one session: it ended at the idle timeout',
        `every 45s come too late for an idle timeout of ${shown}`,
        ...(options.idleSeconds ? [] : ['every session ends after 30s']),
      ])
        assert.ok(doctor.includes(finding), `${finding}\n${doctor}`);
      const measured = await ask(`measure ${WEB} --arm nothing --output json`);
      assert.match(measured.stderr, new RegExp(`idle timeout: ${shown}`));
      assert.equal(JSON.parse(measured.stdout).tickSeconds, Math.floor(Number.parseInt(shown, 10) / 3));
    }
    assert.equal(count(lab, 'SendCommand'), 2, 'only doctor asked the host');
  });
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { history, justInTime } from '../../src/doctor/checks/history.ts';
import { groupSessions, userOf } from '../../src/doctor/history-groups.ts';
import type { PastSession, SessionHistory } from '../../src/fleet/session-history.ts';
import type { SessionLimits } from '../../src/fleet/session-limits.ts';

const WEB = 'i-0aaaaaaaaaaaaaaa1';
const ALICE = 'arn:aws:sts::123456789012:assumed-role/Admin/alice@example.com';
const BOB = 'arn:aws:iam::123456789012:user/bob';

function limitsOf(idleMinutes: number | undefined, defaultSeconds = 1200): SessionLimits {
  return {
    exists: true,
    idleSeconds: idleMinutes === undefined ? defaultSeconds : idleMinutes * 60,
    idleMinutes,
    idleText: '',
    maximumSeconds: undefined,
    maximumMinutes: undefined,
    shellProfile: '',
    hasKmsKey: false,
    isStreamed: false,
    isRunAs: false,
  };
}

let number = 0;
function past(lengthSeconds: number, more: Partial<PastSession> = {}): PastSession {
  number += 1;
  return {
    sessionId: `s-${number}`,
    owner: BOB,
    instanceId: WEB,
    documentName: 'SSM-SessionManagerRunShell',
    reason: '',
    endedAt: new Date(Date.UTC(2026, 0, 1, 0, number)),
    lengthSeconds,
    hasFailed: false,
    maximumSeconds: undefined,
    isJustInTime: false,
    ...more,
  };
}

const historyOf = (sessions: PastSession[], documents: [string, SessionLimits][] = []): SessionHistory => ({
  sessions,
  isCut: false,
  documents: new Map(documents),
});

for (const [what, session, account, expected] of [
  ['just as long as the idle timeout', past(1200), limitsOf(undefined), 'idle'],
  ['a little longer', past(1255), limitsOf(undefined), 'idle'],
  ['a second shorter: nothing ends one before its timeout', past(1199), limitsOf(undefined), ''],
  ['longer, since somebody typed', past(1900), limitsOf(undefined), ''],
  ['as long as the timeout that the account chose', past(3600), limitsOf(60), 'idle'],
  ['as long as the default, where the account chose another', past(1200), limitsOf(60), ''],
  ['the default where the document may not be read', past(1200), undefined, 'idle'],
  ['as long as its maximum', past(7200, { maximumSeconds: 7200 }), limitsOf(undefined), 'maximum'],
  [
    'its maximum is its timeout too: nothing else could have ended it',
    past(1200, { maximumSeconds: 1200 }),
    limitsOf(20),
    'maximum',
  ],
  ['failed, whatever its length', past(1200, { hasFailed: true }), limitsOf(undefined), 'failed'],
  ['as long as the timeout of its lab', past(5.2), limitsOf(undefined, 5), 'idle'],
  ['longer than the timeout of its lab, since somebody typed', past(8), limitsOf(undefined, 5), ''],
  ['shorter than its maximum', past(7100, { maximumSeconds: 7200 }), limitsOf(undefined), ''],
] as const) {
  test(`a session ${what}`, () => {
    const [group] = groupSessions(historyOf([session]), account);
    assert.deepEqual(
      [group?.sessions, group?.atIdleTimeout, group?.atMaximum, group?.failed],
      [1, ...['idle', 'maximum', 'failed'].map((end) => (expected === end ? 1 : 0))],
    );
  });
}

test('a session of a document with its own idle timeout is held to that', () => {
  const session = past(300, { documentName: 'Short' });
  const [group] = groupSessions(historyOf([session], [['Short', limitsOf(5)]]), limitsOf(20));
  assert.equal(group?.atIdleTimeout, 1);
});

test('groups by user and instance, the most ends at a limit first; what measure opened is left out', () => {
  const groups = groupSessions(
    historyOf([
      past(30, { owner: ALICE }),
      past(1210, { owner: ALICE }),
      past(1220, { owner: ALICE }),
      past(1220, { owner: ALICE, instanceId: 'i-0bbbbbbbbbbbbbbb1' }),
      past(10),
      past(1210, { reason: 'ssm-keepalive measure' }),
    ]),
    limitsOf(20),
  );
  assert.deepEqual(
    groups.map(({ user, instanceId, sessions, atIdleTimeout, longestSeconds }) => [
      user,
      instanceId,
      sessions,
      atIdleTimeout,
      longestSeconds,
    ]),
    [
      ['alice@example.com', WEB, 3, 2, 1220],
      ['alice@example.com', 'i-0bbbbbbbbbbbbbbb1', 1, 1, 1220],
      ['bob', WEB, 1, 0, 10],
    ],
  );
});

test('a user by the name that people know', () => {
  assert.deepEqual(['a/b/c', 'AIDAX', ''].map(userOf), ['c', 'AIDAX', 'unknown']);
});

for (const [what, sessions, level, words] of [
  ['nobody uses it', [past(60)], 'ok', /no session of the last 7d was opened by it/],
  [
    'its sessions have a maximum',
    [past(60), past(60, { isJustInTime: true, maximumSeconds: 3600 })],
    'note',
    /^it opened 1 session in .* each had a maximum duration/,
  ],
  [
    'some have none',
    [past(60, { isJustInTime: true, maximumSeconds: 3600 }), past(60, { isJustInTime: true })],
    'todo',
    /^it opened 2 sessions in .* 1 of them without a maximum duration: a kept one outlives its approval/,
  ],
] as const) {
  test(`doctor: just-in-time access, ${what}: ${level}`, () => {
    const found = justInTime.run({
      facts: { history: { ...historyOf([...sessions]), since: '7d' } },
      gaps: {},
      connection: '',
    });
    assert.equal(found.level, level);
    assert.match(found.finding, words);
  });
}

test('doctor: how many sessions ended by what, with those whose end is not known', () => {
  const sessions = [
    past(1200),
    past(1210),
    past(7200, { maximumSeconds: 7200 }),
    past(5, { hasFailed: true }),
    past(5, { hasFailed: true }),
    past(30),
    past(1900),
    past(4000),
    past(1200, { reason: 'ssm-keepalive measure' }),
  ];
  const { level, finding, evidence } = history.run({
    facts: { history: { ...historyOf(sessions), since: '7d' }, limits: limitsOf(20) },
    gaps: {},
    connection: '',
  });
  assert.equal(level, 'todo');
  assert.equal(finding, 'of 8 sessions 2 ended at the idle timeout, 1 at the maximum duration');
  assert.deepEqual(evidence.slice(0, 2), [
    '8 sessions that began in the last 7d',
    'what ended them: idle timeout 2, maximum duration 1, a failure 2, not known 3 (exit, somebody, a lost connection, a timeout after typing)',
  ]);
});

for (const [kind, next] of [
  ['relay', /^if one of them is newer than the install, see for yourself: .* --arm nothing,keeper$/],
  ['none', /^$/],
] as const) {
  test(`doctor: the one session that timed out, where the host now has the keeper ${kind}`, () => {
    const report = { state: 'installed', entries: { env: 'live' }, keeper: kind };
    const found = history.run({
      facts: {
        history: { ...historyOf([past(1200)]), since: '7d' },
        status: { instanceId: 'i-0123456789abcdef0', report } as never,
      },
      gaps: {},
      connection: '',
    });
    assert.equal(found.level, 'note');
    assert.match(found.finding, /^one session: it ended at the idle timeout/);
    assert.match(found.next, next);
  });
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderStatus } from '../../src/commands/deliver/status-report.ts';
import { readReportLine } from '../../src/fleet/report-line.ts';
import { makeIo } from '../support/cli.ts';
import { checkRows, forgeRows } from '../terminal/hostile.ts';

const session = (sessionId: string, terminal: string) => ({
  pid: 1,
  uid: 1001,
  user: 'ssm-user',
  terminal,
  sessionId,
  keeper: 'relay',
  state: 'answering',
});
const IDS = ['kim-0123456789abcdef0', 'alex@example.com-abcdefghijklmnopqrstuvwxyz'];
const report = readReportLine(
  JSON.stringify({
    'ssm-keepalive': 1,
    verdict: 'status',
    state: 'installed',
    sessions: [
      session(IDS[0] ?? '', '/dev/pts/1'),
      session('', '/dev/pts/2'),
      session(IDS[1] ?? '', '/dev/pts/3'),
    ],
  }),
);
const row = { instanceId: 'i-1', name: '', verdict: 'installed', class: '', why: '', next: '', report };

for (const columns of [80, 60])
  test(`status: each session has its id below or behind it, at ${columns} columns`, () => {
    const shown = renderStatus([row], makeIo({ columns }));
    for (const line of shown.split('\n')) assert.ok(line.length <= columns, line);
    const words = shown.replace(/\s+/g, ' ');
    assert.match(words, new RegExp(`pts/1.*session ${IDS[0]}.*pts/2.*pts/3.*session ${IDS[1]}`));
    assert.doesNotMatch(words.slice(words.indexOf('pts/2'), words.indexOf('pts/3')), /session /);
  });

test('status: a half-done host, which has no settings, has no line about heartbeats', () => {
  const show = (more: object) =>
    renderStatus(
      [
        {
          ...row,
          report: readReportLine(JSON.stringify({ 'ssm-keepalive': 1, verdict: 'status', ...more })),
        },
      ],
      makeIo({ columns: 80 }),
    );
  assert.match(
    show({ state: 'installed', intervalSeconds: 45, unattendedSeconds: 28_800 }),
    /heartbeat +after 45s/,
  );
  assert.doesNotMatch(show({ state: 'partial', intervalSeconds: 0, unattendedSeconds: 0 }), /heartbeat/);
});

test('status: what a good host has to say is told with its facts, as its own words; of another it is told below, with what to do', () => {
  const told = { ...row, why: 'a script uses ENV', report: { ...report!, why: 'a script uses ENV' } };
  assert.match(renderStatus([told], makeIo({ columns: 80 })), /why +the instance says: a script uses ENV/);
  const partial = { ...told, verdict: 'partial' };
  assert.doesNotMatch(renderStatus([partial], makeIo({ columns: 80 })), /a script uses ENV/);
});

test('status: no fact of a host makes a row of its own on the terminal, and what the host wrote says so', () => {
  const show = (name: string, more: object) =>
    renderStatus([{ ...row, name, report: { ...report!, ...more } }], makeIo({ columns: 80 }));
  for (const text of [...[0, 4, 6, 12, 30].flatMap(forgeRows), 'ssm-keepalive: forged']) {
    const [one] = report!.sessions;
    const kept = { count: 1, notAnswering: 0, leaked: 0, unseen: text };
    const facts: readonly object[] = [
      { keeperWhy: text },
      { kept: { ...kept, count: 0 }, sessions: [] },
      { kept },
      ...['keeper', 'version', 'digest', 'ssh', 'tmux'].map((field) => ({ [field]: text, wrap: 'tmux' })),
      ...['sessionId', 'terminal', 'user', 'keeper', 'state'].map((field) => ({
        sessions: [{ ...one, [field]: text }],
      })),
      { entries: { [text]: text }, drifted: [text], left: [text], tmuxLocks: [text] },
    ];
    for (const more of facts) checkRows(show('web', more), JSON.stringify(more).slice(0, 300));
    checkRows(show(text, {}), text);
    assert.match(show('', facts[0]!), /keeper +\S*: the instance says:/);
    assert.match(show('', facts[1]!), /not counted: the instance says:/);
  }
});

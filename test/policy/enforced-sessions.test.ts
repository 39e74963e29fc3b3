import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CreateDocumentCommand } from '@aws-sdk/client-ssm';
import { LAB_USER } from '../../src/lab/index.ts';
import { Seat } from '../commands/seat.ts';
import { AccessControl, LAB_ROLE } from '../lab/access/access-control.ts';
import { makeClient, sandboxMissing, useLab } from '../lab/test-lab.ts';
import { useCuttingProxy } from '../session/cutting-proxy.ts';
import { printPolicy, runLine, until } from './planned-runs.ts';

const skip = sandboxMissing();
const WEB = 'i-0aaaaaaaaaaaaaaa1';
const access = new AccessControl();
const hosts = skip ? [] : [{ name: 'web-1', id: WEB, tags: { env: 'dev' } }];
const lab = await useLab({ consistencySeconds: 0, hosts }, access);
const proxy = await useCuttingProxy(lab);

/** Cuts a data channel that has been open for a moment, and waits for the next one. */
async function cutOnce(): Promise<void> {
  await until('a data channel', () => proxy.openCount > 0);
  const before = proxy.openedCount;
  // Wherever it is by then, its client has to call ResumeSession.
  await pause(500);
  proxy.cut();
  await until('another data channel', () => proxy.openedCount > before);
}

function assertExact(line: string): void {
  const refused = lab.requests.filter(({ error }) => error === 'AccessDeniedException');
  assert.deepEqual(refused, [], line);
  assert.deepEqual(access.unused(), [], `${line}: nothing in it is unused`);
}

// 160 seconds of the command’s eager clock are eight: the cut comes while the session is open.
for (const [line, principal] of [
  [`measure ${WEB} --arm nothing --limit 160s`, 'user'],
  [`measure ${WEB} --arm nothing --limit 160s --temporary-document`, 'role'],
] as const) {
  test(`policy: \`${line}\` for a ${principal}, its connection lost in between, under exactly its policy`, {
    skip,
  }, async () => {
    access.enforce(await printPolicy(line, principal), principal === 'role' ? LAB_ROLE : LAB_USER);
    const [{ status, err }] = await Promise.all([
      runLine(line, { ...lab, endpoint: proxy.endpoint }),
      cutOnce(),
    ]);
    assert.equal(status, 0, err);
    assertExact(line);
  });
}

test('policy: connect with a document of one’s own, its connection lost, left with ~., under exactly its policy', {
  skip,
}, async (context) => {
  access.enforce(undefined);
  const Content = JSON.stringify({ schemaVersion: '1.0', sessionType: 'Standard_Stream', inputs: {} });
  await makeClient(lab).send(new CreateDocumentCommand({ Name: 'Ours', DocumentType: 'Session', Content }));
  const words = [WEB, '--client', 'own', '--document', 'Ours'];
  const line = `connect ${words.join(' ')}`;
  access.enforce(await printPolicy(line));
  const seat = new Seat(context, words, { ...lab.env, AWS_ENDPOINT_URL_SSM: proxy.endpoint });
  await seat.ready();
  await cutOnce();
  await seat.say('echo ba""ck\r', /\nback\r/);
  seat.type('\r~.');
  assert.equal((await seat.left()).status, 0);
  assertExact(line);
});

test('policy: connect signs the opening of the data channel, and says which permission it lacks', {
  skip,
}, async (context) => {
  const words = [WEB, '--client', 'own'];
  const document = await printPolicy(`connect ${words.join(' ')}`);
  const Statement = document.Statement.filter(
    ({ Action }) => !Action.includes('ssmmessages:OpenDataChannel'),
  );
  access.enforce({ ...document, Statement });
  const seat = new Seat(context, words, lab.env);
  assert.equal((await seat.left()).status, 1);
  assert.match(seat.raw, /ssmmessages:OpenDataChannel is missing/);
});

test('policy: connect through a plugin that signs the opening of the data channel needs ssmmessages:OpenDataChannel', {
  skip,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-plugin-'));
  const path = process.env['PATH'] ?? '';
  after(() => {
    process.env['PATH'] = path;
    rmSync(folder, { recursive: true, force: true });
  });
  const plugin = join(folder, 'session-manager-plugin');
  const source = fileURLToPath(new URL('./signing-plugin.ts', import.meta.url));
  writeFileSync(
    plugin,
    `#!/bin/sh\n[ "$1" != --version ] || { echo 1.2.764.0; exit 0; }\nexec "${process.execPath}" --import tsx "${source}" "$@"\n`,
  );
  chmodSync(plugin, 0o755);
  process.env['PATH'] = `${folder}${delimiter}${path}`;
  const line = `connect ${WEB} --client plugin`;
  const document = await printPolicy(line);
  access.enforce(document);
  const { status, err } = await runLine(line, lab);
  assert.equal(status, 0, err);
  assertExact(line);
  const Statement = document.Statement.filter(
    ({ Action }) => !Action.includes('ssmmessages:OpenDataChannel'),
  );
  access.enforce({ ...document, Statement });
  assert.equal((await runLine(line, lab)).status, 1);
});

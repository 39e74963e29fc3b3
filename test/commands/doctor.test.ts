import assert from 'node:assert/strict';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { CreateDocumentCommand } from '@aws-sdk/client-ssm';
import { doctor } from '../../src/commands/doctor/doctor.ts';
import { renderDoctor } from '../../src/commands/doctor/doctor-report.ts';
import { Interruption } from '../../src/interruption.ts';
import { DEFAULT_HOSTS } from '../../src/lab/index.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { until } from '../lab/test-lab.ts';
import { startSession } from '../session/dialogue.ts';
import { installKeeper } from '../session/kept-host.ts';
import { makeInvocation, makeIo, runCli } from '../support/cli.ts';
import { startTestLab } from '../support/lab.ts';
import { askDoctor, openClient, withVariables } from './doctor-rig.ts';

const [WEB = DEFAULT_HOSTS[0]!] = DEFAULT_HOSTS;
const ioOf = (columns: number) => makeIo({ columns });

test('doctor: sessions that really ended at a limit show up, and one that was closed does not', async (context) => {
  // A minute of a document lasts 8 s here, and an end may come another 8 s late.
  const lab = await startTestLab(context, {
    hosts: [WEB],
    minuteSeconds: 8,
    preferences: { idleSessionTimeout: '1' },
  });
  const client = openClient(context, lab);
  await client.send(
    new CreateDocumentCommand({
      Name: 'OneMinute',
      DocumentType: 'Session',
      DocumentFormat: 'JSON',
      Content:
        '{"schemaVersion":"1.0","sessionType":"Standard_Stream","inputs":{"idleSessionTimeout":"60","maxSessionDuration":"1"}}',
    }),
  );
  const [untouched, limited, closed] = await Promise.all([
    startSession(client, WEB.id),
    startSession(client, WEB.id, {}, 'OneMinute'),
    startSession(client, WEB.id),
  ]);
  closed.session.write('exit\r');
  const [ended] = await Promise.all([untouched.session.ended, limited.session.ended, closed.session.ended]);
  assert.match(ended.sentence, /timed out due to inactivity/);

  const found = await until('all three in the history', async () => {
    const asked = await askDoctor(client, undefined);
    return asked.evidence.facts.history?.sessions.length === 3 ? asked : undefined;
  });
  const { level, finding, next } = found.of('session history');
  assert.equal(level, 'todo');
  assert.equal(finding, 'of 3 sessions 1 ended at the idle timeout, 1 at the maximum duration');
  assert.match(
    next,
    new RegExp(
      `^see whether a keeper is there: {2}ssm-keepalive status --instance-id ${WEB.id} --lab; raise maxSessionDuration`,
    ),
  );

  for (const columns of [50, 80, 200]) {
    const text = renderDoctor([{ label: '', ...found }], true, ioOf(columns));
    // A command is not broken where it would be longer than the line.
    for (const line of text.split('\n')) assert.ok(line.length <= columns, line);
    const flat = text.replace(/\s+/g, ' ');
    assert.match(flat, columns === 50 ? /lab on i-0a+1: of 3 1 at the idle/ : /lab i-0a+1 3 1 1 20/);
    assert.match(flat, /Several accounts in one browser\? No\./);
    assert.match(flat, /Credentials: that have ended when the service closes the connection/);
    assert.match(flat, /doctor: 1 to do, /);
  }

  const table = await runCli(['doctor', '--since', '1d'], lab.env);
  assert.equal(table.status, 1, table.stderr);
  assert.match(table.stdout, /^TO DO {2}session history +of 3 sessions 1 ended/m);
  assert.match(
    table.stdout,
    /^ {7}next: see whether a keeper is there:\s+ssm-keepalive status --instance-id/m,
  );
});

test('doctor through the lab: before an install, after it, and for programs', async (context) => {
  const lab = await startTestLab(context, { hosts: [WEB] });
  const look = async () => {
    const result = await runCli(['doctor', WEB.id, '--output', 'json'], lab.env);
    assert.match(result.stdout, /^\{/, result.stderr);
    const document = JSON.parse(result.stdout);
    assert.equal(document.exitStatus, result.status);
    return { ...result, document };
  };
  const levelOf = (document: { checks: { check: string; level: string }[] }, name: string) =>
    document.checks.find(({ check }) => check === name)?.level;

  const before = await look();
  assert.equal(before.status, 1);
  assert.match(before.stderr, /asking i-0a+1 with the status script, which only reads/);
  assert.deepEqual(Object.keys(before.document), [
    ...['command', 'version', 'instanceId', 'region', 'exitStatus', 'summary', 'checks', 'permissions'],
    ...['history', 'answers'],
  ]);
  assert.deepEqual(Object.keys(before.document.checks[0]), ['check', 'level', 'finding', 'evidence', 'next']);
  assert.deepEqual(Object.keys(before.document.summary), ['ok', 'note', 'todo', 'unknown']);
  assert.equal(levelOf(before.document, 'keeper'), 'todo');

  await installKeeper(lab, WEB.id, { entries: ['env', 'profile'] });
  const after = await look();
  assert.deepEqual(
    ['instance', 'keeper', 'entries', 'TMOUT', 'session history'].map((name) =>
      levelOf(after.document, name),
    ),
    ['ok', 'ok', 'ok', 'ok', 'ok'],
    after.stdout,
  );
  assert.equal(after.status, 0, 'a plugin that is missing is worth a note, and no work');
});

for (const [words, own, complaint] of [
  [[], { since: '40d' }, /--since cannot be "40d": expected a time up to 30d/],
  [[], { since: 'yesterday' }, /--since cannot be "yesterday"/],
  [['i-12'], {}, /"i-12" is no instance id/],
] as const) {
  test(`doctor ${[...words, ...Object.entries(own).flat()].join(' ')} is bad usage`, async () => {
    const settings = readSettings({ 'endpoint-url': 'http://127.0.0.1:9', region: 'us-east-1' });
    await assert.rejects(doctor(settings, ioOf(80), makeInvocation({ words, own })), {
      exitStatus: 2,
      message: complaint,
    });
  });
}

test('doctor: Ctrl-C while the service does not answer leaves at once', async (context) => {
  const interruption = new Interruption();
  // Hears, and says nothing.
  const server = createServer((socket) => {
    socket.once('data', () => interruption.request());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const settings = readSettings({ 'endpoint-url': `http://127.0.0.1:${port}`, region: 'us-east-1' });
  const variables = { AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x' };
  await withVariables(variables, () =>
    assert.rejects(doctor(settings, ioOf(80), makeInvocation({ interruption })), {
      exitStatus: 130,
      code: 'interrupted',
    }),
  );
});

test('doctor: without credentials a name gives the same table, with what to do first', async (context) => {
  const lab = await startTestLab(context);
  const env = {
    ...lab.env,
    AWS_ACCESS_KEY_ID: '',
    AWS_SECRET_ACCESS_KEY: '',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  const { status, stdout } = await runCli(['doctor', 'web-1', '--region', 'us-east-1'], env);
  assert.equal(status, 1);
  assert.match(stdout, /^TO DO {2}credentials +no AWS credentials were found/m);
});

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  CreateDocumentCommand,
  GetDocumentCommand,
  type SSMClient,
  UpdateDocumentCommand,
  UpdateDocumentDefaultVersionCommand,
} from '@aws-sdk/client-ssm';
import { makeClient } from '../../src/fleet/client.ts';
import {
  findPrevious,
  readPreferences,
  savePreferences,
  undoPreferences,
} from '../../src/fleet/preferences.ts';
import { runCli } from '../support/cli.ts';
import { startTestLab } from '../support/lab.ts';

const Name = 'SSM-SessionManagerRunShell';

/** As people write it: tabs, an order of their own, fields that nobody here knows, an escape that could be written otherwise. */
const THEIRS =
  '{"schemaVersion":"1.0", "sessionType" : "Standard_Stream",\n\t"description":"caf\\u00e9",\n\t"inputs":{"runAsEnabled":true,"idleSessionTimeout" :"15",\n\t\t"futureField":[1, 2.50 ,{"a":null}],"shellProfile":{"windows":"date","linux":"date"}}}\n';

async function makeRig(context: TestContext, content?: string) {
  const lab = await startTestLab(context, { hosts: [] });
  const client = makeClient({
    endpointUrl: lab.endpoint,
    region: 'us-east-1',
    credentials: lab.credentials,
  });
  context.after(() => client.destroy());
  if (content !== undefined)
    await client.send(
      new CreateDocumentCommand({ Name, DocumentType: 'Session', DocumentFormat: 'JSON', Content: content }),
    );
  return { client, run: (...words: string[]) => runCli(['preferences', ...words], lab.env) };
}

const inForce = async (client: SSMClient): Promise<string | undefined> =>
  (await client.send(new GetDocumentCommand({ Name, DocumentFormat: 'JSON' })).catch(() => undefined))
    ?.Content;

test('preferences: one field is merged, and every other byte stays', async (context) => {
  const { client, run } = await makeRig(context, THEIRS);
  const { status, stderr } = await run('set', '--idle', '60', '--yes');
  assert.equal(status, 0, stderr);
  assert.equal(await inForce(client), THEIRS.replace('"15"', '"60"'));
  await run('set', '--shell-profile', 'exec bash -l', '--yes');
  assert.equal(
    await inForce(client),
    THEIRS.replace('"15"', '"60"').replace('"linux":"date"', '"linux":"exec bash -l"'),
  );
});

test('preferences: a field that is missing is added, and the rest stays', async (context) => {
  const { client, run } = await makeRig(context, THEIRS);
  assert.equal((await run('set', '--max', '12h', '--yes')).status, 0);
  const content = (await inForce(client)) ?? '';
  assert.equal(JSON.parse(content).inputs.maxSessionDuration, '720');
  assert.ok(content.startsWith(THEIRS.slice(0, THEIRS.indexOf(',"shellProfile"'))));
});

test('preferences: undo goes back step by step, and set again forward', async (context) => {
  const { client, run } = await makeRig(context, THEIRS);
  await run('set', '--idle', '30', '--yes');
  await run('set', '--idle', '60', '--yes');
  await run('undo', '--yes');
  assert.match((await inForce(client)) ?? '', /"idleSessionTimeout" :"30"/);
  await run('undo', '--yes');
  assert.equal(await inForce(client), THEIRS);
  const over = await run('undo', '--yes');
  assert.equal(over.status, 1);
  assert.match(over.stderr, /there is nothing to undo[\s\S]*made by somebody else/);
  // Equal to the latest version, which is not in force: the service refuses it as a duplicate.
  assert.equal((await run('set', '--idle', '60', '--yes')).status, 0);
  assert.match((await inForce(client)) ?? '', /"idleSessionTimeout" :"60"/);
});

test('preferences: a document is created where there is none, and undo deletes it', async (context) => {
  const { client, run } = await makeRig(context);
  assert.match((await run('get')).stdout, /no session document was saved here/);
  for (const words of ['--max none', '--idle 20', '--max none --shell-profile none']) {
    const { stderr, status } = await run('set', ...words.split(' '));
    assert.equal(status, 0, stderr);
    assert.match(stderr, /: nothing to do, that is how it is\n$/, words);
    assert.equal(await inForce(client), undefined, words);
  }
  assert.equal((await run('set', '--idle', '45', '--yes')).status, 0);
  assert.match((await run('get')).stdout, /idle timeout +45m/);
  assert.equal((await run('undo', '--yes')).status, 0);
  assert.equal(await inForce(client), undefined);
});

test('preferences: nothing to do is no error, and makes no version', async (context) => {
  const { client, run } = await makeRig(context, THEIRS);
  const { status, stderr } = await run('set', '--idle', '15');
  assert.equal(status, 0);
  assert.match(stderr, /nothing to do/);
  assert.equal((await readPreferences(client))?.latestVersion, '1');
  // A maximum that is not in the document is none already.
  assert.match((await run('set', '--max', 'none', '--yes')).stderr, /nothing to do/);
  assert.equal((await readPreferences(client))?.latestVersion, '1');
});

test('preferences: a new document changes only the field that was named', async (context) => {
  const { run } = await makeRig(context);
  const { stderr } = await run('set', '--max', '12h', '--yes');
  const changes = stderr.split('\n').filter((line) => /^[-+]/.test(line));
  assert.deepEqual(changes, [
    '- maximum duration  none',
    '+ maximum duration  12h',
    '+ the session document, which is new; all else in it is the service’s default',
  ]);
  assert.match((await run('get')).stdout, /^idle timeout +20m \(the default\)$/m);
});

test('preferences: without a terminal and without --yes nothing is changed, and the change is shown', async (context) => {
  const { client, run } = await makeRig(context, THEIRS);
  const { status, stderr } = await run('set', '--idle', '60');
  assert.equal(status, 2);
  assert.match(stderr, /nothing was changed\n {2}why: {2}this is for every session in us-east-1, and there/);
  assert.match(stderr, /^- idle timeout +15m$/m);
  assert.match(stderr, /^\+ idle timeout +1h$/m);
  assert.equal(await inForce(client), THEIRS);
});

test('preferences: a dry run of set and undo shows the change, and changes nothing, with --yes too', async (context) => {
  const { client, run } = await makeRig(context, THEIRS);
  const dry = await run('set', '--idle', '60', '--dry-run', '--yes');
  assert.equal(dry.status, 0, dry.stderr);
  assert.equal(dry.stdout, '- idle timeout      15m\n+ idle timeout      1h\nnothing was changed\n');
  assert.equal(await inForce(client), THEIRS);
  const facts = JSON.parse((await run('set', '--idle', '60', '--dry-run', '--output', 'json')).stdout);
  assert.deepEqual(facts, { dryRun: true, changes: '- idle timeout      15m\n+ idle timeout      1h\n' });
  await run('set', '--idle', '60', '--yes');
  const back = await run('undo', '--dry-run');
  assert.match(back.stdout, /^\+ idle timeout +15m$/m);
  assert.equal(await inForce(client), THEIRS.replace('"15"', '"60"'));
});

test('preferences: a change by somebody else in between is refused, and theirs stays', async (context) => {
  const { client } = await makeRig(context, THEIRS);
  const before = await readPreferences(client);
  const theirs = THEIRS.replace('"15"', '"25"');
  const { DocumentDescription } = await client.send(
    new UpdateDocumentCommand({ Name, Content: theirs, DocumentVersion: '$LATEST', DocumentFormat: 'JSON' }),
  );
  await client.send(
    new UpdateDocumentDefaultVersionCommand({ Name, DocumentVersion: DocumentDescription?.DocumentVersion }),
  );
  await assert.rejects(savePreferences(client, before, THEIRS.replace('"15"', '"60"')), /at the same moment/);
  assert.equal(await inForce(client), theirs);
});

test('preferences: undo leaves alone what somebody else changed after it was shown', async (context) => {
  const { client, run } = await makeRig(context);
  await run('set', '--idle', '45', '--yes');
  const ours = await readPreferences(client);
  assert.ok(ours && findPrevious(ours) === 'none', 'undo would delete it');
  await client.send(
    new UpdateDocumentCommand({
      ...{ Name, DocumentVersion: '$LATEST', DocumentFormat: 'JSON' },
      Content: ours.content.replace('"45"', '"25"'),
    }),
  );
  await client.send(new UpdateDocumentDefaultVersionCommand({ Name, DocumentVersion: '2' }));
  await assert.rejects(undoPreferences(client, ours, 'none'), { code: 'changed-meanwhile' });
  assert.match((await inForce(client)) ?? '', /"idleSessionTimeout": "25"/);
});

test('preferences: JSON tells the timeout also where there is no document', async (context) => {
  const { run } = await makeRig(context);
  const facts = JSON.parse((await run('get', '--output', 'json')).stdout);
  assert.deepEqual(facts, { exists: false, idleTimeoutSeconds: 1200 });
});

test('preferences: JSON for programs', async (context) => {
  const { run } = await makeRig(context, THEIRS);
  const before = JSON.parse((await run('get', '--output', 'json')).stdout);
  assert.equal(before.content, THEIRS);
  assert.equal(before.idleSessionTimeout, '15');
  assert.equal(before.previous, null);
  const done = JSON.parse((await run('set', '--idle', '60', '--yes', '--output', 'json')).stdout);
  assert.deepEqual(done, { changed: true, version: '2' });
});

for (const [words, complaint] of [
  [['set', '--idle', '0'], /--idle cannot be "0"[\s\S]*whole minutes from 1 to 60/],
  [['set', '--idle', '61'], /whole minutes from 1 to 60/],
  [['set', '--idle', '90s'], /whole minutes from 1 to 60/],
  [['set', '--max', '25h'], /whole minutes from 1 to 1440 \(24h\), or none/],
  [['set', '--shell-profile', 'a\nb'], /one line of at most 512 characters/],
  [['set', '--shell-profile', 'x'.repeat(513)], /one line of at most 512 characters/],
  [['set'], /set was given nothing to change/],
  [['get', '--idle', '60'], /get changes no field/],
  [['put'], /preferences has no action "put"/],
] as const) {
  test(`preferences: \`${words.map((word) => word.slice(0, 20).replace('\n', '\\n')).join(' ')}\` is bad usage`, async () => {
    const { status, stderr } = await runCli(['preferences', ...words]);
    assert.equal(status, 2);
    assert.match(stderr, complaint);
  });
}

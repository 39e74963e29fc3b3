import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateDocumentCommand,
  type CreateDocumentCommandInput,
  DeleteDocumentCommand,
  DescribeDocumentCommand,
  GetDocumentCommand,
  ListDocumentsCommand,
  ListDocumentVersionsCommand,
  StartSessionCommand,
  UpdateDocumentCommand,
  type UpdateDocumentCommandInput,
  UpdateDocumentDefaultVersionCommand,
} from '@aws-sdk/client-ssm';
import { startLab } from '../../src/lab/index.ts';
import { makeClient, makeFolder, syntheticHosts, useLab } from './test-lab.ts';

const lab = await useLab({ hosts: syntheticHosts(1) });
const client = makeClient(lab);

function session(inputs: Record<string, unknown>, more: Record<string, unknown> = {}): string {
  return JSON.stringify({ schemaVersion: '1.0', sessionType: 'Standard_Stream', inputs, ...more });
}

function create(Name: string, Content: string, more: Partial<CreateDocumentCommandInput> = {}) {
  return client.send(new CreateDocumentCommand({ Name, Content, DocumentType: 'Session', ...more }));
}

function update(Name: string, Content: string, more: Partial<UpdateDocumentCommandInput> = {}) {
  return client.send(new UpdateDocumentCommand({ Name, Content, ...more }));
}

async function contentOf(Name: string, DocumentVersion?: string): Promise<string | undefined> {
  return (await client.send(new GetDocumentCommand({ Name, DocumentVersion }))).Content;
}

test('a document has versions: an update adds one, the default moves only when told to, and back again', async () => {
  const [first, second] = [session({ idleSessionTimeout: '20' }), session({ idleSessionTimeout: '60' })];
  const Name = 'SSM-SessionManagerRunShell';
  await assert.rejects(contentOf(Name), { name: 'InvalidDocument' });
  const made = await create(Name, first);
  assert.deepEqual(
    [made.DocumentDescription?.DocumentVersion, made.DocumentDescription?.DefaultVersion],
    ['1', '1'],
  );
  const updated = await update(Name, second, { DocumentVersion: '$LATEST', VersionName: 'longer' });
  assert.deepEqual(
    [updated.DocumentDescription?.DocumentVersion, updated.DocumentDescription?.DefaultVersion],
    ['2', '1'],
  );
  assert.deepEqual([await contentOf(Name), await contentOf(Name, '$LATEST')], [first, second]);
  await client.send(new UpdateDocumentDefaultVersionCommand({ Name, DocumentVersion: '2' }));
  assert.equal(await contentOf(Name), second);
  const described = await client.send(new DescribeDocumentCommand({ Name }));
  assert.deepEqual(
    [described.Document?.DefaultVersion, described.Document?.LatestVersion, described.Document?.Owner],
    ['2', '2', '123456789012'],
  );
  const listed = await client.send(new ListDocumentVersionsCommand({ Name, MaxResults: 1 }));
  assert.deepEqual(
    listed.DocumentVersions?.map((one) => [one.DocumentVersion, one.VersionName, one.IsDefaultVersion]),
    [['2', 'longer', true]],
  );
  const rest = await client.send(new ListDocumentVersionsCommand({ Name, NextToken: listed.NextToken }));
  assert.deepEqual(
    rest.DocumentVersions?.map((one) => [one.DocumentVersion, one.IsDefaultVersion]),
    [['1', false]],
  );
  await client.send(new UpdateDocumentDefaultVersionCommand({ Name, DocumentVersion: '1' }));
  assert.equal(await contentOf(Name), first);
  await assert.rejects(client.send(new DeleteDocumentCommand({ Name, DocumentVersion: '1' })), {
    name: 'InvalidDocumentOperation',
  });
  await client.send(new DeleteDocumentCommand({ Name }));
  await assert.rejects(contentOf(Name), { name: 'InvalidDocument' });
});

test('the same content again is DuplicateDocumentContent, and only the latest version can be updated', async () => {
  const Name = 'own-session';
  await create(Name, session({ idleSessionTimeout: '5' }));
  await assert.rejects(update(Name, session({ idleSessionTimeout: '5' })), {
    name: 'DuplicateDocumentContent',
  });
  await update(Name, session({ idleSessionTimeout: '6' }));
  await assert.rejects(update(Name, session({ idleSessionTimeout: '7' }), { DocumentVersion: '1' }), {
    name: 'InvalidDocumentVersion',
  });
  await assert.rejects(contentOf(Name, '3'), { name: 'InvalidDocumentVersion' });
  await assert.rejects(client.send(new UpdateDocumentDefaultVersionCommand({ Name, DocumentVersion: '3' })), {
    name: 'InvalidDocumentVersion',
  });
  await assert.rejects(create(Name, session({})), { name: 'DocumentAlreadyExists' });
});

const refused: [why: string, content: string, error: string][] = [
  ['no JSON', '{', 'InvalidDocumentContent'],
  ['another schema version', session({}, { schemaVersion: '2.2' }), 'InvalidDocumentSchemaVersion'],
  ['an unknown session type', session({}, { sessionType: 'Shell' }), 'InvalidDocumentContent'],
  ['an idle timeout of 0 minutes', session({ idleSessionTimeout: '0' }), 'InvalidDocumentContent'],
  ['an idle timeout of 61 minutes', session({ idleSessionTimeout: '61' }), 'InvalidDocumentContent'],
  ['a maximum of 1441 minutes', session({ maxSessionDuration: '1441' }), 'InvalidDocumentContent'],
  [
    'a profile of 513 characters',
    session({ shellProfile: { linux: 'x'.repeat(513) } }),
    'InvalidDocumentContent',
  ],
  ['more than 64 KB', session({ note: 'x'.repeat(65_536) }), 'MaxDocumentSizeExceeded'],
];
for (const [why, content, error] of refused) {
  test(`a session document with ${why} is refused with ${error}`, async () => {
    await assert.rejects(create('refused', content), { name: error });
    await assert.rejects(contentOf('refused'), { name: 'InvalidDocument' });
  });
}

test("the service's own documents can be listed and read, not changed", async () => {
  const Name = 'AWS-RunShellScript';
  assert.match((await contentOf(Name)) ?? '', /aws:runShellScript/);
  const listed = await client.send(
    new ListDocumentsCommand({ Filters: [{ Key: 'Owner', Values: ['Amazon'] }] }),
  );
  assert.deepEqual(
    listed.DocumentIdentifiers?.map((one) => [one.Name, one.Owner]),
    [
      ['AWS-StartInteractiveCommand', 'Amazon'],
      [Name, 'Amazon'],
    ],
  );
  for (const change of [
    client.send(new DeleteDocumentCommand({ Name })),
    update(Name, '{"schemaVersion":"2.2"}'),
    client.send(new UpdateDocumentDefaultVersionCommand({ Name, DocumentVersion: '1' })),
  ])
    await assert.rejects(change, { name: 'InvalidDocumentOperation' });
});

test('StartSession refuses a document that is missing, of another type, or of another kind of session', async () => {
  await create('port-session', session({}, { sessionType: 'Port' }));
  const Target = 'i-00000000000000001';
  for (const DocumentName of ['no-such-document', 'AWS-RunShellScript', 'port-session'])
    await assert.rejects(client.send(new StartSessionCommand({ Target, DocumentName })), {
      name: 'InvalidDocument',
    });
});

test('what the endpoint has answered is on disk: a lab that never got to stop forgets no document', async () => {
  const dir = makeFolder();
  const one = await startLab({ dir, hosts: syntheticHosts(2) });
  await makeClient(one).send(
    new CreateDocumentCommand({ Name: 'kept', Content: session({}), DocumentType: 'Session' }),
  );
  const { readFileSync } = await import('node:fs');
  const records = JSON.parse(readFileSync(`${dir}/records.json`, 'utf8'));
  assert.deepEqual(
    records.documents.map(({ name }: { name: string }) => name),
    ['kept'],
  );
  await one.stop();
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateDocumentCommand,
  DescribeDocumentCommand,
  GetCommandInvocationCommand,
  SendCommandCommand,
  type SendCommandCommandInput,
} from '@aws-sdk/client-ssm';
import { readScript } from '../../src/lab/command-document.ts';
import { makeClient, syntheticHosts, until, useLab } from './test-lab.ts';

const lab = await useLab({ hosts: syntheticHosts(1), consistencySeconds: 0.2 });
const client = makeClient(lab);
const ID = 'i-00000000000000001';

const CONTENT = {
  schemaVersion: '2.2',
  description: 'of a test',
  parameters: {
    mode: { type: 'String', allowedValues: ['on', 'off'] },
    seconds: { type: 'String', default: '60', allowedPattern: '[1-9][0-9]{0,3}' },
  },
  mainSteps: [
    {
      action: 'aws:runShellScript',
      name: 'greet',
      inputs: { runCommand: ['#!/bin/sh', 'echo {{ mode }}'], timeoutSeconds: '{{seconds}}' },
    },
  ],
};

const create = (Name: string, content: object = CONTENT) =>
  client.send(new CreateDocumentCommand({ Name, Content: JSON.stringify(content), DocumentType: 'Command' }));

const send = (more: Partial<SendCommandCommandInput> = {}) =>
  client.send(
    new SendCommandCommand({
      DocumentName: 'own',
      InstanceIds: [ID],
      Parameters: { mode: ['on'] },
      ...more,
    }),
  );

test('a Command document can be used once it is active, and its results carry the name of its step', async () => {
  const made = await create('own');
  assert.equal(made.DocumentDescription?.Status, 'Creating');
  await assert.rejects(send(), { name: 'InvalidDocument' });
  await until('the document to be active', async () => {
    const { Document } = await client.send(new DescribeDocumentCommand({ Name: 'own' }));
    return Document?.Status === 'Active';
  });
  const CommandId = (await send()).Command?.CommandId ?? '';
  const got = await until('the command to end', async () =>
    client.send(new GetCommandInvocationCommand({ CommandId, InstanceId: ID })).catch(() => undefined),
  );
  assert.equal(got.PluginName, 'greet');
});

test('a command runs only under the hash of its document, and with values that the document allows', async () => {
  const { Document } = await client.send(new DescribeDocumentCommand({ Name: 'own' }));
  const { Hash: DocumentHash, HashType: DocumentHashType } = Document ?? {};
  await send({ DocumentHash, DocumentHashType, DocumentVersion: '1' });
  const refused: [Partial<SendCommandCommandInput>, string][] = [
    [{ DocumentHash: '0'.repeat(64), DocumentHashType }, 'InvalidDocument'],
    [{ Parameters: { mode: ['maybe'] } }, 'InvalidParameters'],
    [{ Parameters: { mode: ['on'], seconds: ['60; reboot'] } }, 'InvalidParameters'],
    [{ Parameters: { mode: ['on'], commands: ['reboot'] } }, 'InvalidParameters'],
    [{ Parameters: {} }, 'InvalidParameters'],
    [{ DocumentVersion: '2' }, 'InvalidDocumentVersion'],
  ];
  for (const [more, name] of refused) await assert.rejects(send(more), { name }, JSON.stringify(more));
});

test('a Command document that could not run is refused when it is made', async () => {
  const [step] = CONTENT.mainSteps;
  for (const bad of [
    { ...CONTENT, mainSteps: [] },
    { ...CONTENT, mainSteps: [{ ...step, action: 'aws:noSuchPlugin' }] },
    { ...CONTENT, mainSteps: [{ ...step, inputs: { runCommand: ['echo {{ nobody }}'] } }] },
    { ...CONTENT, parameters: { mode: { type: 'Text' } } },
  ])
    await assert.rejects(create('refused', bad), { name: 'InvalidDocumentContent' });
  for (const name of ['AWS-Mine', 'amazon-mine'])
    await assert.rejects(create(name), { name: 'ValidationException' });
});

test('the script is the lines of the document with the values put in', () => {
  const script = readScript(JSON.stringify(CONTENT), { parameters: { mode: ['off'] } });
  assert.deepEqual(script, { text: '#!/bin/sh\necho off', workingDirectory: '', timeoutSeconds: 60 });
});

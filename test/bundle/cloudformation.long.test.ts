// The template as its own linter reads it, and its two resources as the service would make them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  CreateAssociationCommand,
  CreateDocumentCommand,
  DescribeAssociationExecutionsCommand,
  DescribeDocumentCommand,
} from '@aws-sdk/client-ssm';
import { makeClient, runOn, sandboxMissing, until, useLab } from '../lab/test-lab.ts';
import { bundleOf } from '../support/bundle.ts';
import { formatOf } from '../support/formats.ts';

const hasLinter = spawnSync('cfn-lint', ['--version']).status === 0;
const bundle = bundleOf();
const text = formatOf('cloudformation', bundle);

for (const name of ['cloudformation', 'stackset'])
  test(`cfn-lint has nothing to say about the template ${name}, and something about one that is spoilt`, {
    skip: hasLinter ? false : 'absent: cfn-lint',
  }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-template-'));
    try {
      const lint = (template: string) => {
        const path = join(folder, 'template.json');
        writeFileSync(path, template);
        return spawnSync('cfn-lint', ['--regions', 'us-east-1', '--', path], { encoding: 'utf8' });
      };
      const template = formatOf(name, bundle);
      const { stdout, status } = lint(template);
      // W1030: an empty schedule never reaches the association, which the linter does not see through the condition.
      assert.deepEqual([stdout, status], ['', 0]);
      assert.notEqual(lint(template.replace('"MaxErrors":', '"MaximumErrors":')).status, 0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

test('the template’s document and association, made in the account, install the bundle on what they match', {
  skip: sandboxMissing(),
}, async () => {
  const id = 'i-0fffffffffffffff1';
  const lab = await useLab({ hosts: [{ name: 'web-1', id, tags: { env: 'dev' } }], consistencySeconds: 0 });
  const client = makeClient(lab);
  const { Document, Association } = JSON.parse(text).Resources;
  const Name = 'stack-Document-1';
  const { Content, DocumentType, DocumentFormat } = Document.Properties;
  await client.send(
    new CreateDocumentCommand({ Name, DocumentType, DocumentFormat, Content: JSON.stringify(Content) }),
  );
  await until('the document', async () => {
    const { Document: made } = await client.send(new DescribeDocumentCommand({ Name }));
    return made?.Status === 'Active';
  });
  const made = await client.send(
    new CreateAssociationCommand({
      Name,
      AssociationName: Association.Properties.AssociationName,
      Targets: [{ Key: 'tag:env', Values: ['dev'] }],
      MaxConcurrency: '10%',
      MaxErrors: '0',
    }),
  );
  const AssociationId = made.AssociationDescription?.AssociationId ?? '';
  await until(
    'the association to succeed',
    async () => {
      const seen = await client.send(new DescribeAssociationExecutionsCommand({ AssociationId }));
      return seen.AssociationExecutions?.some(({ Status }) => Status === 'Success');
    },
    120,
  );
  const looked = await runOn(client, id, ['cat /usr/local/lib/ssm-keepalive/current']);
  assert.equal(looked.StandardOutputContent, `${bundle.digest}\n`);
});

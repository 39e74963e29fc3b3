import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import {
  CreateDocumentCommand,
  DescribeDocumentCommand,
  GetDocumentCommand,
  ListCommandsCommand,
  ListDocumentVersionsCommand,
} from '@aws-sdk/client-ssm';
import { hosts } from '../fleet/push-rig.ts';
import { makeClient } from '../lab/test-lab.ts';
import { runCli } from '../support/cli.ts';
import { startTestLab } from '../support/lab.ts';

const Name = 'our-keeper';

/** A lab of one host that answers, a client for it, and a command line that leaves agents alone. */
async function makeRig(context: TestContext, count = 1) {
  const lab = await startTestLab(context, { hosts: hosts(...Array(count).fill({})) });
  const client = makeClient(lab);
  context.after(() => client.destroy());
  const run = async (line: string) => {
    const result = await runCli([...line.split(' '), '--tag', 'env=dev', '--output', 'json'], lab.env);
    return { ...result, json: result.stdout.startsWith('{') ? JSON.parse(result.stdout) : undefined };
  };
  const versions = async () => {
    const { DocumentVersions = [] } = await client.send(new ListDocumentVersionsCommand({ Name }));
    return DocumentVersions.map(
      (one) =>
        `${one.DocumentVersion} ${one.VersionName?.split('.')[1]}${one.IsDefaultVersion ? ' default' : ''}`,
    );
  };
  const sent = async () => {
    const { Commands = [] } = await client.send(new ListCommandsCommand({}));
    return Commands.map(
      ({ DocumentName, DocumentVersion, Parameters }) =>
        `${DocumentName} ${DocumentVersion} ${Object.keys(Parameters ?? {})}`,
    );
  };
  return { lab, client, run, versions, sent };
}

test('cli: --document makes the document, sends pinned versions of it and nothing else, and the same again makes nothing', async (context) => {
  const { lab, client, run, versions, sent } = await makeRig(context);
  const dry = await run(`install --document ${Name} --dry-run`);
  assert.deepEqual([dry.json.document, dry.json.documentPlan.action], [Name, 'create'], dry.stderr);
  assert.ok(lab.requests.every(({ operation }) => /^(Describe|Get|List)/.test(operation)));

  const first = await run(`install --document ${Name}`);
  assert.equal(first.status, 0, first.stderr);
  assert.match(first.stderr, /document our-keeper is new, version 1/);
  assert.deepEqual(await versions(), ['2 status', '1 install default']);
  assert.deepEqual(await sent(), [`${Name} 1 executionTimeout`]);

  const again = await run(`install --document ${Name}`);
  assert.equal(again.status, 0, again.stderr);
  const other = await run(`install --document ${Name} --interval 60`);
  assert.match(other.stderr, /gets version 3, and is the default instead of version 1, which stays/);
  // Going back finds the first version again.
  await run(`install --document ${Name}`);
  assert.deepEqual(await versions(), ['3 install', '2 status', '1 install default']);
  await run(`uninstall --document ${Name}`);
  assert.deepEqual(await versions(), ['4 uninstall', '3 install', '2 status', '1 install default']);
  assert.deepEqual(
    (await sent()).map((line) => line.split(' ')[1]),
    ['4', '1', '3', '1', '1'],
  );

  const { Document } = await client.send(new DescribeDocumentCommand({ Name, DocumentVersion: '3' }));
  const { Content = '' } = await client.send(new GetDocumentCommand({ Name, DocumentVersion: '3' }));
  const { runCommand } = JSON.parse(Content).mainSteps[0].inputs;
  const rendered = await runCli(['render', 'install-command', '--interval', '60']);
  assert.equal(
    `${runCommand.join('\n')}\n`,
    rendered.stdout,
    'the document brings other bytes than AWS-RunShellScript',
  );
  assert.equal(Document?.Hash, createHash('sha256').update(Content).digest('hex'));
});

test('cli: a document of somebody else is refused, and so are names that the service keeps', async (context) => {
  const { lab, client, run } = await makeRig(context);
  const Content = JSON.stringify({
    schemaVersion: '2.2',
    description: 'theirs',
    mainSteps: [{ action: 'aws:runShellScript', name: 'x', inputs: { runCommand: ['true'] } }],
  });
  await client.send(new CreateDocumentCommand({ Name, Content, DocumentType: 'Command' }));
  const refused = await run(`install --document ${Name}`);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /the document our-keeper is not ours[\s\S]*give another name with --document/);
  assert.equal(refused.json.error.code, 'foreign-document');
  for (const bad of ['AWS-Keeper', 'ab', 'a/b'])
    assert.equal((await run(`install --document ${bad}`)).status, 2);
  assert.ok(!lab.requests.some(({ operation }) => operation === 'SendCommand'));
});

// What Terraform's own parser reads in `render terraform`; where Terraform is on PATH, what its `fmt` says. No provider is run.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from '@cdktf/hcl2json';
import { DIALECTS } from '../../src/bundle/dialects.ts';
import { makeDocument, wireCommands } from '../../src/bundle/index.ts';
import { bundleOf } from '../support/bundle.ts';
import { formatOf, readHclText } from '../support/formats.ts';
import { HOSTILE } from './hostile-values.ts';

type Block = Record<string, unknown>;
const bundle = bundleOf();
const { resource, variable } = await parse('main.tf', formatOf('terraform', bundle));
const document: Block = resource.aws_ssm_document.ssm_keepalive[0];

test('terraform: the document is the one that install --document makes, so it runs the very lines that install sends', () => {
  const sent = makeDocument('install', bundle.version, wireCommands('install', bundle));
  assert.ok(readHclText(document['content']) === sent, 'the document is another one');
  assert.match(String(document['name']), /^[a-zA-Z0-9_.-]{3,128}$/);
  const other = formatOf('terraform', bundleOf({ intervalSeconds: 50 }));
  assert.ok(
    !other.includes(String(document['name'])),
    'another bundle is another document, which makes a new association',
  );
});

/** Arguments of the provider [hashicorp/aws 6.25.0, aws_ssm_document and aws_ssm_association]. */
const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  aws_ssm_document: ['name', 'document_type', 'document_format', 'content', 'lifecycle', 'count'],
  aws_ssm_association: [
    'name',
    'association_name',
    'schedule_expression',
    'max_concurrency',
    'max_errors',
    'targets',
  ],
};

test('terraform: resources have arguments that the provider knows, and refer to what is there', () => {
  for (const [type, blocks] of Object.entries<Record<string, Block[]>>(resource))
    for (const [name, [block = {}]] of Object.entries(blocks))
      for (const argument of Object.keys(block))
        assert.ok(ARGUMENTS[type]?.includes(argument), `${type}.${name}: ${argument}`);
  const { content: _, ...rest } = document;
  const text = JSON.stringify([
    rest,
    resource.aws_ssm_association,
    resource.aws_ssm_document.session_preferences,
  ]);
  const used = [...text.matchAll(/var\.(\w+)/g)].map(([, name]) => name);
  assert.deepEqual([...new Set(used)].sort(), Object.keys(variable).sort());
  assert.equal(resource.aws_ssm_association.ssm_keepalive[0].name, `\${aws_ssm_document.ssm_keepalive.name}`);
});

test('terraform: the session preferences are left alone unless they are given', () => {
  assert.equal(variable.session_preferences[0].default, null);
  assert.equal(
    resource.aws_ssm_document.session_preferences[0].count,
    `\${var.session_preferences == null ? 0 : 1}`,
  );
});

/** Asks nobody for updates, and reads no settings of this machine. */
const terraform = (folder: string, ...args: string[]) =>
  spawnSync('terraform', args, {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder, CHECKPOINT_DISABLE: '1' },
    encoding: 'utf8',
  });

test('terraform: the program itself parses the text and would format it as it is', {
  skip: terraform(tmpdir(), '-help').error && 'absent: terraform',
}, (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-terraform-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const text = formatOf('terraform', bundle);
  for (const [content, status] of [
    [text, 0],
    [text.replace(/^ {2}/m, '   '), 3],
    [text.replace('{', '{{'), 2],
  ] as const) {
    writeFileSync(join(folder, 'main.tf'), content);
    const done = terraform(folder, 'fmt', '-check', '-no-color');
    assert.equal(done.status, status, done.stdout + done.stderr);
  }
});

test('terraform: the lines for Packer and for a module in the page are HCL, and the module gets the variables that it needs', async () => {
  const page = readFileSync(new URL('../../docs/golden-images.md', import.meta.url), 'utf8');
  const lines = [...page.matchAll(/```hcl\n([\s\S]*?)```/g)].map(([, text = '']) => text).join('\n');
  const { provisioner, module } = await parse('page.tf', lines);
  assert.deepEqual(Object.keys(provisioner.shell[0]).sort(), ['execute_command', 'script']);
  const { source: _, ...given } = module.ssm_keepalive[0];
  const needed = Object.entries<Block[]>(variable).filter(([, [block = {}]]) => !('default' in block));
  assert.deepEqual(
    Object.keys(given),
    needed.map(([name]) => name),
  );
});

test('hcl: its own parser reads back every hostile value, also what looks like an expression', async () => {
  const values = [...HOSTILE, `\${path.module}`, '%{ if true }x', `$\${x}`, '\0', '$', '%'];
  const text = values.map((value, index) => `v${index} = ${DIALECTS.hcl(value)}\n`).join('');
  const read: Record<string, unknown> = await parse('values.tf', text);
  assert.deepEqual(
    values.map((_, index) => readHclText(read[`v${index}`])),
    values,
  );
});

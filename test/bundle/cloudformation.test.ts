import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { makeDocument, wireCommands } from '../../src/bundle/index.ts';
import { bundleOf } from '../support/bundle.ts';
import { formatOf } from '../support/formats.ts';

const bundle = bundleOf();
const template = JSON.parse(formatOf('cloudformation', bundle));
const stackSet = JSON.parse(formatOf('stackset', bundle));

test('the template’s document runs the very lines that install sends', () => {
  const { Content } = template.Resources.Document.Properties;
  assert.equal(Content.schemaVersion, '2.2');
  assert.deepEqual(Content.mainSteps[0].inputs.runCommand, wireCommands('install', bundle));
  // The very document that `install --document` makes.
  assert.deepEqual(
    Content,
    JSON.parse(makeDocument('install', bundle.version, wireCommands('install', bundle))),
  );
  // The service counts the whole document; nothing in it is a dynamic reference, or a parameter but the one.
  assert.ok(Buffer.byteLength(JSON.stringify(Content)) <= 65_536);
  assert.doesNotMatch(JSON.stringify(template).replace('{{ executionTimeout }}', ''), /\{\{/);
});

/** Required and known properties of the two resources, as the CloudFormation guide lists them. */
const PROPERTIES = {
  'AWS::SSM::Document': { required: ['Content'], known: ['Content', 'DocumentFormat', 'DocumentType'] },
  'AWS::SSM::Association': {
    required: ['Name'],
    known: ['AssociationName', 'MaxConcurrency', 'MaxErrors', 'Name', 'ScheduleExpression', 'Targets'],
  },
} as const;

test('the template has the properties that its resources require, none that they lack, and refers to what it has', () => {
  const names = new Set([
    ...Object.keys(template.Resources),
    ...Object.keys(template.Parameters),
    'AWS::NoValue',
  ]);
  for (const { Type, Properties } of Object.values<{ Type: keyof typeof PROPERTIES; Properties: object }>(
    template.Resources,
  )) {
    const { required, known } = PROPERTIES[Type];
    for (const name of required) assert.ok(name in Properties, name);
    for (const name of Object.keys(Properties)) assert.ok((known as readonly string[]).includes(name), name);
    const { Content: _, ...others } = Properties as { Content?: unknown };
    for (const [, name] of JSON.stringify(others).matchAll(/"Ref":"([^"]+)"/g))
      assert.ok(names.has(name!), name);
  }
});

test('the template’s patterns take what the service takes', () => {
  const { TargetKey, MaxConcurrency, MaxErrors } = template.Parameters;
  const matches = (pattern: string, text: string) => new RegExp(pattern, 'u').test(text);
  for (const key of ['tag:env', 'InstanceIds', 'resource-groups:Name', 'tag:Größe'])
    assert.ok(matches(TargetKey.AllowedPattern, key), key);
  for (const bad of ['', 'tag:a;b']) assert.ok(!matches(TargetKey.AllowedPattern, bad), bad);
  assert.ok(matches(MaxConcurrency.AllowedPattern, MaxConcurrency.Default));
  assert.ok(matches(MaxErrors.AllowedPattern, MaxErrors.Default));
});

test('the page’s lines for the CDK give each parameter the type that the template says: it refuses another', () => {
  const page = readFileSync(new URL('../../docs/golden-images.md', import.meta.url), 'utf8');
  const [, given = ''] = /^ {2}parameters: (\{.*\}),$/m.exec(page) ?? [];
  const types = [...given.matchAll(/(\w+): (\[?)'/g)].map(([, name = '', list]) => [
    template.Parameters[name].Type,
    list === '[',
  ]);
  assert.deepEqual(types, [
    ['String', false],
    ['CommaDelimitedList', true],
  ]);
});

test('the stack set’s template is the stack’s but for the association’s name, and has nothing that service-managed permissions refuse', () => {
  const renamed = structuredClone(stackSet);
  renamed.Resources.Association.Properties.AssociationName = 'ssm-keepalive-stack';
  assert.ok(JSON.stringify(renamed) === JSON.stringify(template));
  // No macro, nested stack, export or IAM [CloudFormation user guide, StackSets]; and no name that a second account would share.
  assert.deepEqual(Object.keys(stackSet).sort(), [
    'AWSTemplateFormatVersion',
    'Conditions',
    'Description',
    'Metadata',
    'Outputs',
    'Parameters',
    'Resources',
  ]);
  const types = Object.values<{ Type: string }>(stackSet.Resources).map(({ Type }) => Type);
  assert.deepEqual(types, ['AWS::SSM::Document', 'AWS::SSM::Association']);
  for (const output of Object.values<object>(stackSet.Outputs))
    assert.deepEqual(Object.keys(output), ['Value']);
  assert.ok(!('Name' in stackSet.Resources.Document.Properties));
  // Whom it reaches has to be said; the rest is optional.
  const asked = Object.entries<{ Default?: string }>(stackSet.Parameters).filter(
    ([, { Default }]) => Default === undefined,
  );
  assert.deepEqual(
    asked.map(([name]) => name),
    ['TargetKey', 'TargetValues'],
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ListAssociationsCommand } from '@aws-sdk/client-ssm';
import { associationName, planAssociation, saveAssociation } from '../../src/fleet/association.ts';
import { findMatching } from '../../src/fleet/association-match.ts';
import type { Targets } from '../../src/fleet/choose.ts';
import type { Delivery } from '../../src/fleet/send.ts';
import { hosts, id, makeRig, type Rig } from './push-rig.ts';

const byTag = (...tags: [string, ...string[]][]): Targets => ({
  tags: tags.map(([key, ...values]) => ({ key, values })),
  instanceIds: [],
});
const byId = (...instanceIds: string[]): Targets => ({ tags: [], instanceIds });
const DEV = byTag(['env', 'dev']);

const delivery = (targets: Targets, script = 'true'): Delivery => ({
  targets,
  commands: [script],
  script: 'install' as const,
  comment: 'test',
  timeoutSeconds: 60,
  executionTimeoutSeconds: 60,
  maxConcurrency: '10%',
  maxErrors: '0',
});

async function follow({ client }: Rig, targets: Targets, script?: string, schedule?: string) {
  const plan = await planAssociation(client, targets, delivery(targets, script), schedule);
  return { action: plan.action, changes: plan.changes, associationId: await saveAssociation(client, plan) };
}

const list = async ({ client }: Rig) =>
  (await client.send(new ListAssociationsCommand({}))).Associations ?? [];

test('association: one expression has one name, however it is typed, and another has another', () => {
  const name = associationName(byTag(['env', 'dev', 'test'], ['team', 'web']));
  assert.match(name, /^ssm-keepalive-[0-9a-f]{16}$/);
  assert.equal(associationName(byTag(['team', 'web'], ['env', 'test', 'dev'])), name);
  assert.notEqual(associationName(byTag(['env', 'dev'], ['team', 'web'])), name);
  assert.notEqual(associationName({ ...byId(), isAll: true }), associationName(byId(id(0))));
});

test('association: what an edit changes is named, and nothing is edited that is as asked for', async (context) => {
  const rig = await makeRig(context, hosts({}));
  const first = await follow(rig, DEV);
  assert.equal(first.action, 'create');
  assert.equal((await follow(rig, DEV)).action, 'none');
  const edited = await follow(rig, DEV, 'false', 'rate(1 day)');
  assert.deepEqual([edited.action, edited.associationId], ['update', first.associationId]);
  assert.match(edited.changes.join('; '), /the script.*schedule none → rate\(1 day\)/);
  assert.equal((await list(rig)).length, 1);
});

for (const fault of ['cut', 'lost', 'truncated'] as const) {
  test(`association: an answer that is ${fault} makes no second one, and no second edit`, async (context) => {
    const rig = await makeRig(context, hosts({}));
    rig.lab.faults.breakNext('CreateAssociation', fault, 1);
    const { associationId } = await follow(rig, DEV);
    rig.lab.faults.breakNext('UpdateAssociation', fault, 1);
    await follow(rig, DEV, 'false');
    assert.deepEqual(
      (await list(rig)).map(({ AssociationId, AssociationVersion }) => [AssociationId, AssociationVersion]),
      [[associationId, '2']],
    );
  });
}

for (const [name, words] of [
  ['AssociationLimitExceeded', /as many associations as it may[\s\S]*2,000/],
  ['AssociationAlreadyExists', /under a name that is not ours/],
  ['AccessDeniedException', /not allowed/],
] as const) {
  test(`association: ${name} is told in words`, async (context) => {
    const rig = await makeRig(context, hosts({}));
    rig.lab.faults.failNext('CreateAssociation', name, 1);
    await assert.rejects(follow(rig, DEV), words);
  });
}

test('association: those that share an instance with the targets are found, and no others', async (context) => {
  const [one, two] = hosts({}, {});
  assert.ok(one && two);
  const rig = await makeRig(context, [
    { ...one, tags: { env: 'dev', team: 'web' } },
    { ...two, tags: { env: 'prod', team: 'web' } },
  ]);
  const { associationId } = await follow(rig, DEV);
  const cases: [Targets, boolean][] = [
    [DEV, true],
    [byTag(['team', 'web']), true],
    [byTag(['env', 'prod', 'dev']), true],
    [byTag(['env', 'prod']), false],
    [byTag(['env', 'prod'], ['team', 'web']), false],
    [byId(id(0)), true],
    [byId(id(1)), false],
    [{ ...byId(), isAll: true }, true],
  ];
  for (const [targets, isFound] of cases) {
    const found = await findMatching(rig.client, targets);
    const ids = found.map((association) => association.id);
    assert.deepEqual(ids, isFound ? [associationId] : [], JSON.stringify(targets));
  }
  rig.lab.faults.failNext('ListAssociations', 'AccessDeniedException', 1);
  assert.deepEqual(await findMatching(rig.client, DEV), []);
});

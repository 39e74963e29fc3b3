// `preferences` over several profiles and Regions at once, on a lab that plays two accounts.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  CreateDocumentCommand,
  GetDocumentCommand,
  type SSMClient,
  UpdateDocumentCommand,
} from '@aws-sdk/client-ssm';
import { preferences } from '../../src/commands/preferences/preferences.ts';
import { makeClient } from '../../src/fleet/client.ts';
import { Interruption } from '../../src/interruption.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { makeInvocation, makeIo } from '../support/cli.ts';
import { DEV, makeAccountRig, PROD } from './account-rig.ts';
import { withVariables } from './doctor-rig.ts';

const Name = 'SSM-SessionManagerRunShell';
const THEIRS =
  '{"schemaVersion":"1.0","sessionType":"Standard_Stream",\n"inputs":{"futureField":[1, 2.50],\n"idleSessionTimeout" :"15"}}\n';
const EVERYWHERE = '--profile dev --profile prod --region eu-west-1,us-east-1';
const CHANGES = /^(Create|Update|Delete)/;

/** The document of dev in eu-west-1 is somebody's own, the other three have none. */
async function makeRig(context: TestContext, options = {}) {
  const rig = await makeAccountRig(context, [], options);
  const clientOf = (accessKeyId: string, region: string): SSMClient => {
    const client = makeClient({
      endpointUrl: rig.lab.endpoint,
      region,
      credentials: rig.lab.door.credentials(accessKeyId),
    });
    context.after(() => client.destroy());
    return client;
  };
  const clients: Record<string, SSMClient> = {
    'dev eu-west-1': clientOf(DEV.accessKeyId, 'eu-west-1'),
    'dev us-east-1': clientOf(DEV.accessKeyId, 'us-east-1'),
    'prod eu-west-1': clientOf(PROD.accessKeyId, 'eu-west-1'),
    'prod us-east-1': clientOf(PROD.accessKeyId, 'us-east-1'),
  };
  const dev = clients['dev eu-west-1']!;
  await dev.send(
    new CreateDocumentCommand({ Name, DocumentType: 'Session', DocumentFormat: 'JSON', Content: THEIRS }),
  );
  const before = rig.lab.requests.length;
  const readIdle = async (client: SSMClient) => {
    const found = await client
      .send(new GetDocumentCommand({ Name, DocumentFormat: 'JSON' }))
      .catch(() => undefined);
    return found?.Content && JSON.parse(found.Content).inputs.idleSessionTimeout;
  };
  return {
    ...rig,
    dev,
    /** The idle timeout in force in each of the four; undefined where there is no document. */
    async idle() {
      return Promise.all(Object.values(clients).map(readIdle));
    },
    /** Where the command line wrote, by profile and Region. */
    changed: () =>
      rig.lab.requests
        .slice(before)
        .filter(({ operation }) => CHANGES.test(operation))
        .map(({ accessKeyId, region }) => `${accessKeyId === DEV.accessKeyId ? 'dev' : 'prod'} ${region}`),
  };
}

interface Account {
  profile: string;
  region: string;
  error: { code: string } | null;
  [key: string]: unknown;
}

const place = ({ profile, region }: Account) => `${profile} ${region}`;

test('preferences: get shows every profile and Region, as a table and as one document', async (context) => {
  const rig = await makeRig(context);
  const table = await rig.run(`preferences get ${EVERYWHERE}`);
  assert.equal(table.status, 0, table.stderr);
  assert.match(table.stdout, /^PROFILE +REGION +IDLE TIMEOUT +MAXIMUM +VERSION +SHELL PROFILE$/m);
  assert.match(table.stdout, /^dev +eu-west-1 +15m +none +1 +none$/m);
  assert.match(table.stdout, /^prod +us-east-1 +20m \(default\) +none +none +none$/m);
  for (const line of table.stdout.split('\n')) assert.ok(line.length <= 80, line);

  const json = JSON.parse((await rig.run(`preferences get ${EVERYWHERE} --output json`)).stdout);
  assert.deepEqual(Object.keys(json), ['command', 'action', 'exitStatus', 'accounts']);
  assert.deepEqual(
    json.accounts.map((account: Account) => `${place(account)} ${account['exists']}`),
    ['dev eu-west-1 true', 'dev us-east-1 false', 'prod eu-west-1 false', 'prod us-east-1 false'],
  );
  assert.equal(json.accounts[0].content, THEIRS);

  // The Regions that the profiles' own file names.
  const named = JSON.parse(
    (await rig.run('preferences get --profile dev --profile prod --output json')).stdout,
  );
  assert.deepEqual(named.accounts.map(place), ['dev eu-west-1', 'prod us-east-1']);
});

test('preferences: set and undo in all of them, each with its own versions', async (context) => {
  const rig = await makeRig(context);
  const done = await rig.run(`preferences set --idle 45 --yes ${EVERYWHERE}`);
  assert.equal(done.status, 0, done.stderr);
  assert.deepEqual(await rig.idle(), ['45', '45', '45', '45']);
  assert.match(done.stderr, /^dev eu-west-1:\n {2}- idle timeout +15m\n {2}\+ idle timeout +45m\n/m);
  // Three that change alike are told once.
  assert.match(done.stderr, /^dev us-east-1, prod eu-west-1, prod us-east-1:\n {2}- idle timeout +20m/m);
  assert.match(
    done.stderr,
    /^ssm-keepalive: dev eu-west-1: version 2 is in force .* preferences undo --region eu-west-1 --profile dev$/m,
  );

  const again = await rig.run(
    `preferences set --idle 60 --yes --profile dev --region eu-west-1 --region us-east-1 --output json`,
  );
  assert.deepEqual(
    JSON.parse(again.stdout).accounts.map((account: Account) => [
      place(account),
      account.error,
      account['changed'],
      account['version'],
    ]),
    [
      ['dev eu-west-1', null, true, '3'],
      ['dev us-east-1', null, true, '2'],
    ],
  );
  const undone = await rig.run(`preferences undo --yes ${EVERYWHERE}`);
  assert.equal(undone.status, 0, undone.stderr);
  assert.deepEqual(await rig.idle(), ['45', '45', undefined, undefined]);
  assert.match(undone.stderr, /^prod eu-west-1, prod us-east-1:\n {2}- the whole document/m);

  // Nothing of ours is in force in prod any more: told as that, and the others go on.
  const last = await rig.run(`preferences undo --yes ${EVERYWHERE} --output json`);
  assert.equal(last.status, 1);
  assert.deepEqual(await rig.idle(), ['15', undefined, undefined, undefined]);
  const json = JSON.parse(last.stdout);
  assert.equal(json.exitStatus, 1);
  assert.deepEqual(
    json.accounts.map(({ error }: Account) => error?.code ?? null),
    [null, null, 'nothing-to-undo', 'nothing-to-undo'],
  );
  assert.match(last.stderr, /^ssm-keepalive: prod us-east-1: there is nothing to undo\n {2}why: {2}/m);
});

test('preferences: an account that cannot be read is told, and the others are changed', async (context) => {
  const rig = await makeRig(context, { accounts: [DEV, { ...PROD, refusal: 'ExpiredTokenException' }] });
  const done = await rig.run(`preferences set --idle 45 --yes ${EVERYWHERE} --output json`);
  assert.equal(done.status, 1);
  assert.deepEqual(
    JSON.parse(done.stdout).accounts.map((account: Account) => account.error?.code ?? account['version']),
    ['2', '1', 'ExpiredTokenException', 'ExpiredTokenException'],
  );
  assert.deepEqual((await rig.idle()).slice(0, 2), ['45', '45']);
  const told = done.stderr.match(/^ssm-keepalive: prod \S+: the session preferences could not be read$/gm);
  assert.deepEqual(told?.length, 2, done.stderr);
  assert.ok(
    done.stderr.indexOf('could not be read') < done.stderr.indexOf('dev eu-west-1:\n'),
    'told before anybody says yes',
  );
});

test('preferences: what is so already stays as it is beside what changes', async (context) => {
  const rig = await makeRig(context);
  const done = await rig.run('preferences set --idle 15 --yes --profile dev --region eu-west-1,us-east-1');
  assert.equal(done.status, 0, done.stderr);
  assert.match(done.stderr, /^ssm-keepalive: dev eu-west-1: nothing to do, that is how it is$/m);
  assert.deepEqual(rig.changed(), ['dev us-east-1']);
});

test('preferences: nobody is asked and nothing is written where there is no terminal', async (context) => {
  const rig = await makeRig(context);
  const { status, stderr } = await rig.run(`preferences set --idle 45 ${EVERYWHERE}`);
  assert.equal(status, 2);
  assert.match(stderr, /^dev eu-west-1:\n {2}- /m);
  assert.match(
    stderr,
    /every session in 4 accounts and Regions \(dev [^)]+\), and there is no terminal to ask on/,
  );
  assert.deepEqual(rig.changed(), []);
});

test('preferences: there is one question, after everything was read and shown and before anything is written', async (context) => {
  const rig = await makeRig(context);
  const questions: string[] = [];
  let said = '';
  const io = (answer: () => string | Promise<string>) =>
    makeIo({
      out: () => {},
      err: (text: string) => {
        said += text;
      },
      ask: async (question: string) => {
        questions.push(question);
        return answer();
      },
    });
  const settings = readSettings({ profile: ['dev', 'prod'], region: ['eu-west-1,us-east-1'] });
  const run = (answer: () => string | Promise<string>, interruption = new Interruption()) =>
    withVariables(rig.env, () =>
      preferences(
        settings,
        io(answer),
        makeInvocation({ words: ['set'], own: { idle: '45' }, interruption }),
      ),
    );

  await assert.rejects(
    run(() => {
      assert.match(said, /^dev us-east-1, prod eu-west-1, prod us-east-1:$/m);
      return 'no';
    }),
    {
      code: 'not-confirmed',
      next: /preferences get$/,
    },
  );
  const interrupted = new Interruption();
  await assert.rejects(
    run(() => {
      interrupted.request();
      return 'yes';
    }, interrupted),
    { exitStatus: 130 },
  );
  assert.deepEqual(rig.changed(), []);

  // Somebody is quicker in one of them, while the question is open.
  const Content = THEIRS.replace('"15"', '"25"');
  const status = await run(async () => {
    await rig.dev.send(
      new UpdateDocumentCommand({ Name, Content, DocumentVersion: '1', DocumentFormat: 'JSON' }),
    );
    return 'yes';
  });
  assert.equal(status, 1);
  assert.match(
    said,
    /^ssm-keepalive: dev eu-west-1: the session preferences were not changed\n {2}why: {2}somebody else/m,
  );
  assert.deepEqual((await rig.idle()).slice(1), ['45', '45', '45']);
  assert.equal(questions.length, 3);
  assert.match(
    questions[0]!,
    /for every new session in 4 accounts and Regions \(dev eu-west-1, dev us-east-1, prod eu-west-1, prod us-east-1\)\. Type/,
  );
});

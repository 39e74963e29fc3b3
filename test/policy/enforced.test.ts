import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { CreateDocumentCommand, StartSessionCommand } from '@aws-sdk/client-ssm';
import type { HostSpec, Lab } from '../../src/lab/index.ts';
import type { PolicyDocument } from '../../src/policy/document.ts';
import { answerWell } from '../fleet/push-rig.ts';
import { AccessControl } from '../lab/access/access-control.ts';
import { makeClient } from '../lab/test-lab.ts';
import { startTestLab } from '../support/lab.ts';
import { someOf } from '../support/turns.ts';
import { type Outcome, printPolicy, runLine } from './planned-runs.ts';

/** The lab enforces exactly what `policy` prints, and every path that uses a part of it is gone. */
interface Case {
  readonly line: string;
  /** Runs that the account has behind it, made before anything is enforced. */
  readonly before?: readonly string[];
  /** What else it has. */
  readonly prepare?: (lab: Lab) => Promise<void>;
  /** How long the first host takes. */
  readonly latencySeconds?: number;
  /** It leaves with 1 where it finds something to do. */
  readonly mayFind?: boolean;
  /** Each path of the command; more than one where some part of the policy is for one path alone. */
  readonly paths: readonly Path[];
}

/** A run of the line on one path. */
type Path = (rig: Rig) => Promise<Outcome>;

interface Rig {
  readonly lab: Lab;
  readonly access: AccessControl;
  readonly line: string;
}

const synthetic = (fields: object = {}) => ({ stdout: answerWell(fields) });
const HOSTS: readonly HostSpec[] = [
  // Its report does not fit into the list.
  {
    name: 'web',
    id: 'i-0aaaaaaaaaaaaaaa1',
    tags: { env: 'dev' },
    groups: ['web-servers'],
    synthetic: synthetic({ pad: 'x'.repeat(3000) }),
  },
  ...[1, 2].map((n) => ({
    name: `cellar-${n}`,
    id: `mi-0bbbbbbbbbbbbbbb${n}`,
    tags: { env: 'dev', where: 'cellar' },
    groups: ['web-servers', 'cellar'],
    synthetic: synthetic(),
  })),
];

const ABROAD = HOSTS.map((host, index) => ({
  ...host,
  name: `${host.name}-abroad`,
  id: `${host.id?.slice(0, -1)}${index + 7}`,
  region: 'eu-west-1',
}));

const plain: Path = ({ lab, line }) => runLine(line, lab);
/** Interrupted as soon as something was sent. */
const interrupted: Path = ({ lab, line }) =>
  runLine(line, lab, (text, interruption) => {
    if (/sent: command/.test(text) && !interruption.isRequested) interruption.request();
  });
const lostAnswer: Path = ({ lab, line }) => {
  lab.faults.breakNext('SendCommand', 'cut');
  return runLine(line, lab);
};
/** Interrupted while the host works: a poll has come after the command. */
const interruptedAtWork: Path = ({ lab, line }) => {
  const from = lab.requests.length;
  return runLine(line, lab, (text, interruption) => {
    if (!/asking/.test(text)) return;
    const look = setInterval(() => {
      const since = lab.requests.slice(from).map(({ operation }) => operation);
      const sent = since.indexOf('SendCommand');
      if (sent < 0 || !since.slice(sent).includes('ListCommands')) return;
      clearInterval(look);
      interruption.request();
    }, 10);
  });
};
const another =
  (line: string): Path =>
  ({ lab }) =>
    runLine(line, lab);

/** A session with a document of its own is over: no machine is behind these hosts, so it ends by itself. */
async function endOwnSession(lab: Lab, region = 'us-east-1', Target = HOSTS[0]?.id): Promise<void> {
  const client = makeClient(lab, region);
  const Content = JSON.stringify({ schemaVersion: '1.0', sessionType: 'Standard_Stream', inputs: {} });
  await client.send(new CreateDocumentCommand({ Name: 'Ours', DocumentType: 'Session', Content }));
  await client.send(new StartSessionCommand({ Target, DocumentName: 'Ours' }));
  client.destroy();
}

async function endSessionsInTwoRegions(lab: Lab): Promise<void> {
  await endOwnSession(lab);
  await endOwnSession(lab, 'eu-west-1', ABROAD[0]?.id);
}

async function raiseNoAlarm(lab: Lab): Promise<void> {
  lab.setAlarm('errors', 'OK');
}

const DELIVERED = [plain, interrupted];
const IDS = '--instance-id i-0aaaaaaaaaaaaaaa1 mi-0bbbbbbbbbbbbbbb1';

const CASES: readonly Case[] = [
  { line: 'install --tag env=dev', paths: DELIVERED },
  { line: `install ${IDS} --no-canary`, paths: DELIVERED },
  { line: `install ${IDS} --no-wait --no-canary`, paths: [plain, lostAnswer] },
  { line: 'install --tag env=dev --dry-run', paths: [plain] },
  { line: 'install --all --yes', paths: DELIVERED },
  { line: 'install --tag env=dev --no-canary --region us-east-1,eu-west-1', paths: DELIVERED },
  { line: 'uninstall --tag env=dev', paths: DELIVERED },
  { line: 'status --tag env=dev', paths: DELIVERED },
  { line: 'status --all --dry-run', paths: [plain] },
  // Made by the first of its paths, and given another version by the next.
  {
    line: 'install --tag env=dev --document Ours',
    paths: [interrupted, another('install --tag env=dev --document Ours --interval 50')],
  },
  {
    line: 'uninstall --tag env=dev --document Ours',
    paths: [another('status --tag env=dev --document Ours'), interrupted],
  },
  {
    line: 'status --tag env=dev --document Ours',
    paths: [another('uninstall --tag env=dev --document Ours'), interrupted],
  },
  {
    line: 'install --tag env=dev --document Ours --dry-run',
    before: ['install --tag env=dev --document Ours'],
    paths: [plain],
  },
  { line: 'install --resource-group web-servers --yes', paths: DELIVERED },
  { line: 'uninstall --resource-group web-servers --yes', paths: DELIVERED },
  { line: 'status --resource-group web-servers', paths: DELIVERED },
  // Made by the first of its paths, started once more by the next, and edited by the third. The first instance alone is sent a
  // command, and may be of either kind.
  {
    line: 'install --tag env=dev --follow --yes',
    paths: [
      plain,
      plain,
      another('install --tag env=dev --follow --yes --interval 50'),
      another('install --tag env=dev --tag where=cellar --follow --yes'),
      interrupted,
    ],
  },
  {
    line: 'install --resource-group web-servers --follow --yes',
    paths: [
      plain,
      plain,
      another('install --resource-group web-servers --follow --yes --interval 50'),
      another('install --resource-group cellar --follow --yes'),
      interrupted,
    ],
  },
  {
    line: 'install --tag env=dev --follow --document Ours --yes',
    paths: [
      interrupted,
      plain,
      plain,
      another('install --tag env=dev --follow --document Ours --yes --interval 50'),
      another('install --tag env=dev --tag where=cellar --follow --document Ours --yes'),
    ],
  },
  // Nobody waits, so no command is ever sent.
  {
    line: 'install --tag env=dev --follow --no-wait --no-canary --yes',
    paths: [
      plain,
      plain,
      another('install --tag env=dev --follow --no-wait --no-canary --yes --interval 50'),
    ],
  },
  {
    line: 'install --tag env=dev --follow --dry-run',
    before: ['install --tag env=dev --follow'],
    paths: [plain],
  },
  {
    line: 'uninstall --tag env=dev --follow',
    before: ['install --tag env=dev --follow'],
    paths: DELIVERED,
  },
  {
    line: 'uninstall --tag env=dev --follow --dry-run',
    before: ['install --tag env=dev --follow'],
    paths: [plain],
  },
  { line: `install ${IDS} --no-canary --alarm errors`, prepare: raiseNoAlarm, paths: DELIVERED },
  { line: 'doctor', prepare: endOwnSession, mayFind: true, paths: [plain] },
  {
    line: 'doctor --region us-east-1,eu-west-1',
    prepare: endSessionsInTwoRegions,
    mayFind: true,
    paths: [plain],
  },
  {
    line: 'doctor i-0aaaaaaaaaaaaaaa1',
    prepare: endOwnSession,
    latencySeconds: 1,
    mayFind: true,
    paths: [plain, interruptedAtWork],
  },
  { line: 'preferences get', before: ['preferences set --idle 30 --yes'], paths: [plain] },
  {
    line: 'preferences set --idle 60 --yes',
    paths: [plain, another('preferences set --idle 45 --yes')],
  },
  {
    line: 'preferences set --idle 60 --yes --region us-east-1,eu-west-1',
    paths: [plain, another('preferences set --idle 45 --yes --region us-east-1,eu-west-1')],
  },
  {
    line: 'preferences undo --yes',
    before: ['preferences set --idle 30 --yes', 'preferences set --idle 60 --yes'],
    paths: [plain, plain],
  },
];

async function makeRig(
  context: TestContext,
  { line, before = [], prepare, latencySeconds = 0 }: Case,
): Promise<Rig> {
  const hosts = [...HOSTS, ...ABROAD].map((host) => ({
    ...host,
    synthetic: { ...host.synthetic, latencySeconds },
  }));
  const access = new AccessControl();
  const options = { hosts, timeoutScale: 0.02, consistencySeconds: 0 };
  const lab = await startTestLab(context, { ...options, guard: access });
  for (const earlier of before) assert.equal((await runLine(earlier, lab)).status, 0, earlier);
  await prepare?.(lab);
  return { lab, access, line };
}

async function drive(rig: Rig, paths: readonly Path[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const path of paths) outcomes.push(await path(rig));
  return outcomes;
}

test('policy: every command does all it can under exactly its own policy, and needs every part of it', async (context) => {
  await Promise.all(
    someOf(CASES, Math.ceil(CASES.length / 2)).map(async (one) => {
      const rig = await makeRig(context, one);
      rig.access.enforce(await printPolicy(one.line));
      const outcomes = await drive(rig, one.paths);
      for (const { status, err } of outcomes) {
        assert.ok([0, 130, ...(one.mayFind ? [1] : [])].includes(status), `${one.line}\n${err}`);
        assert.doesNotMatch(err, /lack/, one.line);
      }
      const refused = rig.lab.requests.filter(({ error }) => error === 'AccessDeniedException');
      assert.deepEqual(refused, [], one.line);
      assert.deepEqual(rig.access.unused(), [], `${one.line}: nothing in it is unused`);
    }),
  );
});

/** Those whose policies have something that no other of them has. */
const RED = CASES.filter(
  ({ line }) =>
    [
      'install --tag env=dev',
      'install --tag env=dev --follow --yes',
      'uninstall --tag env=dev --follow',
      'preferences set --idle 60 --yes',
      'preferences undo --yes',
    ].includes(line) ||
    line.endsWith('dev --document Ours') ||
    line === `install ${IDS} --no-wait --no-canary`,
);

test('policy: with any one action taken out, the command says which permission is missing', async (context) => {
  await Promise.all(
    RED.map(async (one) => {
      const sids = one.line.includes('--document')
        ? ['OwnDocument']
        : one.line.includes('--follow')
          ? ['Associations']
          : undefined;
      const all = takeOutOne(await printPolicy(one.line), sids);
      await Promise.all(
        someOf(all, Math.ceil(all.length / 3)).map(async ([without, action]) => {
          const rig = await makeRig(context, one);
          rig.access.enforce(without);
          const outcomes = await drive(rig, one.paths);
          const said = outcomes.map(({ out, err }) => out + err).join('');
          assert.match(said, new RegExp(`(lack|allow) ${action}\\b`), `${one.line} without ${action}`);
          assert.doesNotMatch(said, /bug in ssm-keepalive/);
        }),
      );
    }),
  );
});

/** The policy once for each action of each statement, or of those statements alone, less that one. */
function takeOutOne(document: PolicyDocument, sids?: readonly string[]): [PolicyDocument, string][] {
  return document.Statement.filter(({ Sid }) => sids?.includes(Sid) ?? true).flatMap((statement) =>
    statement.Action.map((action): [PolicyDocument, string] => {
      const Action = statement.Action.filter((other) => other !== action);
      const Statement = document.Statement.flatMap((one) =>
        one !== statement ? [one] : Action.length > 0 ? [{ ...one, Action }] : [],
      );
      return [{ ...document, Statement }, action];
    }),
  );
}

test('policy: an install by tag reaches nobody whose tag is another one', async (context) => {
  const rig = await makeRig(context, { line: 'install --tag env=dev --no-canary', paths: [] });
  rig.access.enforce(await printPolicy('install --tag env=test --no-canary'));
  const { status, err, out } = await plain(rig);
  assert.equal(status, 1);
  assert.match(out + err, /allow ssm:SendCommand/);
});

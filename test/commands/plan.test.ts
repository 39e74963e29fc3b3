// What refuses, refuses in the plan: a dry run ends as the command does, and what it prints to be typed gives the same bytes.
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { HostSpec, Lab, LabOptions } from '../../src/lab/index.ts';
import { hosts, id } from '../fleet/push-rig.ts';
import { rawCall } from '../lab/raw-call.ts';
import { runCli } from '../support/cli.ts';
import { startTestLab } from '../support/lab.ts';

interface Situation {
  readonly what: string;
  readonly words: string;
  readonly hosts?: HostSpec[];
  readonly lab?: Partial<LabOptions>;
  readonly prepare?: (lab: Lab) => unknown;
  /** What both end with, and say. */
  readonly ends: number;
  readonly says: RegExp;
}

const FOREIGN = {
  Name: 'Theirs',
  DocumentType: 'Command',
  Content: JSON.stringify({
    schemaVersion: '2.2',
    description: 'theirs',
    mainSteps: [{ action: 'aws:runShellScript', name: 'x', inputs: { runCommand: ['true'] } }],
  }),
};
const SHORTENED = { preferences: { idleSessionTimeout: '5' } };

const SITUATIONS: readonly Situation[] = [
  {
    what: 'nobody has the tag',
    words: 'install --tag env=none',
    ends: 1,
    says: /no instance matched/,
  },
  {
    what: 'nobody has the tag, and the interval is too long too',
    words: 'install --tag env=none --override-idle-policy --interval 300',
    lab: { preferences: { idleSessionTimeout: '5' } },
    ends: 1,
    says: /no instance matched/,
  },
  {
    what: 'nobody has the id',
    words: `uninstall --instance-id ${id(9)}`,
    ends: 1,
    says: /no instance matched/,
  },
  {
    what: 'an account without instances',
    words: 'install --all',
    hosts: [],
    ends: 1,
    says: /no instance matched/,
  },
  { what: 'no target', words: 'install', ends: 2, says: /nothing says which instances/ },
  {
    what: 'a shortened idle timeout',
    words: 'install --tag env=dev',
    lab: SHORTENED,
    ends: 1,
    says: /after 5m instead of the default 20m/,
  },
  {
    what: 'a shortened idle timeout, with an association',
    words: 'install --tag env=dev --follow',
    lab: SHORTENED,
    ends: 1,
    says: /after 5m instead of the default 20m/,
  },
  {
    what: 'a heartbeat that comes too late',
    words: 'install --tag env=dev --override-idle-policy --interval 300',
    lab: SHORTENED,
    ends: 1,
    says: /a heartbeat every 5m comes too late/,
  },
  {
    what: 'preferences that may not be read',
    words: 'install --tag env=dev',
    prepare: (lab) => lab.faults.failNext('GetDocument', 'AccessDeniedException', 99),
    ends: 1,
    says: /is not known[\s\S]*--idle-timeout MINUTES/,
  },
  ...['install', 'uninstall', 'status'].map((verb) => ({
    what: `a document of somebody else's, for ${verb}`,
    words: `${verb} --tag env=dev --document Theirs`,
    prepare: (lab: Lab) => rawCall(lab, 'CreateDocument', FOREIGN),
    ends: 1,
    says: /the document Theirs is not ours/,
  })),
  {
    what: 'a first instance that nobody waits for',
    words: 'install --tag env=dev --no-wait',
    ends: 2,
    says: /--no-wait cannot try one instance first/,
  },
  {
    what: 'more ids than an association names',
    words: `install --follow --instance-id ${Array.from({ length: 51 }, (_, n) => id(n)).join(' ')}`,
    ends: 2,
    says: /--follow cannot take 51 instance ids/,
  },
  {
    what: 'expired credentials',
    words: 'install --tag env=dev',
    prepare: (lab) => lab.faults.failNext('GetDocument', 'ExpiredTokenException', 99),
    ends: 1,
    says: /the AWS credentials have expired\n {2}next: sign in again, then run the same command again/,
  },
];

async function runBoth(context: TestContext, { words, prepare, ...situation }: Situation) {
  const lab = await startTestLab(context, {
    hosts: situation.hosts ?? hosts({}, {}),
    timeoutScale: 0.02,
    ...situation.lab,
  });
  await prepare?.(lab);
  const before = lab.requests.length;
  const results = [];
  // A look asks nothing, so it has no --yes.
  for (const flag of ['--dry-run', words.startsWith('status ') ? '--quiet' : '--yes'])
    results.push(await runCli([...words.split(' '), flag], lab.env));
  const changed = lab.requests
    .slice(before)
    .filter(({ operation }) => !/^(Describe|Get|List)/.test(operation));
  return { results, changed };
}

describe('plan', { concurrency: 4 }, () => {
  for (const situation of SITUATIONS)
    test(`plan: ${situation.what}: the dry run and the command refuse alike, and nothing is changed`, async (context) => {
      const { results, changed } = await runBoth(context, situation);
      for (const { status, stderr } of results) {
        assert.equal(status, situation.ends, stderr);
        assert.match(stderr, situation.says);
      }
      const [dry, real] = results.map(({ stderr }) => stderr);
      assert.equal(dry, real, 'in the same words');
      assert.deepEqual(changed, []);
    });
});

test('plan: the command that a dry run prints renders the bytes that would be sent, with each flag of the keeper', async (context) => {
  const lab = await startTestLab(context, { hosts: hosts({}), preferences: { idleSessionTimeout: '60' } });
  for (const flags of [
    '',
    '--idle-timeout 60 --interval 50m --max-idle 2h',
    '--keeper relay --wrap tmux --shell login --scope all --ssh --entry rc,profile --no-restart',
    '--keeper prompt --max-idle 3d --override-idle-policy',
  ]) {
    const words = `install --tag env=dev --dry-run --output json ${flags}`.trim().split(' ');
    const { stdout, stderr } = await runCli(words, lab.env);
    assert.notEqual(stdout, '', stderr);
    const { look, script } = JSON.parse(stdout);
    const [, ...printed] = look.split(' ');
    const rendered = await runCli(printed, {});
    assert.equal(rendered.status, 0, `${look}\n${rendered.stderr}`);
    assert.equal(Buffer.byteLength(rendered.stdout), script.bytes, look);
  }
});

test('plan: what the command would warn of, its dry run says too', async (context) => {
  const lab = await startTestLab(context, { hosts: hosts({}, {}), timeoutScale: 0.02 });
  await runCli('install --follow --no-canary --tag env=dev'.split(' '), lab.env);
  for (const flag of ['--dry-run', '--yes']) {
    const { stderr } = await runCli(`uninstall --instance-id ${id(0)} ${flag}`.split(' '), lab.env);
    assert.match(stderr, /still installs on some of these instances[\s\S]*uninstall --tag env=dev --follow/);
  }
});

test('plan: a dry run of install says that what was edited in our files is lost; the others leave such files alone', async (context) => {
  const lab = await startTestLab(context, { hosts: hosts({}) });
  for (const [verb, isSaid] of [
    ['install', true],
    ['uninstall', false],
    ['status', false],
  ] as const) {
    const { stdout } = await runCli([verb, '--instance-id', id(0), '--dry-run'], lab.env);
    const said = stdout.replace(/\s+/g, ' ');
    assert.equal(/edited on an instance is replaced: the edit is lost/.test(said), isSaid, verb);
    assert.equal(/edited on an instance stays there, and is named/.test(said), verb === 'uninstall', verb);
  }
});

test('plan: a dry run names the price of the entry env where the install would make it, and only there', async (context) => {
  const lab = await startTestLab(context, { hosts: hosts({}) });
  for (const [words, isSaid] of [
    ['install', true],
    ['install --entry env', true],
    ['install --entry profile,rc', false],
    ['uninstall', false],
    ['status', false],
  ] as const) {
    const { stdout } = await runCli([...words.split(' '), '--instance-id', id(0), '--dry-run'], lab.env);
    assert.equal(
      /the entry env gives Run Command scripts a variable ENV too; an instance that still has a script which uses ENV gets everything but this entry, unless --entry names it/.test(
        stdout.replace(/\s+/g, ' '),
      ),
      isSaid,
      words,
    );
  }
});

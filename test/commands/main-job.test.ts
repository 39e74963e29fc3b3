import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { Lab } from '../../src/lab/index.ts';
import { type CliResult, runCli } from '../support/cli.ts';
import { EagerClock } from '../support/clock.ts';
import { startTestLab } from '../support/lab.ts';

interface Report {
  exitStatus: number;
  commandIds: string[];
  summary: Record<string, number>;
  instances: {
    instanceId: string;
    verdict: string;
    state: string | null;
    keeper: string;
    entries: Record<string, string>;
    restart: string;
    why: string;
    unattendedSeconds: number;
  }[];
}

const WEB_1 = 'i-0aaaaaaaaaaaaaaa1';
const HOSTS = [
  { name: 'web-1', id: WEB_1, tags: { env: 'dev' } },
  { name: 'web-2', id: 'i-0aaaaaaaaaaaaaaa2', tags: { env: 'dev' }, python: false },
];

/** Polls come sooner, and not so often that a look at the instance holds its restart up. */
function cli(lab: Lab, line: string): Promise<CliResult> {
  return runCli(line.split(' '), lab.env, { clock: new EagerClock(5) });
}

function readReport(result: CliResult): Report {
  assert.match(result.stdout, /^\{/, result.stderr);
  return JSON.parse(result.stdout);
}

test('main job: install, again, other settings, status, uninstall, on sandboxed hosts', async (context) => {
  const lab = await startTestLab(context, { hosts: HOSTS });

  await context.test('a dry run shows who would get what and sends nothing', async () => {
    const result = await cli(lab, 'install --tag env=dev --dry-run');
    assert.equal(result.status, 0, result.stderr);
    assert.match(result.stdout, /i-0aaaaaaaaaaaaaaa1[\s\S]*i-0aaaaaaaaaaaaaaa2[\s\S]*nothing was sent/);
    const [, look = ''] = /see every byte with {2}ssm-keepalive (.+)/.exec(result.stdout) ?? [];
    const text = await cli(lab, look);
    assert.ok(result.stdout.includes(createHash('sha256').update(text.stdout).digest('hex')), look);
    assert.ok(!lab.requests.some(({ operation }) => operation === 'SendCommand'));
    const more = '--follow --no-wait --no-canary --document Ours --region us-east-1';
    const followed = await cli(lab, `install --tag env=dev ${more} --dry-run`);
    const [, policy = ''] =
      /as an IAM policy: {2}ssm-keepalive (.+)/.exec(followed.stdout.replace(/ \\\n\s+/g, ' ')) ?? [];
    const told = await cli(lab, policy);
    assert.equal(told.status, 0, `${policy}: ${told.stderr}`);
    assert.equal(told.stdout, (await cli(lab, `policy install --tag env=dev ${more}`)).stdout, policy);
  });

  await context.test(
    'install reaches the first instance, sees its agent back, then does the other; without Python it has no keeper for its sh, and the verdict says so',
    async () => {
      const result = await cli(lab, 'install --tag env=dev --output json');
      const report = readReport(result);
      assert.equal(result.status, 1, `${result.stderr}${result.stdout}`);
      assert.deepEqual(report.summary, { installed: 1, limited: 1 });
      assert.equal(report.commandIds.length, 2, 'the canary alone, then the fleet');
      assert.deepEqual(
        report.instances.map(({ verdict, keeper }) => [verdict, keeper]),
        [
          ['installed', 'relay'],
          ['limited', 'none'],
        ],
      );
      for (const instance of report.instances) {
        assert.equal(instance.entries['env'], 'live');
        assert.equal(instance.restart, 'confirmed');
        assert.equal(instance.unattendedSeconds, 28_800);
      }
      assert.match(result.stderr, /first instance: i-0aaaaaaaaaaaaaaa1/);
    },
  );

  await context.test('the same again, through a document, is unchanged', async () => {
    const again = readReport(
      await cli(lab, `install --instance-id ${WEB_1} --document our-keeper --output json`),
    );
    assert.deepEqual(again.summary, { unchanged: 1 });
  });

  await context.test(
    'other settings are an update; --no-wait prints the command id, and --command-id takes it up',
    async () => {
      const sent = await cli(lab, `install --instance-id ${WEB_1} --interval 60 --no-wait`);
      assert.equal(sent.status, 0, sent.stderr);
      const commandId = sent.stdout.trim();
      assert.match(commandId, /^[0-9a-f-]{36}$/);
      const taken = await cli(lab, `install --command-id ${commandId}`);
      assert.match(taken.stdout, /updated.* interval 45s → 1m/);
      const other = await cli(lab, `uninstall --command-id ${commandId}`);
      assert.equal(other.status, 2);
      assert.match(other.stderr, /it was sent as install/);
    },
  );

  await context.test('status says what is installed', async () => {
    const [instance] = readReport(await cli(lab, `status --instance-id ${WEB_1} --output json`)).instances;
    assert.deepEqual([instance?.state, instance?.entries['env']], ['installed', 'live']);
  });

  await context.test('uninstall leaves nothing behind', async () => {
    const result = await cli(lab, `uninstall --instance-id ${WEB_1} --output json`);
    assert.deepEqual(readReport(result).summary, { removed: 1 }, result.stderr);
    const found = await lab
      .host('web-1')
      .exec(['find', '/usr/local', '/opt', '/etc', '-name', '*ssm-keepalive*']);
    assert.equal(found.stdout, '');
  });

  await context.test('nothing matched is status 1 and says how to look', async () => {
    const result = await cli(lab, 'install --tag env=nowhere');
    assert.equal(result.status, 1);
    assert.match(result.stderr, /no instance matched[\s\S]*describe-instance-information/);
  });
});

test('main job: an account whose idle timeout was shortened is asked about before anything is sent', async (context) => {
  const lab = await startTestLab(context, {
    preferences: { idleSessionTimeout: '5' },
    hosts: [
      {
        name: 'host',
        id: WEB_1,
        tags: { env: 'dev' },
        synthetic: { stdout: '{"ssm-keepalive":1,"verdict":"installed"}\n' },
      },
    ],
  });
  const refused = await cli(lab, 'install --tag env=dev');
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /after 5m instead of the default 20m[\s\S]*--override-idle-policy/);
  const tooLate = await cli(lab, 'install --tag env=dev --override-idle-policy --interval 5m');
  assert.match(tooLate.stderr, /comes too late for this account’s idle timeout of 5m/);
  assert.ok(!lab.requests.some(({ operation }) => operation === 'SendCommand'));
  const allowed = await cli(lab, 'install --tag env=dev --override-idle-policy');
  assert.equal(allowed.status, 0, allowed.stderr);
});

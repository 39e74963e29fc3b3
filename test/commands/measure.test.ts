import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { DescribeSessionsCommand, GetDocumentCommand } from '@aws-sdk/client-ssm';
import { execa } from 'execa';
import { renderLeftOpen } from '../../src/commands/measure/measure-report.ts';
import type { IdlePolicy, Lab } from '../../src/lab/index.ts';
import { startRun } from '../../src/session/measure/arm-run.ts';
import type { RawFlags } from '../../src/settings/flags.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { makeClient, makeFolder, sandboxMissing, until, useLab } from '../lab/test-lab.ts';
import { installKeeper } from '../session/kept-host.ts';
import { CLI, runCli, runCliProcess } from '../support/cli.ts';
import { placePlugin } from '../support/plugin.ts';
import { isLong, TURN } from '../support/turns.ts';

/** Several heartbeats and ticks fit into one timeout. */
const IDLE_SECONDS = 6;
const SENTENCE = 'Your session timed out due to inactivity and has been terminated.';
const HOST = 'i-0fffffffffffffff1';
const HOSTS = [{ name: 'web-1', id: HOST, tags: {} }];
const skip = sandboxMissing();

/** Under which policies a session of each arm outlives its timeouts. The field measurement of 2019 is the column `output`. */
const TRUTH: Readonly<Record<string, readonly IdlePolicy[]>> = {
  nothing: [],
  background: [],
  foreground: ['output', 'any'],
  output: ['output', 'any'],
  input: ['input', 'any'],
  query: ['input', 'output', 'any'],
  keeper: ['input', 'output', 'any'],
  // The lab’s timer counts a size only if it is new.
  size: [],
  resize: ['input', 'any'],
};
const RESET_BY: Readonly<Record<IdlePolicy, string>> = { input: 'input', output: 'output', any: 'either' };

interface Measured {
  readonly exitStatus: number;
  readonly conclusion: {
    size: string;
    resize: string;
    resetBy: string;
    keeper: string;
    untouchedSeconds: number;
    why: Record<string, string>;
  };
  readonly sessions: {
    arm: string;
    outcome: string;
    words: string;
    answers: number;
    queries: number;
    sessionId: string | null;
    leftOpen: string | null;
  }[];
  readonly document: string | null;
}

/** In a process of its own, built: each arm is one more, and from source seven of them start later than the idle timer allows. */
async function measureJson(
  lab: Lab,
  flags: string,
  env: Record<string, string> = {},
): Promise<Measured & { stderr: string }> {
  const { stdout, stderr } = await runCliProcess(['measure', HOST, '--output', 'json', ...flags.split(' ')], {
    ...lab.env,
    ...env,
  });
  assert.notEqual(stdout, '', stderr);
  return { ...(JSON.parse(stdout) as Measured), stderr };
}

/** The service's own word that no session is left. */
async function countActive(lab: Lab): Promise<number> {
  const { Sessions = [] } = await makeClient(lab).send(new DescribeSessionsCommand({ State: 'Active' }));
  return Sessions.length;
}

/** For the tests that only start and stop; a minute of a document lasts so long there. */
const sessionLab = skip ? undefined : await useLab({ hosts: HOSTS, consistencySeconds: 0, minuteSeconds: 5 });

/** The same question put through a client that is started as the official plugin is. */
async function checkPlugin(lab: Lab): Promise<void> {
  const bin = makeFolder();
  await placePlugin(bin);
  const flags = '--client plugin --arm nothing,foreground,query --tick 1s --limit 10s';
  const { sessions, conclusion } = await measureJson(lab, flags, { PATH: `${bin}:${process.env['PATH']}` });
  assert.deepEqual(
    sessions.map(({ arm, outcome, words }) => [arm, outcome, words]),
    [
      ['nothing', 'timed-out', SENTENCE],
      ['query', 'alive', ''],
      ['foreground', 'timed-out', SENTENCE],
    ],
  );
  assert.equal(conclusion.resetBy, 'input');
}

/** The page and the words of a measurement, made later from its JSON. */
async function checkShownLater(measured: object, page: string, folder: string): Promise<void> {
  const headline =
    /<h1>(On the lab, without a keeper: ended after .* with the keeper: alive at the limit of 10s\.)<\/h1>/.exec(
      page,
    )?.[1];
  assert.ok(headline, page.slice(-9000));
  assert.match(page, /<p class="where">web-1 \(<span class="id">i-0fffffffffffffff1<\/span>\), the lab, on /);
  const { stderr: _, ...json } = measured as { stderr: string };
  writeFileSync(join(folder, 'measured.json'), JSON.stringify(json));
  const again = ['measure', '--from', 'measured.json'];
  const shown = await runCli([...again, '--report', 'later.html'], {}, { cwd: folder });
  assert.equal(shown.status, 0, shown.stderr);
  assert.equal(shown.stdout.replaceAll(/\n */g, ' ').trimEnd().endsWith(headline), true, shown.stdout);
  assert.match(readFileSync(join(folder, 'later.html'), 'utf8'), new RegExp(headline));
  const { stdout } = await runCli([...again, '--output', 'json'], {}, { cwd: folder });
  assert.deepEqual(JSON.parse(stdout), json);
}

describe('measure', { concurrency: 4, skip }, () => {
  const folder = makeFolder();

  // One after the other: what one of them asks the lab to refuse must not meet another.
  describe('on one lab', { concurrency: 1 }, () => {
    test('measure: Ctrl-C ends the sessions on the service’s side, reports what there is and leaves with 130', async () => {
      const child = execa(
        process.execPath,
        [CLI, 'measure', HOST, '--arm', 'query', '--tick', '1s', '--limit', '1h', '--temporary-document'],
        {
          env: sessionLab!.env,
          reject: false,
          stdin: 'ignore',
        },
      );
      after(() => child.kill('SIGKILL'));
      let shown = '';
      child.stderr.on('data', (bytes: Buffer) => {
        shown += bytes;
      });
      await until('an arm to begin', () => /query: begun/.test(shown));
      child.kill('SIGINT');
      const result = await child;
      assert.equal(result.exitCode, 130, result.stderr);
      assert.match(result.stdout, /^query +[\d.]+ s .*interrupted$/m);
      assert.match(result.stdout, /untouched session +not shown \(the arm nothing was not run: run {2}--arm/);
      assert.doesNotMatch(result.stdout, /Why the times differ/);
      const [, name = ''] = /created the session document (\S+)/.exec(shown) ?? [];
      assert.match(name, /^ssm-keepalive-measure-[0-9a-f]{8}$/);
      assert.ok(result.stderr.includes(`deleted the session document ${name}`), result.stderr);
      assert.equal(await countActive(sessionLab!), 0);
      assert.ok(sessionLab!.requests.some(({ operation }) => operation === 'TerminateSession'));
    });

    test('measure: with a temporary document the answer comes from its one minute, and the document is gone', async () => {
      const lab = sessionLab!;
      const measured = await measureJson(
        lab,
        '--temporary-document --arm nothing,query --tick 1s --limit 9s',
      );
      assert.deepEqual(
        measured.sessions.map(({ arm, outcome }) => [arm, outcome]),
        [
          ['nothing', 'timed-out'],
          ['query', 'alive'],
        ],
      );
      assert.match(measured.document ?? '', /^ssm-keepalive-measure-/);
      assert.ok(measured.stderr.includes(`deleted the session document ${measured.document}`));
      await assert.rejects(
        makeClient(lab).send(new GetDocumentCommand({ Name: measured.document ?? '' })),
        /does not exist/,
      );
    });

    test('measure: a session that cannot be started hides no other, and a temporary document that cannot be deleted is named with the way to delete it', async () => {
      const lab = sessionLab!;
      lab.faults.failNext('StartSession', 'AccessDeniedException');
      lab.faults.failNext('DeleteDocument', 'AccessDeniedException');
      const measured = await measureJson(
        lab,
        '--temporary-document --arm nothing,foreground --parallel 1 --limit 1s --region us-east-1',
      );
      assert.doesNotMatch(measured.stderr, /Warning/);
      assert.deepEqual(
        measured.sessions.map(({ outcome }) => outcome),
        ['failed', 'alive'],
      );
      assert.match(measured.sessions[0]?.words ?? '', /not allowed/);
      assert.equal(measured.sessions[0]?.sessionId, null);
      assert.equal(measured.exitStatus, 1);
      assert.equal(measured.conclusion.keeper, 'not shown');
      assert.match(
        measured.stderr,
        /the temporary document (\S+) was not deleted\n {2}why: {2}.*\n {2}next: aws ssm delete-document --name \1 --region us-east-1\n/,
      );
    });
  });

  // One of them in the short run: what is concluded from sessions under each is in test/measure/conclude.test.ts.
  for (const policy of isLong ? (['input', 'output', 'any'] as const) : (['input'] as const)) {
    test(`measure: every arm under a timer that counts ${policy}, on a host with a keeper, and the right conclusion`, async () => {
      const lab = await useLab({ hosts: HOSTS, idleSeconds: IDLE_SECONDS, policy, consistencySeconds: 0 });
      await installKeeper(lab, HOST, { entries: ['env', 'profile'] });
      const report = join(folder, `${policy}.html`);
      const measured = await measureJson(lab, `--limit 10s --tick 1s --report ${report}`);
      if (policy === 'input' && (isLong || TURN % 2 === 0)) await checkPlugin(lab);
      const lived = Object.fromEntries(measured.sessions.map(({ arm, outcome }) => [arm, outcome]));
      const expected = Object.fromEntries(
        Object.entries(TRUTH).map(([arm, policies]) => [
          arm,
          policies.includes(policy) ? 'alive' : 'timed-out',
        ]),
      );
      assert.deepEqual(lived, expected, JSON.stringify(measured.sessions));
      for (const { outcome, words } of measured.sessions)
        assert.equal(words, outcome === 'alive' ? '' : SENTENCE);
      assert.deepEqual(measured.conclusion.why, {});
      assert.equal(measured.conclusion.resetBy, RESET_BY[policy]);
      assert.equal(measured.conclusion.keeper, 'holds');
      assert.equal(measured.conclusion.size, 'no');
      assert.equal(measured.conclusion.resize, policy === 'output' ? 'no' : 'yes');
      assert.ok(
        measured.conclusion.untouchedSeconds >= IDLE_SECONDS - 1,
        String(measured.conclusion.untouchedSeconds),
      );
      assert.equal(measured.exitStatus, 0);
      assert.match(
        measured.stderr,
        /9 sessions on .*, all at once\n {2}watches for at most \d+s after a set-up/,
      );
      assert.equal(await countActive(lab), 0);
      await until(
        'every loop on the host to be gone',
        async () => (await lab.host(HOST).exec(['pgrep', '-x', 'sleep'])).code === 1,
      );
      const page = readFileSync(report, 'utf8');
      assert.match(page, /^<!doctype html>[\s\S]*<svg[\s\S]*<\/html>\n$/);
      await checkShownLater(measured, page, folder);
    });
  }
});

for (const [line, says] of [
  ['measure', /measure needs an instance[\s\S]*next: run {2}ssm-keepalive measure i-/],
  ['measure i-12', /"i-12" is no instance id/],
  [`measure ${HOST} --instance-id i-0123456789abcdef0`, /measure does not take "i-0123456789abcdef0"/],
  [`measure ${HOST} --arm foregroud`, /--arm cannot be "foregroud"[\s\S]*did you mean --arm foreground\?/],
  [`measure ${HOST} --repeat 0`, /--repeat cannot be "0"/],
  [`measure ${HOST} --tag env=dev`, /measure takes no --tag/],
  [`measure ${HOST} --lab --report /dev/null/out.html`, /report cannot be written to \/dev\/null\/out\.html/],
  [`measure ${HOST} --from x.json`, /--from and an instance were both given/],
  ['measure --from x.json --arm nothing', /--from and --arm were both given/],
  ['measure --from /nonexistent/x.json', /x\.json has no measurement to show[\s\S]*ENOENT/],
  ['measure --from package.json', /has no measurement to show\n {2}why: {2}command is missing/],
  [
    `measure ${HOST} --client plugin --arm nothing,size`,
    /--arm size and --client plugin were both given\n {2}why: {2}the plugin sends a size only when/,
  ],
  [`measure ${HOST} --lab --client plugin`, /session-manager-plugin was not found/],
] as const) {
  test(`measure: \`${line}\` is refused before anything is opened`, async () => {
    const { status, stdout, stderr } = await runCli(line.split(' '), { PATH: '/nonexistent' });
    assert.equal(status, 2, stderr);
    assert.equal(stdout, '');
    assert.match(stderr, says);
  });
}

test('measure: on a lab, what ends a session by hand has the lab’s address, on an account the account’s flags', () => {
  const left = { ...startRun('query', 1), sessionId: 'me-1', leftOpen: 'refused' };
  const tell = (flags: RawFlags) => renderLeftOpen([left], readSettings(flags), 'http://127.0.0.1:1');
  assert.match(
    tell({ lab: true }),
    /terminate-session --session-id me-1 --endpoint-url http:\/\/127\.0\.0\.1:1\n/,
  );
  assert.match(tell({ region: ['eu-west-1'] }), /terminate-session --session-id me-1 --region eu-west-1\n/);
});

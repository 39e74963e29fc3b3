import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { labStatus, labUp } from '../../src/lab/index.ts';
import { rawCall } from '../lab/raw-call.ts';
import { sandboxMissing, useLab } from '../lab/test-lab.ts';
import { installKeeper } from '../session/kept-host.ts';
import { runCli } from '../support/cli.ts';
import { Seat } from './seat.ts';

const skip = sandboxMissing();
const KEPT = 'i-0aaaaaaaaaaaaaaa1';
const BARE = 'i-0aaaaaaaaaaaaaaa2';
const LIMITED = 'i-0aaaaaaaaaaaaaaa3';
const IDLE_SECONDS = 5;
const HOSTS = [
  { name: 'kept', id: KEPT, tags: {} },
  { name: 'bare', id: BARE, tags: {} },
  { name: 'limited', id: LIMITED, tags: {}, python: false },
];

test('connect: the keeper asks the terminal, the answer goes back, and the session outlives its timeout; without it, it dies and says of what', {
  skip,
}, async (context) => {
  const lab = await useLab({
    consistencySeconds: 0,
    hosts: HOSTS,
    idleSeconds: IDLE_SECONDS,
    minuteSeconds: 2,
    policy: 'input',
  });
  await rawCall(lab, 'CreateDocument', {
    Name: 'OneMinute',
    DocumentType: 'Session',
    Content: JSON.stringify({
      schemaVersion: '1.0',
      sessionType: 'Standard_Stream',
      inputs: { maxSessionDuration: '1' },
    }),
  });
  await Promise.all([KEPT, LIMITED].map((host) => installKeeper(lab, host, { entries: ['env', 'profile'] })));
  const kept = new Seat(context, [KEPT, '--client', 'own'], lab.env);
  const bare = new Seat(context, [BARE, '--client', 'own'], lab.env);
  const limited = new Seat(context, [LIMITED, '--client', 'own'], lab.env);
  const short = new Seat(context, [BARE, '--client', 'own', '--document', 'OneMinute'], lab.env);
  const atMost = await short.left();
  assert.equal(atMost.status, 1);
  assert.match(atMost.words, /maximum duration reached: “.+”/);
  const timedOut = await bare.left();
  assert.equal(timedOut.status, 1);
  assert.match(
    timedOut.words,
    /ended after \d+\.\d s: idle timeout: “Your session timed out due to inactivity and has been terminated\.”[^”]*why: +not installed: .*\s+next: ssm-keepalive install --instance-id i-0aaaaaaaaaaaaaaa2/,
  );
  assert.equal(bare.queries, 0);
  const unkept = await limited.left();
  assert.match(
    unkept.words,
    /plain sh of a session is not kept; .*\s+next: .*install Python 3 on the instance/,
  );
  // More than another timeout with nobody at the keys.
  const queries = kept.queries;
  await new Promise((resolve) => setTimeout(resolve, 1.2 * IDLE_SECONDS * 1000));
  assert.ok(kept.queries > queries, 'no query reached the terminal');
  await kept.say('echo $((40 + 2))\r', /\n42\r\n/);
  assert.doesNotMatch(kept.raw.replaceAll('\x1b[5n', ''), /0n/, 'an answer was echoed');
  kept.type('exit\r');
  assert.equal((await kept.left()).status, 0);
  // Its user may open sessions and send no commands.
  lab.faults.failNext('SendCommand', 'AccessDeniedException');
  const refused = new Seat(context, [BARE, '--client', 'own', '--region', 'us-east-1'], lab.env);
  const unseen = await refused.left();
  assert.equal(unseen.status, 1);
  const target = `--instance-id ${BARE} --region us-east-1`;
  assert.ok(
    unseen.words
      .replace(/\s+/g, ' ')
      .endsWith(
        ` next: see whether a keeper is there: ssm-keepalive status ${target} ; if not: ssm-keepalive install ${target}`,
      ),
    unseen.words,
  );
});

test('connect: a lab in the background by the name of a host, and a lab that was killed is a lost connection', {
  skip,
}, async (context) => {
  const dir = mkdtempSync(join(tmpdir(), 'ssm-keepalive-test-labdir-'));
  await labUp({ dir, hosts: [{ name: 'web-1', id: KEPT, tags: {} }] });
  const pid = (await labStatus(dir))?.pid ?? 0;
  context.after(async () => {
    await runCli(['lab', 'down'], { SSM_KEEPALIVE_LAB_DIR: dir });
    rmSync(dir, { recursive: true, force: true });
  });
  const env = { SSM_KEEPALIVE_LAB_DIR: dir };
  const nameless = await runCli(['connect', '--lab', '--client', 'own'], env);
  assert.equal(nameless.status, 2);
  assert.match(nameless.stderr, /connect needs an instance[\s\S]*ssm-keepalive lab hosts/);
  const seat = new Seat(context, ['--lab', 'web-1', '--client', 'own', '--give-up', '1s'], env);
  await seat.ready();
  process.kill(pid, 'SIGKILL');
  const { status, words } = await seat.left();
  assert.equal(status, 1);
  assert.match(words, /connection lost \(.*the service could not be reached.*\)/);
});

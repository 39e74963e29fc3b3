import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StartSessionCommand } from '@aws-sdk/client-ssm';
import { makeClient } from '../../src/fleet/client.ts';
import { openSession } from '../../src/session/index.ts';
import { sandboxMissing, until } from '../lab/test-lab.ts';
import { runCli } from '../support/cli.ts';
import { startTestLab } from '../support/lab.ts';

const WEB_1 = 'i-0aaaaaaaaaaaaaaa1';

/** Closing a session kills its shell and nothing else: with or without a keeper, bash's background jobs live on. */
test('a background job of bash outlives its session, as without a keeper', {
  skip: sandboxMissing(),
}, async (context) => {
  const lab = await startTestLab(context);
  const installed = await runCli(['install', '--instance-id', WEB_1, '--interval', '1'], lab.env);
  assert.equal(installed.status, 0, installed.stderr);
  const client = makeClient({
    endpointUrl: lab.endpoint,
    region: 'us-east-1',
    credentials: lab.credentials,
  });
  context.after(() => client.destroy());
  const host = lab.host('web-1');
  const find = async (line: string) =>
    (
      await host.exec([
        'sh',
        '-c',
        `grep -laz -- '${line}' /proc/[0-9]*/cmdline /proc/[0-9]*/comm 2>/dev/null | grep -v "/$$/"`,
      ])
    ).stdout;
  for (const [seconds, variables] of [
    ['31415', 'SSM_KEEPALIVE=off '],
    ['27182', ''],
  ] as const) {
    let screen = '';
    const session = await openSession({
      session: await client.send(new StartSessionCommand({ Target: WEB_1 })),
      terminal: 'answers',
      onOutput: (bytes) => {
        screen += Buffer.from(bytes).toString('latin1');
      },
    });
    // In place of the session's own sh, as on hosts where that is bash.
    session.write(`${variables}exec bash --norc\r`);
    await until('bash', () => /bash-\S+[$#] $/.test(screen));
    session.write(`sleep ${seconds} &\r`);
    await until('the job', async () => (await find(`sleep.${seconds}`)) !== '');
    session.close();
    await until(
      'the end of the session',
      async () => (await find('^ssm-keepalive')) === '' && (await find('^bash.--norc')) === '',
    );
    assert.notEqual(await find(`sleep.${seconds}`), '', variables || 'with the keeper');
    await host.exec([
      'sh',
      '-c',
      `kill $(grep -laz 'sleep.${seconds}' /proc/[0-9]*/cmdline | cut -d/ -f3) 2>/dev/null`,
    ]);
  }
});

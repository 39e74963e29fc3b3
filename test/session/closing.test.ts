import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeClient, sandboxMissing, until } from '../lab/test-lab.ts';
import { startSession } from './dialogue.ts';
import { useKeptLab } from './kept-host.ts';

const skip = sandboxMissing();
const WEB_1 = 'i-0aaaaaaaaaaaaaaa1';
const spec = { name: 'web-1', id: WEB_1, tags: {} };
const lab = await useKeptLab(skip ? [] : [{ spec, settings: {} }]);

/** Closing a session kills its shell and nothing else: with or without a keeper, bash's background jobs live on. */
test('a background job of bash outlives its session, as without a keeper', { skip }, async () => {
  const client = makeClient(lab);
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
    const { session, wait } = await startSession(client, WEB_1, { terminal: 'answers' });
    // In place of the session's own sh, as on hosts where that is bash.
    session.write(`${variables}exec bash --norc\r`);
    await wait(/bash-\S+[$#] $/);
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

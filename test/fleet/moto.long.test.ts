import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findCommand } from '../../scripts/setup.mjs';
import { makeClient } from '../../src/fleet/client.ts';
import { sendScript } from '../../src/fleet/send.ts';
import { awaitInvocations } from '../../src/fleet/watch.ts';
import { startMoto } from '../lab/moto-server.ts';

const moto = findCommand('moto_server');
const credentials = { accessKeyId: 'moto', secretAccessKey: 'moto' };

/** An endpoint that nobody here wrote. It knows SendCommand and ListCommands; listing invocations it answers with a 500 [moto 5]. */
test('delivery: requests are accepted by moto, by tag and by id', {
  skip: moto ? false : 'moto_server is absent',
}, async (context) => {
  const { endpoint: endpointUrl, ids } = await startMoto(moto ?? '');
  assert.equal(ids.length, 2);
  const client = makeClient({ endpointUrl, region: 'us-east-1', credentials });
  context.after(() => client.destroy());
  for (const targets of [
    { tags: [{ key: 'env', values: ['dev'] }], instanceIds: [] },
    { tags: [], instanceIds: ids },
  ]) {
    const [commandId = ''] = await sendScript(client, {
      targets,
      commands: ['#!/bin/sh', 'true'],
      script: 'install',
      comment: 'ssm-keepalive test',
      timeoutSeconds: 600,
      executionTimeoutSeconds: 300,
      maxConcurrency: '10%',
      maxErrors: '0',
    });
    const seen: number[] = [];
    const watching = awaitInvocations(client, commandId, {
      keep: (invocation) => invocation,
      deadlineSeconds: 5,
      pollSeconds: 0.1,
      onCounters: ({ targetCount }) => seen.push(targetCount),
    });
    await assert.rejects(
      watching,
      /results of command .* could not be read/,
      'moto has come to list invocations: judge them here',
    );
    // moto counts instances named by id twice; by tag as the service does.
    assert.deepEqual(seen, [targets.tags.length > 0 ? 2 : 4]);
  }
});

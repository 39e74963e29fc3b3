import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { execa } from 'execa';
import { findCommand } from '../../scripts/setup.mjs';
import { makeClient } from '../../src/fleet/client.ts';
import { sendScript } from '../../src/fleet/send.ts';
import { awaitInvocations } from '../../src/fleet/watch.ts';

const moto = findCommand('moto_server');
const credentials = { accessKeyId: 'moto', secretAccessKey: 'moto' };

async function findFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** An endpoint that nobody here wrote. It knows SendCommand and ListCommands; listing invocations it answers with a 500 [moto 5]. */
test('delivery: requests are accepted by moto, by tag and by id', {
  skip: moto ? false : 'moto_server is absent',
}, async (context) => {
  const port = await findFreePort();
  const server = execa(moto ?? '', ['-H', '127.0.0.1', '-p', String(port)], {
    reject: false,
    stdio: 'ignore',
  });
  context.after(async () => {
    server.kill('SIGTERM');
    await server;
  });
  const endpointUrl = `http://127.0.0.1:${port}`;
  await pollUntil(async () => (await fetch(`${endpointUrl}/moto-api/`)).ok);
  // moto makes instances through EC2's query protocol; two with the tag, by its plain HTTP form.
  const made = await fetch(endpointUrl, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization:
        'AWS4-HMAC-SHA256 Credential=moto/20240101/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature=0',
    },
    body: new URLSearchParams({
      Action: 'RunInstances',
      Version: '2016-11-15',
      ImageId: 'ami-12c6146b',
      MinCount: '2',
      MaxCount: '2',
      'TagSpecification.1.ResourceType': 'instance',
      'TagSpecification.1.Tag.1.Key': 'env',
      'TagSpecification.1.Tag.1.Value': 'dev',
    }),
  });
  const ids = [...(await made.text()).matchAll(/<instanceId>(i-[0-9a-f]+)<\/instanceId>/g)].map(
    ([, id]) => id ?? '',
  );
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

async function pollUntil(isReady: () => Promise<boolean>): Promise<void> {
  const endsAt = performance.now() + 60_000;
  while (!(await isReady().catch(() => false))) {
    assert.ok(performance.now() < endsAt, 'moto_server did not come up');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

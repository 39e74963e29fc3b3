/** moto_server as a process of the test's own, with two instances that are tagged env=dev. */
import { createServer } from 'node:net';
import { after } from 'node:test';
import { execa } from 'execa';
import { until } from './test-lab.ts';

export async function startMoto(command: string): Promise<{ endpoint: string; ids: string[] }> {
  const port = await findFreePort();
  const server = execa(command, ['-H', '127.0.0.1', '-p', String(port)], { reject: false, stdio: 'ignore' });
  after(async () => {
    server.kill('SIGTERM');
    await server;
  });
  const endpoint = `http://127.0.0.1:${port}`;
  const isUp = () =>
    fetch(`${endpoint}/moto-api/`).then(
      ({ ok }) => ok,
      () => false,
    );
  await until('moto_server to come up', isUp, 120);
  // Instances come through EC2's query protocol, by its plain HTTP form.
  const made = await fetch(endpoint, {
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
  const ids = [...(await made.text()).matchAll(/<instanceId>(i-[0-9a-f]+)<\/instanceId>/g)];
  return { endpoint, ids: ids.map(([, id = '']) => id) };
}

async function findFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { NormalizedSchema } from '@smithy/core/schema';
import { kindOf, schemaOf } from '../../src/lab/service-model.ts';

/** Fields whose words a command acts on; every other text is hostile. */
const ACTED_ON: Readonly<Record<string, unknown>> = {
  NextToken: undefined,
  PaginationToken: undefined,
  PingStatus: 'Online',
  PlatformType: 'Linux',
  Status: 'Failed',
  DocumentType: 'Session',
  StreamUrl: 'ws://127.0.0.1:9/v1/data-channel/x',
  TargetCount: 2,
  CompletedCount: 2,
  DocumentVersion: '1',
  IsDefaultVersion: true,
};

/** Answers every operation of the service's model, with `text` for every string that the service may say. */
export async function startHostileService(
  context: TestContext,
  { text, instanceId, changes = {} }: { text: string; instanceId: string; changes?: Record<string, unknown> },
): Promise<{ endpoint: string; setError(name: string | undefined): void }> {
  let error: string | undefined;
  const fixed: Record<string, unknown> = { ...ACTED_ON, ...changes };
  const fill = (schema: NormalizedSchema, name = ''): unknown => {
    if (name in fixed) return fixed[name];
    const { kind } = kindOf(schema);
    if (kind === 'structure')
      return Object.fromEntries(
        [...schema.structIterator()].map(([member, inner]) => [member, fill(inner, member)]),
      );
    if (kind === 'list') return [fill(schema.getValueSchema(), name)];
    if (kind === 'map') return { [text]: fill(schema.getValueSchema(), name) };
    if (kind === 'number') return 1;
    if (kind === 'boolean') return true;
    if (kind === 'timestamp') return Math.floor(Date.now() / 1000) - 7200;
    return name === 'InstanceId' || name === 'Target' ? instanceId : text;
  };
  const server = createServer((request, response) => {
    request.resume();
    const operation = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
    const answer = error
      ? { __type: error, message: text, Message: text }
      : fill(schemaOf(operation, 'output'));
    response.writeHead(error ? 400 : 200, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    endpoint,
    setError: (name) => {
      error = name;
    },
  };
}

/** A lab of the test's own in a fresh folder, ended and removed when the test is over; and a client for it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { SSMClient } from '@aws-sdk/client-ssm';
import { type Guard, type HostSpec, type Lab, type LabOptions, startLab } from '../../src/lab/index.ts';
import { hasSandbox } from '../../src/lab/sandbox.ts';
import { fastFolder } from '../support/sandbox.ts';

/** Between two looks of a poll, at least; a look that starts a process is not made as often. */
const POLL_MS = 20;
const LOOKS_SHARE = 0.1;
const POLL_LIMIT_MS = 30_000;

/** Starts a lab for the whole test file. */
export async function useLab(options: Partial<LabOptions> = {}, guard?: Guard): Promise<Lab> {
  const dir = options.dir ?? makeFolder();
  const lab = await startLab({ dir, ...options }, guard);
  after(async () => {
    await lab.stop();
    // Hooks run in the order they were made: makeFolder's came first, and a lab that stops writes its records once more.
    rmSync(dir, { recursive: true, force: true });
  });
  return lab;
}

export function makeFolder(): string {
  const dir = mkdtempSync(join(fastFolder(), 'lab-test-'));
  after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

export function makeClient(lab: Pick<Lab, 'endpoint' | 'credentials'>, region = 'us-east-1'): SSMClient {
  return new SSMClient({
    region,
    endpoint: lab.endpoint,
    credentials: lab.credentials,
    maxAttempts: 1,
  });
}

/** Hosts that answer at once without a machine, numbered from 1. */
export function syntheticHosts(count: number, more: Partial<HostSpec> = {}): HostSpec[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `fake-${index + 1}`,
    id: `i-${String(index + 1).padStart(17, '0')}`,
    tags: { env: 'dev' },
    synthetic: {},
    ...more,
  }));
}

/** Polls until `look` returns something other than undefined, null or false. */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  limitSeconds = POLL_LIMIT_MS / 1000,
): Promise<NonNullable<T>> {
  const limit = Date.now() + limitSeconds * 1000;
  for (;;) {
    const lookedAt = Date.now();
    const found = await look();
    if (found !== undefined && found !== null && found !== false) return found as NonNullable<T>;
    const now = Date.now();
    if (now > limit) throw new Error(`gave up waiting for ${what}`);
    await pause(Math.max(POLL_MS, (now - lookedAt) / LOOKS_SHARE));
  }
}

/** Kept back by the event loop right now; asked for in the same way each time. */
export async function readResources(): Promise<string> {
  await setImmediate();
  return process
    .getActiveResourcesInfo()
    .filter((name) => name !== 'Immediate')
    .sort()
    .join(' ');
}

/** Waits until nothing keeps the event loop that did not keep it `before`. What was there then may end meanwhile. */
export async function assertNothingNew(before: string, what = ''): Promise<void> {
  // Sockets of the test's own side need a few turns to close.
  const limit = Date.now() + 10_000;
  for (;;) {
    const known = before.split(' ');
    const now = await readResources();
    const fresh = now.split(' ').filter((name) => {
      const at = known.indexOf(name);
      if (at >= 0) known.splice(at, 1);
      return at < 0 && name !== '';
    });
    if (fresh.length === 0) return;
    if (Date.now() > limit) assert.fail(`${what}: [${fresh}] is new among [${now}]; before: [${before}]`);
  }
}

/** For what must not happen within a time; whatever should happen is polled for. */
export function pause(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), ms));
}

/** A reason to skip, or undefined; in CI a missing sandbox is a failure of the test that needs it. */
export function sandboxMissing(): string | false {
  if (process.env['CI'] === 'true') return false;
  return hasSandbox() ? false : 'bubblewrap does not work here';
}

/** Runs commands on one host through the endpoint and returns how that ended. */
export async function runOn(
  client: SSMClient,
  instanceId: string,
  commands: string[],
  more: { readonly TimeoutSeconds?: number } = {},
) {
  const { GetCommandInvocationCommand, SendCommandCommand } = await import('@aws-sdk/client-ssm');
  const sent = await client.send(
    new SendCommandCommand({
      DocumentName: 'AWS-RunShellScript',
      InstanceIds: [instanceId],
      Parameters: { commands },
      ...more,
    }),
  );
  const CommandId = sent.Command?.CommandId ?? '';
  return until('the command to end', async () => {
    try {
      const got = await client.send(new GetCommandInvocationCommand({ CommandId, InstanceId: instanceId }));
      return got.Status === 'Pending' || got.Status === 'InProgress' ? undefined : got;
    } catch (error) {
      if ((error as Error).name === 'InvocationDoesNotExist') return undefined;
      throw error;
    }
  });
}

/** `doctor` asked in this process, against a lab: what each check found. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { SSMClient } from '@aws-sdk/client-ssm';
import { gatherEvidence, type Question } from '../../src/commands/doctor/doctor-facts.ts';
import { type CheckResult, type Evidence, examine } from '../../src/doctor/index.ts';
import { makeClient } from '../../src/fleet/client.ts';
import { Interruption } from '../../src/interruption.ts';
import { type HostSpec, type Lab, labEnv } from '../../src/lab/index.ts';
import { LAB_ROLE_KEY } from '../../src/lab/options.ts';
import { readSettings } from '../../src/settings/settings.ts';

export interface Findings {
  readonly evidence: Evidence;
  readonly results: readonly CheckResult[];
  /** @throws when the check was left out */
  of(check: string): CheckResult;
}

/** PATH without the official plugin, whatever this machine has. */
export const BARE = { PATH: '/nonexistent' };

export async function askDoctor(
  client: SSMClient,
  instanceId?: string,
  more: Partial<Question> = {},
): Promise<Findings> {
  const evidence = await gatherEvidence(client, {
    instanceId,
    sinceSeconds: 7 * 86_400,
    maySend: true,
    settings: readSettings({ lab: true }),
    interruption: new Interruption(),
    variables: BARE,
    onSend: () => {},
    ...more,
  });
  const results = examine(evidence, instanceId !== undefined);
  return {
    evidence,
    results,
    of(check) {
      const found = results.find((result) => result.check === check);
      assert.ok(found, `no check ${check}`);
      return found;
    },
  };
}

/** A client as the command makes one: credentials and Region from these variables, for as long as `use` runs. */
export async function withVariables<T>(
  variables: Readonly<Record<string, string>>,
  use: () => Promise<T>,
): Promise<T> {
  const names = Object.keys(process.env).filter((name) => name.startsWith('AWS_'));
  const before = Object.fromEntries(names.map((name) => [name, process.env[name]]));
  for (const name of names) delete process.env[name];
  Object.assign(process.env, {
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/nonexistent',
    ...variables,
  });
  try {
    return await use();
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name];
    Object.assign(process.env, before);
  }
}

export function openClient(context: TestContext, lab: Lab): SSMClient {
  const client = makeClient({
    endpointUrl: lab.endpoint,
    region: 'us-east-1',
    credentials: lab.credentials,
  });
  context.after(() => client.destroy());
  return client;
}

/** Temporary keys, which the lab refuses from then on. */
const temporaryUntil = (expiresAt: Date) => ({
  AWS_ACCESS_KEY_ID: LAB_ROLE_KEY,
  AWS_SESSION_TOKEN: `lab-until-${expiresAt.getTime()}`,
  AWS_CREDENTIAL_EXPIRATION: expiresAt.toISOString(),
});

/** What `doctor` says to somebody with these variables, over the lab's own. */
export function askWith(
  lab: Lab,
  variables: Readonly<Record<string, string>> = {},
  expiresAt?: Date,
  profile?: string,
): Promise<Findings> {
  const own = profile
    ? { AWS_ENDPOINT_URL_SSM: lab.endpoint, AWS_REGION: 'us-east-1' }
    : { ...labEnv(lab), ...(expiresAt && temporaryUntil(expiresAt)) };
  return withVariables({ ...own, ...variables }, async () => {
    const client = makeClient({ profile, variables: process.env });
    try {
      return await askDoctor(client);
    } finally {
      client.destroy();
    }
  });
}

/** A host that answers the status script with this report. */
export function hostSaying(name: string, id: string, report: object, more: Partial<HostSpec> = {}): HostSpec {
  const line = JSON.stringify({ 'ssm-keepalive': 1, verdict: 'status', version: '1.2.3', ...report });
  return { name, id, tags: {}, synthetic: { stdout: `${line}\n` }, ...more };
}

export const INSTALLED = {
  state: 'installed',
  digest: '0123456789abcdef',
  keeper: 'relay',
  keeperWhy: 'runs on /usr/bin/python3',
  entries: { env: 'live', profile: 'live', rc: 'off' },
  intervalSeconds: 45,
  unattendedSeconds: 28_800,
  kept: { count: 2, notAnswering: 0, leaked: 0 },
};

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { HostSpec, Lab, LabOptions } from '../../src/lab/index.ts';
import { answerWell } from '../fleet/push-rig.ts';
import { type CliResult, runCli } from '../support/cli.ts';
import { startTestLab } from '../support/lab.ts';

/** One lab that plays two accounts, `dev` and `prod`, and the AWS configuration file that has a profile for each. */
export interface AccountRig {
  readonly lab: Lab;
  run(words: string): Promise<CliResult>;
  /** How many calls of that operation each `profile region` made; empty where none. */
  count(operation: string): Record<string, number>;
  readonly env: Record<string, string>;
}

export const DEV = { id: '111111111111', accessKeyId: 'AKIADEV' };
export const PROD = { id: '222222222222', accessKeyId: 'AKIAPROD' };
const PROFILES: Readonly<Record<string, string>> = { AKIADEV: 'dev', AKIAPROD: 'prod' };

export const host = (name: string, where: Partial<HostSpec>, synthetic = {}): HostSpec => ({
  name,
  id: `i-${Buffer.from(name).toString('hex').padStart(17, '0').slice(-17)}`,
  tags: { env: 'dev' },
  synthetic: { stdout: answerWell(), ...synthetic },
  ...where,
});

export async function makeAccountRig(
  context: TestContext,
  hosts: HostSpec[],
  options: Partial<LabOptions> = {},
): Promise<AccountRig> {
  const lab = await startTestLab(context, { hosts, timeoutScale: 0.05, accounts: [DEV, PROD], ...options });
  const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-accounts-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, 'config');
  const profile = (name: string, key: string, region: string) =>
    `[profile ${name}]\naws_access_key_id = ${key}\naws_secret_access_key = ${lab.door.credentials(key).secretAccessKey}\nregion = ${region}\n`;
  writeFileSync(
    config,
    `${profile('dev', DEV.accessKeyId, 'eu-west-1')}${profile('prod', PROD.accessKeyId, 'us-east-1')}[profile empty]\nregion = us-east-1\n`,
  );
  const env = {
    AWS_CONFIG_FILE: config,
    AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
    AWS_ENDPOINT_URL_SSM: lab.endpoint,
    AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API: lab.endpoint,
  };
  return {
    lab,
    env,
    run: (words) => runCli(words.split(' '), env),
    count(operation) {
      const counts: Record<string, number> = {};
      for (const { accessKeyId, region } of lab.requests.filter((one) => one.operation === operation)) {
        const name = `${PROFILES[accessKeyId] ?? accessKeyId} ${region}`;
        counts[name] = (counts[name] ?? 0) + 1;
      }
      return counts;
    },
  };
}

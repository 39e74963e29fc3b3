import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { SSMClient } from '@aws-sdk/client-ssm';
import { UserError } from '../errors.ts';
import type { PluginCall } from '../session/measure/index.ts';

const PLUGIN = 'session-manager-plugin';

/** The official plugin on the PATH. @throws UserError when there is none. */
export function findPlugin(path = process.env['PATH'] ?? ''): string {
  const found = path
    .split(delimiter)
    .filter(Boolean)
    .map((folder) => join(folder, PLUGIN))
    .find(isProgram);
  if (found) return found;
  throw new UserError(
    {
      code: 'no-plugin',
      what: `${PLUGIN} was not found`,
      why: 'it is not on the PATH',
      next: 'install it (AWS user guide, “Install the Session Manager plugin”), or leave --client plugin out',
    },
    { exitStatus: 2 },
  );
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** What the AWS CLI tells the plugin beside the session itself. */
export async function plugInto(
  path: string,
  client: SSMClient,
  region: string,
  profile: string | undefined,
  parameters: Readonly<Record<string, string>>,
): Promise<PluginCall> {
  const own = await client.config.endpoint?.();
  const endpoint = own
    ? `${own.protocol}//${own.hostname}${own.port ? `:${own.port}` : ''}`
    : `https://ssm.${region}.amazonaws.com`;
  return { path, region, profile: profile ?? '', endpoint, parameters };
}

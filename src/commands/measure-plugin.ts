import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { UserError } from '../errors.ts';

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

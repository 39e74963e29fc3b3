import { UserError } from '../../errors.ts';
import { findPlugin } from '../../session/plugin.ts';

/** The official plugin on the PATH. @throws UserError when there is none. */
export function requirePlugin(variables: NodeJS.ProcessEnv): string {
  const found = findPlugin(variables);
  if (found) return found;
  throw new UserError(
    {
      code: 'no-plugin',
      what: 'session-manager-plugin was not found',
      why: 'it is not on the PATH',
      next: 'install it (AWS user guide, “Install the Session Manager plugin”), or leave --client plugin out',
    },
    { exitStatus: 2 },
  );
}

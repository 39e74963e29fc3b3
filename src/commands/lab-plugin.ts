import { readPluginVersion } from '../session/plugin.ts';
import { safe } from '../terminal/safe-text.ts';
import { isAtLeast } from '../version-order.ts';

/** Plugins after this one check that an address is Session Manager's [inferred from their sources; not tried]. */
const LAST_FOR_LAB = '1.2.835.0';

/** What to say before the official plugin opens a session of the lab; empty: nothing. */
export function warnOfLabPlugin(path: string, variables: NodeJS.ProcessEnv): string {
  const version = readPluginVersion(path, variables);
  return version === '' || isAtLeast(LAST_FOR_LAB, version)
    ? ''
    : safe`ssm-keepalive: the plugin ${version} may refuse the lab’s address; the lab serves plugins up to ${LAST_FOR_LAB} (inferred), or use  --client own\n`;
}

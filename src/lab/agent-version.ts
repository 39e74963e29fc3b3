/** The version of a host whose spec names none. */
export const AGENT_VERSION = '3.3.1611.0';

/** Older agents type no shell profile [user guide]. */
const FIRST_WITH_SHELL_PROFILE = [3, 0, 161, 0];

export function knowsShellProfile(version: string): boolean {
  const parts = version.split('.').map(Number);
  const at = FIRST_WITH_SHELL_PROFILE.findIndex((part, index) => part !== parts[index]);
  return at < 0 || (parts[at] ?? 0) > (FIRST_WITH_SHELL_PROFILE[at] ?? 0);
}

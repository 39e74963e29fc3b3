import { safe } from '../terminal/safe-text.ts';
import { listAllCallerPermissions, listAllPermissions, type Permission } from './permissions.ts';
import { RESOURCES } from './planned-run.ts';

/** One permission and every command that may need it. */
export interface PermissionRow {
  readonly action: string;
  readonly on: string;
  readonly commands: readonly string[];
  /** Its purpose; when it is needed, if not always; what is missing without it, if the command works without it. */
  readonly why: string;
}

/** One row for each permission of these commands, for docs/permissions.md. */
export function describePermissions(commands: readonly string[]): PermissionRow[] {
  const rows = new Map<string, { commands: Set<string>; permission: Permission }>();
  for (const command of commands) {
    for (const permission of [...listAllPermissions(command), ...listAllCallerPermissions(command)]) {
      const key = [permission.action, permission.on, describeWhy(permission)].join(' ');
      const row = rows.get(key) ?? { commands: new Set(), permission };
      row.commands.add(command);
      rows.set(key, row);
    }
  }
  return [...rows.values()].map(({ commands: names, permission }) => ({
    action: permission.action,
    on: RESOURCES[permission.on].words,
    commands: [...names],
    why: describeWhy(permission),
  }));
}

/** Names of the actions that a command may need, each once. */
export function listActions(command: string): string[] {
  return [...new Set(listAllPermissions(command).map(({ action }) => action))];
}

function describeWhy({ why, only, without }: Permission): string {
  return `${why}${only ? `, ${only}` : ''}${without ? `; without it ${without}` : ''}`;
}

/** The line about a missing permission, for a command that continued without it. */
export function describeLack(
  command: string,
  { action, resource }: { action: string; resource: string },
): string {
  const without = listAllPermissions(command).find((one) => one.action === action && one.without)?.without;
  return safe`ssm-keepalive: these credentials lack ${action}${resource && ` on ${resource}`}${without ? `: ${without}` : ''}\n`;
}

/** Finds out whether somebody else could have written or replaced a file. */
import { execFileSync } from 'node:child_process';
import { lstatSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

const [GROUP_WRITES, ALL_WRITE, STICKY] = [0o020, 0o002, 0o1000];

/** Why somebody but you and root may have written the file, its folders or a link's target; undefined: nobody may. */
export function findForeign(path: string, variables: NodeJS.ProcessEnv): string | undefined {
  const uid = process.getuid?.();
  if (uid === undefined) return undefined;
  const trusted = new Set([0, uid]);
  // Under sudo, files of the user who called sudo count as your own.
  if (uid === 0 && variables['SUDO_UID']) trusted.add(Number(variables['SUDO_UID']));
  const link = lstatSync(path);
  if (!trusted.has(link.uid)) return `it belongs to user ${link.uid}, not to you or root`;
  const target = realpathSync(path);
  const { uid: owner } = statSync(target);
  if (!trusted.has(owner)) return `it belongs to user ${owner}, not to you or root`;
  const writer = findWriter(target, trusted);
  if (writer) return `${writer} may write to it`;
  for (const start of new Set([realpathSync(dirname(path)), dirname(target)])) {
    for (const folder of listFolders(start)) {
      const status = statSync(folder);
      if (!trusted.has(status.uid))
        return `its folder ${folder} belongs to user ${status.uid}, not to you or root`;
      // In a sticky folder (as /tmp) others can make files, but cannot replace yours.
      const other = (status.mode & STICKY) === 0 ? findWriter(folder, trusted) : undefined;
      if (other) return `${other} may write to its folder ${folder}`;
    }
  }
  return undefined;
}

/** Who else may write. On many systems each user has a group with the user's own number: it may write. */
function findWriter(path: string, trusted: ReadonlySet<number>): string | undefined {
  const { mode, gid, uid } = statSync(path);
  if ((mode & ALL_WRITE) !== 0) return 'everybody';
  if ((mode & GROUP_WRITES) === 0) return undefined;
  const isOwn = gid === 0 || (gid === uid && trusted.has(gid));
  if (!isOwn) return `group ${gid}`;
  return hasAccessList(path) ? 'somebody in its access list' : undefined;
}

/** Node reads no access list, and `ls` marks one. With a list, the group's bits are the most that anybody in it may do. */
function hasAccessList(path: string): boolean {
  try {
    return /^\S{10}\+/.test(execFileSync('ls', ['-ldn', path], { encoding: 'utf8', stdio: 'pipe' }));
  } catch {
    return true;
  }
}

function listFolders(start: string): string[] {
  const above = dirname(start);
  return above === start ? [start] : [start, ...listFolders(above)];
}

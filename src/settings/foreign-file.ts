/** Finds out whether somebody else could have written or replaced a file. */
import { execFileSync } from 'node:child_process';
import { lstatSync, readlinkSync, statSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';

const [GROUP_WRITES, ALL_WRITE, STICKY] = [0o020, 0o002, 0o1000];
/** As Linux follows [path_resolution(7)]. */
const MOST_LINKS = 40;

/** You and root. Under sudo, files of the user who called sudo count as your own. Undefined: this system has no users. */
export function findTrusted(variables: NodeJS.ProcessEnv): ReadonlySet<number> | undefined {
  const uid = process.getuid?.();
  if (uid === undefined) return undefined;
  const caller = uid === 0 && variables['SUDO_UID'] ? [Number(variables['SUDO_UID'])] : [];
  return new Set([0, uid, ...caller]);
}

/** Why somebody but you and root may have written the file, or led you to another one; undefined: nobody may. */
export function findForeign(path: string, variables: NodeJS.ProcessEnv): string | undefined {
  const trusted = findTrusted(variables);
  if (trusted === undefined) return undefined;
  for (const step of listSteps(path)) {
    const status = lstatSync(step);
    const isLink = status.isSymbolicLink();
    const what = isLink ? `the link ${step}` : status.isDirectory() ? `its folder ${step}` : 'it';
    if (!trusted.has(status.uid)) return `${what} belongs to user ${status.uid}, not to you or root`;
    // Nobody can write to a link. In a sticky folder (as /tmp) others can make files, but cannot replace yours.
    if (isLink || (status.isDirectory() && (status.mode & STICKY) !== 0)) continue;
    const writer = findWriter(step, trusted);
    if (writer) return `${writer} may write to ${what}`;
  }
  return undefined;
}

/** Every folder and link on the way to a file, as the system goes, and the file itself. */
function* listSteps(path: string): Generator<string> {
  const left = path.split('/').filter(Boolean);
  let [at, links] = ['/', 0];
  yield at;
  for (let name = left.shift(); name !== undefined; name = left.shift()) {
    const next = resolve(at, name);
    yield next;
    if (!lstatSync(next).isSymbolicLink()) {
      at = next;
      continue;
    }
    links += 1;
    if (links > MOST_LINKS) throw new Error(`the links of ${path} lead in a circle`);
    const target = readlinkSync(next);
    left.unshift(...target.split('/').filter(Boolean));
    if (isAbsolute(target)) at = '/';
  }
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

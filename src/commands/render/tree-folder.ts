import { createHash } from 'node:crypto';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { recordedFiles, type TreeFile } from '../../bundle/index.ts';
import { UserError } from '../../errors.ts';
import { describeSystemError } from '../../system-error.ts';

/** The folder for unfinished files. It is below the target folder, so that one rename moves a file into place. */
const STAGED = '.ssm-keepalive-staged-';

/**
 * Writes each file whole, removes an earlier bundle's, and returns their paths. Writes nothing over a foreign file or a link.
 * @throws UserError
 */
export function writeTree(files: readonly TreeFile[], folder: string): string[] {
  let staged = '';
  try {
    mkdirSync(folder, { recursive: true });
    if (realpathSync(folder) === '/') throw refusal(folder, 'it is this machine’s own root');
    const obstacle = findObstacle(files, folder);
    if (obstacle !== undefined)
      refuseStranger(
        folder,
        obstacle,
        'it is no plain folder: what is written through it would land elsewhere',
      );
    const before = recordedFiles((path) => readText(join(folder, path)));
    const stranger = files.find(({ path, text }) => {
      const sum = sumOf(join(folder, path));
      return sum !== undefined && sum !== sha256(text) && sum !== before.get(path);
    });
    if (stranger) refuseStranger(folder, stranger.path, 'no bundle of this folder has these bytes');
    for (const name of readdirSync(folder))
      if (name.startsWith(STAGED)) rmSync(join(folder, name), { recursive: true });
    staged = mkdtempSync(join(folder, STAGED));
    for (const [index, { text, mode }] of files.entries()) {
      const path = join(staged, String(index));
      writeFileSync(path, text);
      // Sets the mode independently of the umask.
      chmodSync(path, mode);
    }
    for (const [index, { path }] of files.entries()) {
      makeFolders(folder, dirname(path));
      renameSync(join(staged, String(index)), join(folder, path));
    }
    const kept = new Set(files.map(({ path }) => path));
    const gone = [...before].filter(([path, sum]) => !kept.has(path) && sumOf(join(folder, path)) === sum);
    for (const [path] of gone) removeFile(folder, path);
    return gone.map(([path]) => path);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw refusal(folder, describeSystemError(error), error);
  } finally {
    if (staged !== '') rmSync(staged, { recursive: true, force: true });
  }
}

/** The first folder of a path that is a link or not a folder. */
function findObstacle(files: readonly TreeFile[], folder: string): string | undefined {
  const folders = files.flatMap(({ path }) => {
    const words = dirname(path).split('/');
    return words.map((_, index) => words.slice(0, index + 1).join('/'));
  });
  return folders.find(
    (path) => lstatSync(join(folder, path), { throwIfNoEntry: false })?.isDirectory() === false,
  );
}

function refuseStranger(folder: string, path: string, why: string): never {
  throw new UserError(
    {
      code: 'not-ours',
      what: `${join(folder, path)} is there already and is not ours; nothing was written`,
      why,
      next: 'move it away, or give --out another folder',
    },
    { exitStatus: 2 },
  );
}

const sha256 = (text: string | Buffer) => createHash('sha256').update(text).digest('hex');

/** The file's sum; undefined if nothing is there; a text that is no sum if it is not a plain file. */
function sumOf(path: string): string | undefined {
  const facts = lstatSync(path, { throwIfNoEntry: false });
  if (!facts) return undefined;
  return facts.isFile() ? sha256(readFileSync(path)) : 'no plain file';
}

function readText(path: string): string | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() ? readFileSync(path, 'utf8') : undefined;
}

function makeFolders(folder: string, path: string): void {
  if (path === '.' || lstatSync(join(folder, path), { throwIfNoEntry: false })) return;
  makeFolders(folder, dirname(path));
  mkdirSync(join(folder, path));
  chmodSync(join(folder, path), 0o755);
}

/** Removes the file and the folders that become empty. */
function removeFile(folder: string, path: string): void {
  rmSync(join(folder, path));
  for (let above = dirname(path); above !== '.'; above = dirname(above)) {
    if (readdirSync(join(folder, above)).length > 0) return;
    rmdirSync(join(folder, above));
  }
}

function refusal(folder: string, why: string, cause?: unknown): UserError {
  return new UserError(
    {
      code: 'out-folder',
      what: `the tree cannot be written to ${folder}`,
      why,
      next: 'give --out a folder that you can write',
    },
    { cause, exitStatus: 2 },
  );
}

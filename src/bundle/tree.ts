import type { Bundle } from './bundle.ts';
import { sha256 } from './manifest.ts';
import { AGENT_UNITS, dropInPath, FISH_STUB, PLACES } from './places.ts';
import { INTERPRETERS } from './python.ts';

/** One file of an image; `path` is below the image's root. */
export interface TreeFile {
  readonly path: string;
  readonly mode: number;
  readonly text: string;
}

const library = PLACES[0].library.slice(1);
const CURRENT = `${library}/current`;

/**
 * The files that the installer puts into an empty image, in a safe order: the version, the stubs, and last `current`,
 * without which the stubs do nothing. Not included: marked lines in other files, and the drop-in of sshd, which only
 * sshd can validate.
 */
export function treeFiles({ files, digest }: Bundle): TreeFile[] {
  const taken = files.filter(
    ({ kind, place, entry }) => kind === 'file' && place !== 'opt' && entry !== 'ssh',
  );
  const has = (path: string) => taken.some((file) => file.path === path);
  const plain = (path: string, text: string) => ({ path, mode: 0o644, text });
  const made = [...AGENT_UNITS.map(dropInPath), FISH_STUB].filter(has).map(parentOf);
  return [
    ...taken
      .filter(({ place }) => place === 'any')
      .map(({ path, mode, text }) => ({ path: placeOf(path, digest), mode, text })),
    // The installer finds the interpreter by trying; here it is assumed, and the entry searches if it is missing.
    ...(has('relay.py') ? [plain(`${library}/${digest}/interpreter`, `${INTERPRETERS[0]}\n`)] : []),
    // For uninstall.sh: folders that it removes when they are empty.
    ...(made.length > 0 ? [plain(`${library}/record`, made.map((path) => `dir ${path}\n`).join(''))] : []),
    ...taken
      .filter(({ place }) => place !== 'any')
      .map(({ path, mode, text }) => ({ path: placeOf(path, digest), mode, text })),
    plain(CURRENT, `${digest}\n`),
  ];
}

/** The sums of the files of the bundle in use, by path; empty without a bundle. `read` returns the text at a path. */
export function recordedFiles(read: (path: string) => string | undefined): Map<string, string> {
  const found = new Map<string, string>();
  const current = read(CURRENT) ?? '';
  const digest = /^([0-9a-f]{16})\n$/.exec(current)?.[1];
  const manifest = digest ? read(`${library}/${digest}/manifest`) : undefined;
  if (digest === undefined || manifest === undefined || !sha256(manifest).startsWith(digest)) return found;
  for (const line of manifest.split('\n')) {
    const [kind, place, , , sum, path] = line.split(' ');
    if (kind === 'file' && place !== 'opt' && sum && path) found.set(placeOf(path, digest), sum);
  }
  // Our own state files, which are not in the manifest.
  for (const path of [
    `${library}/${digest}/manifest`,
    `${library}/${digest}/interpreter`,
    `${library}/record`,
    CURRENT,
  ]) {
    const text = read(path);
    if (text !== undefined) found.set(path, sha256(text));
  }
  return found;
}

const placeOf = (path: string, digest: string) =>
  path.startsWith('/') ? path.slice(1) : `${library}/${digest}/${path}`;

const parentOf = (path: string) => path.slice(0, path.lastIndexOf('/'));

import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Each folder before its subfolders; does not follow links. (Rejected: readdirSync `recursive`: from Node 22 it follows links.) */
export function* foldersBelow(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const path = join(folder, entry.name);
    yield path;
    yield* foldersBelow(path);
  }
}

import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The folders below `folder`, each before its subfolders; does not follow symbolic links.
 * (Rejected: `readdirSync` with `recursive`. It follows links from Node 22 on, and a host's tree has links to the machine.)
 */
export function* foldersBelow(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const path = join(folder, entry.name);
    yield path;
    yield* foldersBelow(path);
  }
}

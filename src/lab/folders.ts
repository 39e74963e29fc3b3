import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The folders below `folder`, each before those in it; one behind a symbolic link is none.
 * (Rejected: `readdirSync` with `recursive`. From Node 22 on it follows links, and a host's tree has links to the machine's own folders.)
 */
export function* foldersBelow(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const path = join(folder, entry.name);
    yield path;
    yield* foldersBelow(path);
  }
}

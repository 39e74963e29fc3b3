/** Other programs of this package: a source file beside the caller, or a file of the build. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Node's arguments for the program. `from`: the caller's `import.meta.url`. */
export function programArgs(from: string, source: string, built: string): string[] {
  if (!from.endsWith('.ts')) return [findBuilt(from, built)];
  return ['--import', import.meta.resolve('tsx'), fileURLToPath(new URL(source, from))];
}

/** The build puts the caller into dist/ or dist/chunks/, and programs into dist/. */
export function findBuilt(from: string, name: string): string {
  const here = dirname(fileURLToPath(from));
  const found = [join(here, name), join(here, '..', name)].find((path) => existsSync(path));
  if (found === undefined) throw new Error(`${name} is not beside ${here}; run npm run build`);
  return found;
}

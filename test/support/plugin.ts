/** The official plugin's place, taken by a client of ours that says and does what that one does. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Writes it into `folder` as session-manager-plugin; says its path. */
export async function placePlugin(folder: string): Promise<string> {
  // Built: a session's idle timer runs from its start, and a client that compiles itself first can be later than that.
  const program = join(folder, 'stand-in.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL('./plugin-stand-in.ts', import.meta.url))],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
  const path = join(folder, 'session-manager-plugin');
  const start = [process.execPath, program].map((word) => `'${word}'`).join(' ');
  const text = `#!/bin/sh\n[ "$1" != --version ] || { echo 1.2.707.0; exit; }\nexec ${start} "$@"\n`;
  writeFileSync(path, text, { mode: 0o755 });
  return path;
}

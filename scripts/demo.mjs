// Sets everything up, then runs the main job on the lab: install, and sessions that stay alive. Exit status says whether it held.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { setUp } from './setup.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
setUp({ tools: ['bubblewrap'] });
const { status } = spawnSync(process.execPath, ['--import', 'tsx', 'scripts/demo-run.ts'], {
  stdio: 'inherit',
});
process.exit(status ?? 1);

/** The background lab's own process: `node lab-daemon.js OPTIONS-AS-JSON`, ended by SIGTERM, SIGINT or SIGHUP. */
import { startLab } from './lab.ts';
import type { LabOptions } from './options.ts';

process.title = 'ssm-keepalive-lab';
const lab = await startLab(JSON.parse(process.argv[2] ?? '{}') as LabOptions);
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.on(signal, () => void lab.stop().then(() => process.exit(0)));
}

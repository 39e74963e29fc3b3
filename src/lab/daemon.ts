/** The background lab's process: `node lab-daemon.js OPTIONS-AS-JSON`, ended by SIGTERM, SIGINT or SIGHUP. */
import { UserError } from '../errors.ts';
import { startLab } from './lab.ts';
import type { LabOptions } from './options.ts';

process.title = 'ssm-keepalive-lab';
try {
  const lab = await startLab(JSON.parse(process.argv[2] ?? '{}') as LabOptions);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => void lab.stop().then(() => process.exit(0)));
  }
} catch (error) {
  // `lab up` prints the last line of this log.
  process.stderr.write(error instanceof UserError ? `${error.what}: ${error.why}\n` : `${String(error)}\n`);
  process.exitCode = 1;
}

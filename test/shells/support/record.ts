import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** The one open file of ours, as status reads it: by its descriptor, since it has no name any more. */
export function readRecord(pid: number): Record<string, string> | undefined {
  try {
    for (const fd of readdirSync(`/proc/${pid}/fd`)) {
      if (!/^\/(dev\/shm|tmp)\/ssm-keepalive-/.test(readlinkSync(`/proc/${pid}/fd/${fd}`))) continue;
      const text = readFileSync(`/proc/${pid}/fd/${fd}`, 'utf8');
      if (text.length === 384)
        return Object.fromEntries(
          text
            .trim()
            .split(' ')
            .map((pair) => pair.split('=') as [string, string]),
        );
    }
  } catch {
    // A descriptor that has just been closed; the next look will do.
  }
  return undefined;
}

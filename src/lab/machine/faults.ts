import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostConfig, HostFault } from './config.ts';

/** True if the fault was asked for; each call uses up one. */
export function takeFault(config: HostConfig, fault: HostFault): boolean {
  const path = join(config.faultsPath, fault);
  let left: number;
  try {
    left = Number(readFileSync(path, 'utf8')) || 1;
  } catch {
    return false;
  }
  if (left > 1) writeFileSync(path, String(left - 1));
  else rmSync(path, { force: true });
  return true;
}

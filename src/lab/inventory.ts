/** The hosts and the port of a lab's folder: a restarted lab has the same. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AccountSpec, DEFAULT_HOSTS, type HostSpec } from './options.ts';

export interface Inventory {
  readonly hosts: readonly HostSpec[];
  /** Absent if an older lab wrote it. */
  readonly accounts?: readonly AccountSpec[];
  /** 0: none yet. */
  readonly port: number;
}

/** The default hosts if there was no lab here. */
export function readInventory(dir: string): Inventory {
  try {
    return JSON.parse(readFileSync(join(dir, 'inventory.json'), 'utf8')) as Inventory;
  } catch {
    return { hosts: DEFAULT_HOSTS, port: 0 };
  }
}

export function writeInventory(dir: string, inventory: Inventory): void {
  const path = join(dir, 'inventory.json');
  writeFileSync(`${path}.new`, JSON.stringify(inventory), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Guard, type Lab, type LabOptions, startLab } from '../../src/lab/index.ts';
import { fastFolder } from './sandbox.ts';

export const makeLabFolder = (): string => mkdtempSync(join(fastFolder(), 'ssm-keepalive-test-lab-'));

/** A lab of this test's own, gone with it. `records`: what it remembers from before. */
export async function startTestLab(
  context: TestContext,
  { records, guard, ...options }: Partial<LabOptions> & { readonly records?: object; guard?: Guard } = {},
): Promise<Lab> {
  const { dir = makeLabFolder() } = options;
  if (records) writeFileSync(join(dir, 'records.json'), JSON.stringify(records));
  const lab = await startLab({ consistencySeconds: 0.1, ...options, dir }, guard);
  context.after(async () => {
    await lab.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  return lab;
}

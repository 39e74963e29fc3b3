import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Lab, type LabOptions, startLab } from '../../src/lab/index.ts';
import { fastFolder } from './sandbox.ts';

/** A lab of this test's own, gone with it. */
export async function startTestLab(context: TestContext, options: Partial<LabOptions> = {}): Promise<Lab> {
  const dir = mkdtempSync(join(fastFolder(), 'ssm-keepalive-test-lab-'));
  const lab = await startLab({ dir, consistencySeconds: 0.1, ...options });
  context.after(async () => {
    await lab.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  return lab;
}

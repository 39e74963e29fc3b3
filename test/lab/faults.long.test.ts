// Breaks a copy of the lab in every way of faults.ts and sees the tests of `npm test` that are named there fail.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { runTests } from '../support/run-tests.ts';
import { faults } from './faults.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const copy = mkdtempSync(join(tmpdir(), 'ssm-keepalive-faults-'));
after(() => rmSync(copy, { recursive: true, force: true }));
for (const name of ['src', 'test', 'templates', 'package.json', 'tsconfig.json'])
  cpSync(join(root, name), join(copy, name), { recursive: true });
symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));

for (const [name, { file, from, to, noticedIn, noticedBy }] of Object.entries(faults)) {
  test(`lab with a fault: ${name}: noticed by ${noticedIn}`, async (context) => {
    const path = join(copy, 'src/lab', file);
    const sound = readFileSync(path, 'utf8');
    context.after(() => writeFileSync(path, sound));
    assert.equal(sound.split(from).length, 2, `it no longer fits ${file}`);
    writeFileSync(
      path,
      sound.replace(from, () => to),
    );
    const broken = await runTests(
      pathToFileURL(join(copy, 'test/lab', noticedIn)),
      noticedBy,
      {},
      { wrap: ['timeout', '120'], untilFailure: true },
    );
    // A lab that never stops is ended by the limit, and counts nothing.
    assert.notEqual(broken.failed, 0, `nobody noticed:\n${broken.output}`);
  });
}

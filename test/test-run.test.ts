// What `npm test` calls red: scripts/test-files.mjs and scripts/lint.mjs over files and programs made here.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { execa } from 'execa';
import { ROOT } from './support/installed.ts';

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-test-run-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Runs a script of the folder scripts/; its last line is what it makes, as JSON. */
async function runScript(script: string, cwd = ROOT) {
  const { stdout } = await execa(process.execPath, ['--input-type=module', '--eval', script], { cwd });
  const lines = stdout.split('\n');
  return { made: JSON.parse(lines.pop()!), said: lines.join('\n') };
}

test('a file that was red once stays red, whatever its lone run says', async (t) => {
  const folder = temporaryFolder(t);
  const files: Record<string, string> = {
    'green.mjs': '',
    'red.mjs': "test('two', () => { throw new Error('as ever') });",
    'unsteady.mjs': `
      const marker = ${JSON.stringify(join(folder, 'marker'))};
      test('three', () => { if (!existsSync(marker)) { writeFileSync(marker, ''); throw new Error('once') } });`,
    'killed.mjs': "test('four', () => process.kill(process.pid, 'SIGKILL'));",
    'exits.mjs': "test('five', () => process.exit(0));",
    'hangs.mjs': "test('six', () => {}); setInterval(() => {}, 1000);",
  };
  for (const [name, text] of Object.entries(files))
    writeFileSync(
      join(folder, name),
      `import { test } from 'node:test'; import { existsSync, writeFileSync } from 'node:fs';
       test('one', () => {}); ${text}`,
    );
  const { made, said } = await runScript(`
    import { runFilesAndRedOnesAlone } from '${ROOT}/scripts/test-files.mjs';
    const results = await runFilesAndRedOnesAlone(${JSON.stringify(Object.keys(files))}, {
      atOnce: 2, limitSeconds: 5, pathOf: (file) => '${folder}/' + file,
    });
    console.log(JSON.stringify(Object.fromEntries(results.map(({ file, isRed }) => [file, isRed]))));`);
  assert.deepEqual(made, {
    'green.mjs': false,
    'red.mjs': true,
    'unsteady.mjs': true,
    'killed.mjs': true,
    'exits.mjs': true,
    'hangs.mjs': true,
  });
  assert.deepEqual(said.match(/^test: .*\.mjs$/gm)?.sort(), [
    'test: UNSTEADY, red once and green alone: unsteady.mjs',
    ...['exits', 'hangs', 'killed', 'red'].map((name) => `test: red alone too: ${name}.mjs`),
  ]);
});

test('a linter that complains, is killed or is not there is red', async (t) => {
  const folder = temporaryFolder(t);
  const bin = join(folder, 'node_modules/.bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{}');
  for (const [name, text] of [
    ['good', 'exit 0'],
    ['complains', 'echo "line 1"; exit 1'],
    ['killed', 'kill -KILL $$'],
  ] as const) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const { made } = await runScript(
    `
    import { lint } from '${ROOT}/scripts/lint.mjs';
    const outcomes = {};
    for (const name of ['good', 'complains', 'killed', 'missing']) outcomes[name] = await lint([['good'], [name], ['good']]);
    console.log(JSON.stringify(outcomes));`,
    folder,
  );
  assert.deepEqual(made, { good: [], complains: ['complains'], killed: ['killed'], missing: ['missing'] });
});

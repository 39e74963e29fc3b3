// Every bad command line gets exactly its words, through the built command line.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { COMMANDS } from '../src/commands/index.ts';
import { BAD_COMMAND_LINES } from './bad-command-lines.ts';
import { CLI, type CliResult } from './support/cli.ts';

const home = mkdtempSync(join(tmpdir(), 'bad-lines-'));
after(() => rmSync(home, { recursive: true, force: true }));
const results = runAll(BAD_COMMAND_LINES.map(([line]) => readLine(line)));

/** `NAME=value … words`, as a shell reads it, without quotes. */
function readLine(line: string): { args: string[]; env: Record<string, string> } {
  const words = line.split(' ');
  const first = words.findIndex((word) => !/^[A-Z_]+=/.test(word));
  const variables = words.slice(0, first).map((word) => word.split(/=(.*)/s).slice(0, 2) as [string, string]);
  return { args: words.slice(first), env: Object.fromEntries(variables) };
}

function runAll(lines: readonly { args: string[]; env: Record<string, string> }[]): CliResult[] {
  const runner = fileURLToPath(new URL('./support/command-lines.mjs', import.meta.url));
  const { stdout, stderr, status } = spawnSync(process.execPath, [runner, CLI, home], {
    input: JSON.stringify(lines),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as CliResult[];
}

for (const [index, [line, ...words]] of BAD_COMMAND_LINES.entries()) {
  test(`cli: \`${line}\` is refused with status 2 and its own words`, () => {
    const commands = COMMANDS.map(({ name }) => name).join(', ');
    const [what, why, next] = words.map((text) => text.replace('{commands}', commands));
    const { status, stdout, stderr } = results[index] ?? assert.fail('it was not run');
    assert.equal(stderr, `ssm-keepalive: ${what}\n  why:  ${why}\n  next: ${next}\n`);
    assert.deepEqual([status, stdout], [2, '']);
  });
}

test('cli: there are at least 60 bad command lines, each once', () => {
  assert.ok(BAD_COMMAND_LINES.length >= 60);
  assert.equal(new Set(BAD_COMMAND_LINES.map(([line]) => line)).size, BAD_COMMAND_LINES.length);
});

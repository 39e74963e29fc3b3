import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ACTIVITIES, IDLE_POLICIES, KEEPERS, type ShellClass } from '../src/bundle/index.ts';
import { COMMANDS } from '../src/commands/index.ts';
import { FLAGS, type Flag } from '../src/flags.ts';
import { listActions } from '../src/policy/describe.ts';
import { runCli } from './support/cli.ts';
import { startTestLab } from './support/lab.ts';

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

/** One cell in README's words: under which idle policies a session lives. */
function describeCell(
  keeper: (typeof KEEPERS)[number],
  activity: (typeof ACTIVITIES)[number],
  shell: ShellClass,
): string {
  const lives = IDLE_POLICIES.filter((policy) => keeper.lives({ policy, activity, shell }));
  if (lives.length === IDLE_POLICIES.length) return 'lives';
  if (lives.length === 0) return 'dies';
  return `lives under ${lives.map((policy) => `\`${policy}\``).join(' and ')}`;
}

const CLASSES: Readonly<Record<ShellClass, string>> = {
  swallows: 'in bash, zsh, fish',
  'output-only': 'in dash, busybox ash',
  untouched: 'in ksh, mksh',
};

for (const keeper of KEEPERS) {
  for (const [shell, words] of Object.entries(CLASSES) as [ShellClass, string][]) {
    test(`README: the live-and-die row of ${keeper.name} ${words} is what the tests assert`, () => {
      const cells = ACTIVITIES.map((activity) => describeCell(keeper, activity, shell));
      const isSame = Object.keys(CLASSES).every((other) =>
        ACTIVITIES.every(
          (activity) =>
            describeCell(keeper, activity, other as ShellClass) === describeCell(keeper, activity, shell),
        ),
      );
      const name = isSame ? `\`${keeper.name}\`` : `\`${keeper.name}\` ${words}`;
      assert.ok(README.includes(`| ${name} | ${cells.join(' | ')} |`), `| ${name} | ${cells.join(' | ')} |`);
    });
  }
}

test('README: every command and every flag is there, with its default', () => {
  for (const { name, words, describe } of COMMANDS) {
    const usage = [name, words?.usage].filter(Boolean).join(' ').replaceAll('|', '\\|');
    assert.ok(README.includes(`| \`${usage}\` | ${describe} |`), `| \`${usage}\` | ${describe} |`);
  }
  for (const flag of FLAGS as readonly Flag[]) {
    const shown = [`--${flag.name}`, flag.placeholder].filter(Boolean).join(' ').replaceAll('|', '\\|');
    const row = `| \`${shown}\` | ${flag.fallback ?? ''} | ${flag.describe} |`.replaceAll('|  |', '| |');
    assert.ok(README.includes(row), row);
  }
});

test('README: the actions of every command are those that its policy has', () => {
  const commands = COMMANDS.filter(({ name }) => listActions(name).length > 0);
  assert.ok(commands.length >= 6);
  for (const { name } of commands) {
    const row = `| \`${name}\` | ${listActions(name)
      .map((action) => `\`${action}\``)
      .join(' ')} |`;
    assert.ok(README.includes(row), row);
  }
});

test('README: no local link leads nowhere', () => {
  for (const [, target = ''] of README.matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)) {
    readFileSync(new URL(`../${target}`, import.meta.url));
  }
  for (const [, path = ''] of README.matchAll(
    /`((?:src|test|bench|templates|docs|scripts)\/[\w./-]+\.(?:ts|md|mjs|ejs|py))`/g,
  )) {
    readFileSync(new URL(`../${path}`, import.meta.url));
  }
});

test('README and help: every example runs on the lab and leaves with 0', async (context) => {
  const lab = await startTestLab(context);
  // Some examples write files.
  const cwd = mkdtempSync(join(tmpdir(), 'ssm-keepalive-readme-'));
  context.after(() => rmSync(cwd, { recursive: true, force: true }));
  const fromReadme = [...README.matchAll(/^ssm-keepalive ([^\n#]+?) *(?:#.*)?$/gm)].map(
    ([, line = '']) => line,
  );
  const fromHelp = COMMANDS.flatMap(({ examples }) => examples.map(([line]) => line));
  // A shell needs a terminal: test/commands/connect.test.ts has one.
  const lines = [...new Set([...fromReadme, ...fromHelp])].filter((line) => !/^(lab|connect) /.test(line));
  assert.ok(lines.length >= 8, lines.join('\n'));
  for (const line of lines) {
    const words = line
      // Nobody waits for hours here: that a measurement measures is shown elsewhere.
      .replace(/^(measure .*?)( --limit \S+)?$/, '$1 --limit 1s')
      // Nor for agents that restart.
      .replace(/^install\b(?!.* --(no-restart|dry-run|no-wait|command-id)\b)/, 'install --no-restart')
      .replaceAll('i-0123456789abcdef0', 'i-0aaaaaaaaaaaaaaa1')
      .replace(' --lab', '')
      .split(' ');
    const result = await runCli(words, lab.env, { cwd });
    // Work to do, such as a keeper that is not installed, is an answer of doctor.
    const expected = line.startsWith('doctor ') ? [0, 1] : [0];
    assert.ok(expected.includes(result.status ?? -1), `${line}\n${result.stderr}${result.stdout}`);
  }
});

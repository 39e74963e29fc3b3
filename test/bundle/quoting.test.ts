import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { DIALECTS, type DialectName, UnquotableError } from '../../src/bundle/dialects.ts';
import { isLong, TURN } from '../support/turns.ts';
import { HOSTILE } from './hostile-values.ts';

/** The same for every reader, other ones each day: SSM_KEEPALIVE_TEST_SEED. In one run: a start costs more than a thousand values. */
const ANY = fc.sample(
  fc.string({ unit: 'binary', maxLength: 12 }).filter((value) => !value.includes('\0')),
  { numRuns: isLong ? 1000 : 200, seed: TURN },
);

const BAD = ['a\0b', '\0', '\ud800', 'x\udfff'];

const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-quote-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** One file, one run, all values: what each reads back, as bytes between NULs. */
function readBack(name: string, command: readonly string[], text: string): string[] {
  const path = join(folder, name);
  writeFileSync(path, text);
  const { stdout, stderr, status } = spawnSync(command[0]!, [...command.slice(1), path], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8', HOME: folder },
  });
  assert.equal(status, 0, stderr);
  return stdout.split('\0').slice(0, -1);
}

/** All in one command: printf is a program to mksh. */
const printf = (dialect: DialectName) => (values: readonly string[]) =>
  `printf '%s\\0' ${values.map((value) => DIALECTS[dialect](value)).join(' ')}\n`;
const quotePython = (values: readonly string[]) =>
  `import sys\nout = getattr(sys.stdout, 'buffer', sys.stdout)\nfor value in [${values.map((value) => DIALECTS.python(value)).join(', ')}]:\n    out.write(value.encode('utf-8') + b'\\0')\n`;

/** What PyYAML makes of a list of our scalars: the reader of Ansible and cloud-init. */
const READ_YAML =
  'import sys, yaml; out = sys.stdout.buffer; [out.write(x.encode() + b"\\0") for x in yaml.load(open(sys.argv[1]), getattr(yaml, "CSafeLoader", yaml.SafeLoader))]';
const hasYaml = spawnSync('/usr/bin/python3', ['-c', 'import yaml']).status === 0;

const pythons = existsSync(join(homedir(), '.pyenv/versions'))
  ? readdirSync(join(homedir(), '.pyenv/versions')).map((version) =>
      join(homedir(), '.pyenv/versions', version, 'bin/python'),
    )
  : [];

/** Every program that has to read our quoting, for each dialect. */
const READERS: readonly {
  dialect: DialectName;
  name: string;
  command: string[];
  print: (values: readonly string[]) => string;
}[] = [
  ...['dash', 'bash', 'ksh', 'mksh', 'zsh'].map((name) => ({
    dialect: 'sh' as const,
    name,
    command: [`/usr/bin/${name}`],
    print: printf('sh'),
  })),
  { dialect: 'sh', name: 'busybox', command: ['/usr/bin/busybox', 'sh'], print: printf('sh') },
  { dialect: 'bash', name: 'bash', command: ['/usr/bin/bash'], print: printf('bash') },
  {
    dialect: 'zsh',
    name: 'zsh with RC_QUOTES',
    command: ['/usr/bin/zsh', '-o', 'rcquotes'],
    print: printf('zsh'),
  },
  { dialect: 'fish', name: 'fish', command: ['/usr/bin/fish', '--no-config'], print: printf('fish') },
  ...['/usr/bin/python3', ...pythons].map((python) => ({
    dialect: 'python' as const,
    name: python.replace(homedir(), '~'),
    command: [python],
    print: quotePython,
  })),
  {
    dialect: 'yaml',
    name: 'PyYAML',
    command: ['/usr/bin/python3', '-c', READ_YAML],
    print: (values) => values.map((value) => `- ${DIALECTS.yaml(value)}\n`).join(''),
  },
];

for (const { dialect, name, command, print } of READERS) {
  const isThere = dialect === 'yaml' ? hasYaml : existsSync(command[0]!);
  const skip = isThere ? false : `absent: ${dialect === 'yaml' ? name : command[0]}`;
  test(`${name} reads back every hostile value, and any text whatever, that the ${dialect} quoter lets through`, {
    skip,
  }, () => {
    const values = [...HOSTILE, ...ANY];
    assert.deepEqual(readBack(`any-${dialect}`, command, print(values)), values);
  });
}

for (const [name, quote] of Object.entries(DIALECTS)) {
  test(`${name}: undefined and what is no text stop the rendering`, () => {
    for (const value of [undefined, null, {}, [], true, Number.NaN])
      assert.throws(() => quote(value), UnquotableError);
  });

  test(`${name}: half a surrogate pair is refused, and a NUL refused or carried`, () => {
    for (const value of BAD.slice(2)) assert.throws(() => quote(value), UnquotableError);
    for (const value of BAD.slice(0, 2)) {
      if (name === 'json') assert.equal(JSON.parse(quote(value)), value);
      else if (name === 'yaml') assert.match(quote(value), /\\x00/);
      else if (['python', 'hcl'].includes(name)) assert.match(quote(value), /\\u0000/);
      else assert.throws(() => quote(value), UnquotableError);
    }
  });
}

test('dockerfile: plain words stay as they are, and every other value is refused', () => {
  for (const word of ['/usr/local/lib/x', 'a=b', 'H4sI+/=', '0.1.0'])
    assert.equal(DIALECTS.dockerfile(word), word);
  for (const value of HOSTILE.filter((each) => !/^(--|-n|=ls)$/.test(each)))
    assert.throws(() => DIALECTS.dockerfile(value), UnquotableError, value);
});

/** systemd.syntax(7): a double-quoted word, C escapes, then specifiers. */
function parseSystemdWord(word: string): string {
  assert.match(word, /^"(?:[^"\\]|\\.)*"$/s);
  return word.slice(1, -1).replaceAll(/\\(.)/gs, '$1').replaceAll('%%', '%');
}

test('systemd: control characters are refused, everything else is read back by its rules', () => {
  for (const value of HOSTILE) {
    if (/[\0-\x1f\x7f]/.test(value)) assert.throws(() => DIALECTS.systemd(value), UnquotableError);
    else assert.equal(parseSystemdWord(DIALECTS.systemd(value)), value);
  }
});

test('systemd-analyze finds nothing to say about a unit with hostile values', {
  skip: existsSync('/usr/bin/systemd-analyze') ? false : 'absent: systemd-analyze',
}, () => {
  const values = HOSTILE.filter((value) => !/[\0-\x1f\x7f]/.test(value));
  const unit = join(folder, 'hostile.service');
  writeFileSync(
    unit,
    `[Service]\nExecStart=/bin/true\n${values.map((value, index) => `Environment=${DIALECTS.systemd(`V${index}=${value}`)}\n`).join('')}`,
  );
  const { stderr } = spawnSync('/usr/bin/systemd-analyze', ['verify', unit], { encoding: 'utf8' });
  assert.doesNotMatch(stderr, /hostile\.service:\d+/);
});

test('json: every value comes back from JSON.parse', () => {
  for (const value of HOSTILE) assert.equal(JSON.parse(DIALECTS.json(value)), value);
});

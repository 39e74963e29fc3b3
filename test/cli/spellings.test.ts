// What hands type: every spelling of every flag, on the line, in a config file and at TAB; and lines that mean the same.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readCommandLine } from '../../src/cli/command-line.ts';
import { chooseWanted } from '../../src/cli/completion/candidates.ts';
import { COMMANDS } from '../../src/commands/index.ts';
import { listTakenFlags } from '../../src/commands/taken-flags.ts';
import { openConfigFile } from '../../src/settings/config-file.ts';
import { FLAGS, listSpellings, variableName, withDashes } from '../../src/settings/flags.ts';
import { runCli } from '../support/cli.ts';

function read(words: readonly string[]) {
  const asked = readCommandLine(words);
  if (asked.kind !== 'run') return asked;
  const { entry, about, word, flags, own } = asked.line;
  return { command: entry.name, about: about?.name, word, flags, own };
}

const words = (line: string) => line.split(' ');

test('usage: every spelling of a flag is the flag, before the command and behind it, with a space and with =', () => {
  let count = 0;
  for (const entry of COMMANDS.filter(({ isAboutCommand }) => !isAboutCommand)) {
    for (const flag of listTakenFlags(entry)) {
      if (flag.group === undefined) continue;
      // A name is no tag, but --target takes one.
      const word = flag.name === 'tag' ? 'x=y' : 'x';
      const value = flag.kind === 'switch' ? [] : [word];
      const expected = read([entry.name, `--${flag.name}`, ...value]);
      for (const spelling of listSpellings(flag).map(withDashes)) {
        const joined: string = flag.kind === 'switch' ? spelling : `${spelling}=${word}`;
        assert.deepEqual(read([entry.name, spelling, ...value]), expected, `${entry.name} ${spelling}`);
        assert.deepEqual(read([entry.name, joined]), expected, `${entry.name} ${joined}`);
        assert.deepEqual(read([spelling, ...value, entry.name]), expected, `${spelling} ${entry.name}`);
        const last = [entry.name, spelling, ''];
        assert.deepEqual(chooseWanted(last), chooseWanted([entry.name, `--${flag.name}`, '']), spelling);
        count += 1;
      }
    }
  }
  assert.ok(count > 150, `${count} spellings`);
});

test('usage: no spelling means two flags, or is another command’s own flag', () => {
  const spellings = FLAGS.flatMap((flag) => listSpellings(flag).map(withDashes));
  assert.equal(new Set(spellings).size, spellings.length);
  const own = COMMANDS.flatMap((entry) => entry.own ?? []).map(({ name }) => name);
  for (const flag of FLAGS) {
    for (const other of listSpellings(flag).slice(1)) assert.ok(!own.includes(other), other);
  }
});

test('usage: a config file takes every spelling of more than one letter, and one of them alone', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'spellings-'));
  try {
    for (const flag of FLAGS.filter(({ name }) => name !== 'config')) {
      for (const spelling of listSpellings(flag).filter(({ length }) => length > 1)) {
        writeFileSync(join(folder, 'a.yaml'), `${spelling}: ${flag.kind === 'switch' ? 'true' : 'x'}\n`);
        const file = await openConfigFile('a.yaml', {}, folder);
        assert.deepEqual([...(file?.settings.keys() ?? [])], [flag.name], spelling);
      }
    }
    writeFileSync(join(folder, 'a.yaml'), 'tag: a=b\ntags: c=d\n');
    await assert.rejects(openConfigFile('a.yaml', {}, folder), /a\.yaml:2: tags is what tag in line 1 says/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const ID = 'i-0123456789abcdef0';
/** Lines that mean the same. */
const SAME: readonly (readonly [meant: string, ...typed: string[]])[] = [
  [
    `install --instance-id ${ID}`,
    `install ${ID}`,
    `install -- ${ID}`,
    `install --target ${ID}`,
    `install --targets Key=InstanceIds,Values=${ID}`,
    `install -i ${ID}`,
    `install --tag ${ID}`,
    `--instance-ids ${ID} install`,
  ],
  ['install --resource-group web', 'install --targets Key=resource-groups:Name,Values=web'],
  [
    'status --region a-b --region c-d --lab',
    'status --regions a-b c-d --lab',
    '--regions a-b c-d status --lab',
  ],
  [`connect ${ID}`, `connect --target ${ID}`, `connect --instance-id=${ID}`, `--target ${ID} connect`],
  [
    'status --tag Name=web-1,db.internal',
    'status web-1 db.internal',
    'status web-1,db.internal',
    'status --target web-1,db.internal',
    'status --target=web-1 --target db.internal',
    '--targets web-1 db.internal status',
  ],
  ['uninstall --tag Name=web-1 --yes', 'uninstall --yes web-1', '-y uninstall web-1'],
  [
    'policy install --tag Name=web-1 --account 1',
    'policy install web-1 --account 1',
    'policy install --target web-1 --account 1',
  ],
  ['measure web-1 --arm query', 'measure --target web-1 --arms query'],
  ['doctor web-1', 'doctor -- web-1', 'doctor -i web-1'],
  [
    `policy connect ${ID} --account 1`,
    `policy connect --target ${ID} --account 1`,
    `--account 1 policy connect ${ID}`,
  ],
  ['preferences set --idle 60 --yes', 'preferences set --idle=60 -y', '-y --idle 60 preferences set'],
  ['install --profile install --yes', '--profile install install -y'],
  ['install --max-errors -1', 'install --max-errors=-1'],
  ['install --dry-run', 'install --dry-run=yes', 'install --dry-run=1'],
  [
    'install --help',
    'help install',
    'install -h',
    '-h install',
    '--tag env=dev install --help',
    'help install --tga',
  ],
  ['install --help-all', 'help install --help-all'],
  ['policy connect --help', 'help policy connect'],
  ['--help', 'help', '-h', 'help help'],
  ['--version', 'version', 'install --version', 'help version'],
];

test('usage: lines that hands type mean what their owners mean', () => {
  for (const [meant, ...typed] of SAME)
    for (const line of typed) assert.deepEqual(read(words(line)), read(words(meant)), line);
});

test('usage: a target as the AWS CLI writes it is a tag with its values, wherever it stands', async () => {
  const { stdout, stderr } = await runCli(
    words('policy install --targets Key=tag:env,Values=dev,test -t role=web'),
  );
  assert.match(stdout, /"ssm:resourceTag\/env": \[\s+"dev",\s+"test"\s+\]/, stderr);
  const variable = await runCli(['policy', 'install'], {
    SSM_KEEPALIVE_TAG: 'Key=tag:env,Values=dev,test role=web',
  });
  assert.equal(variable.stdout, stdout);
});

test('usage: a name of earlier versions works on the line, as a variable and in a file, and is told once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'spellings-'));
  try {
    for (const { name, formerly = '', example = '' } of FLAGS.filter((flag) => flag.formerly)) {
      const value = example.split(' ')[0] ?? '';
      writeFileSync(join(folder, 'a.yaml'), `${formerly}: ${value}\n`);
      const runs = [
        await runCli(['policy', 'install', `--${formerly}`, value, '-t', 'env=dev']),
        await runCli(['policy', 'install', '-t', 'env=dev'], { [variableName(formerly)]: value }),
        await runCli(['policy', 'install', '-t', 'env=dev', '--config', join(folder, 'a.yaml')]),
      ];
      const now = await runCli(['policy', 'install', `--${name}`, value, '-t', 'env=dev']);
      for (const { status, stdout, stderr } of runs) {
        assert.deepEqual([status, stdout], [0, now.stdout], stderr);
        assert.equal(stderr.match(/the old word still works/g)?.length, 1, stderr);
      }
      assert.doesNotMatch(now.stderr, /old word/);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('usage: a switch takes the words that its variable takes, and no other', () => {
  // Without this `--dry-run=yes` would be read as a no, and sent.
  assert.throws(() => readCommandLine(['install', '--dry-run=please']), /--dry-run cannot be "please"/);
  assert.throws(() => readCommandLine(['lab', 'up', '--foreground=']), /--foreground cannot be ""/);
});

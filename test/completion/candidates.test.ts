import assert from 'node:assert/strict';
import { test } from 'node:test';
import { execa } from 'execa';
import fc from 'fast-check';
import { FORMATS } from '../../src/bundle/index.ts';
import { chooseWanted, fillIn } from '../../src/cli/completion/candidates.ts';
import { readLine } from '../../src/cli/completion/line.ts';
import type { AccountContents } from '../../src/commands/completion/account-cache.ts';
import { COMMANDS } from '../../src/commands/index.ts';
import { SCRIPTS } from '../../src/commands/render/render-list.ts';
import { listTakenFlags, listValues } from '../../src/commands/taken-flags.ts';
import { FLAGS } from '../../src/settings/flags.ts';
import { readSettings } from '../../src/settings/settings.ts';

const KNOWN: AccountContents = {
  instances: [{ id: 'i-0aaaaaaaaaaaaaaa1', name: 'host-1', tag: 'web-1' }],
  tags: { env: ['dev', 'prod'], toString: ['x'] },
};

function offer(line: string, known: AccountContents = KNOWN, profiles = ['work']): string[] {
  const words = line.split(' ');
  return fillIn(chooseWanted(words), words.at(-1) ?? '', known, profiles).map(({ text }) => text);
}

for (const entry of COMMANDS) {
  test(`completion: ${entry.name} is offered its own flags and no others`, () => {
    const names = new Set(listTakenFlags(entry).map(({ name }) => `--${name}`));
    assert.deepEqual(new Set(offer(`${entry.name} -`)), names.add('--help').add('--help-all'));
  });
}

test('completion: every value that is offered for a flag is one that the flag takes', () => {
  for (const flag of FLAGS.filter(({ name }) => name !== 'config')) {
    for (const value of listValues(flag)) {
      assert.ok(offer(`install --${flag.name} `).includes(value) || flag.group === 'Measure', flag.name);
      readSettings({ [flag.name]: flag.kind === 'list' ? [value] : value });
    }
  }
  assert.deepEqual(offer('measure --arm '), [
    'nothing',
    'keeper',
    'input',
    'query',
    'output',
    'foreground',
    'background',
    'size',
    'resize',
  ]);
});

test('completion: every text that render has is offered, and named by its help', () => {
  const names = [...Object.keys(SCRIPTS), ...FORMATS.map(({ name }) => name)];
  assert.deepEqual(offer('render '), names);
  const { words } = COMMANDS.find(({ name }) => name === 'render') ?? assert.fail();
  for (const { name } of FORMATS) assert.ok(words?.describe.includes(name), name);
});

test('completion: what was said is not offered again, except for lists', () => {
  assert.ok(!offer('install --interval 45 --').includes('--interval'));
  assert.ok(!offer('install --interval=45 --').includes('--interval'));
  assert.ok(offer('install --tag env=dev --').includes('--tag'));
  assert.deepEqual(offer('install --entry env,'), ['env,profile', 'env,rc']);
  assert.deepEqual(offer('install --tag env=dev,'), ['env=dev,prod']);
});

test('completion: nothing is offered where nothing is known to fit', () => {
  for (const line of [
    'install --interval ',
    'doctor x ',
    'lab up ',
    'frobnicate --x ',
    'install --nope=',
    'lab up a',
  ])
    assert.deepEqual(offer(line), [], line);
  assert.deepEqual(offer('status --tag nowhere='), ['env=', 'toString=']);
  assert.deepEqual(offer('status --tag constructor='), ['env=', 'toString=']);
});

test('completion: hosts go by id and by name', () => {
  for (const name of ['connect', 'measure', 'doctor'])
    assert.deepEqual(offer(`${name} `), ['i-0aaaaaaaaaaaaaaa1', 'web-1']);
  assert.deepEqual(offer('install --instance-id '), ['i-0aaaaaaaaaaaaaaa1']);
  assert.deepEqual(offer('status web-2 '), ['i-0aaaaaaaaaaaaaaa1', 'web-1']);
  assert.deepEqual(offer('status --profile '), ['work']);
});

test('completion: no name that others gave is offered where it would be a flag', () => {
  const offerNamed = (line: string, word: string) => {
    const instances = [{ id: word, name: word, tag: word }];
    return offer(line, { instances, tags: { [word]: [word] } }, [word]);
  };
  const lines = COMMANDS.flatMap((entry) => [
    entry.name,
    ...listTakenFlags(entry).map(({ name }) => `${entry.name} --${name}`),
  ]);
  for (const line of lines.flatMap((line) => [`${line} `, `${line} -`, `${line}=`, `${line} x `]))
    assert.ok(!offerNamed(line, '--zzz').some((text) => text.startsWith('--zzz')), line);
  for (const line of ['connect ', 'install --instance-id ', 'install --tag ', 'status --profile '])
    assert.ok(
      offerNamed(line, 'zzz').some((text) => text.startsWith('zzz')),
      line,
    );
  assert.deepEqual(offerNamed('status --profile=', '--zzz'), ['--profile=--zzz']);
});

test('completion: a line is read as bash reads it (seeded)', async () => {
  const piece = fc.constantFrom(
    'a',
    'ü',
    ' ',
    '\\ ',
    "'b c'",
    '"d e"',
    '\\"',
    "'\\'",
    '"\\""',
    '"\\x"',
    '=',
    ':',
    '""',
  );
  const lines = fc.sample(
    fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
    {
      seed: 20240503,
      numRuns: 200,
    },
  );
  // `x` in front, so that no word is an assignment; the empty last word is what comes after a blank.
  const script = lines.map((line) => `printf '%s\\x01' x ${line}\nprintf '\\n'`).join('\n');
  const { stdout } = await execa('bash', ['--norc'], { input: script, env: { LC_ALL: 'C.UTF-8' } });
  for (const [index, row] of stdout.split('\n').entries()) {
    const line = `x ${lines[index]}`;
    const { words } = readLine(line);
    const read = words.at(-1) === '' && !/(""|'')$/.test(line) ? words.slice(0, -1) : words;
    assert.deepEqual(read, row.split('\x01').slice(0, -1), JSON.stringify(line));
  }
  assert.deepEqual(readLine('A=1 B=2 ssm-keepalive status --tag "env=d').words.slice(-1), ['env=d']);
  assert.equal(readLine('ssm-keepalive "a').quote, '"');
});

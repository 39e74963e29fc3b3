import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { leaveOutPythonComments } from '../../src/bundle/comments.ts';
import {
  type BundleSettings,
  BundleTooLargeError,
  renderBundle,
  wireCommands,
} from '../../src/bundle/index.ts';
import { ENTRIES } from '../../src/bundle/inputs.ts';
import { TEMPLATES_FOLDER } from '../../src/bundle/render.ts';
import { LIFE_TABLE } from '../session/keepers.ts';
import { bundleOf, SETTINGS } from '../support/bundle.ts';
import { coverOf, isLong, someOf, TURN } from '../support/turns.ts';

const source = fileURLToPath(new URL('../../src', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-bundle-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

const KINDS = [
  { wrap: 'none', shell: 'keep' },
  { wrap: 'tmux', shell: 'login' },
  { wrap: 'tmux', shell: 'keep' },
  { wrap: 'none', shell: 'login' },
] as const;
const COMBINATIONS = (['auto', 'relay', 'prompt'] as const).flatMap((keeper) =>
  (['ssm', 'all'] as const).flatMap((scope) =>
    ([['env', 'profile'], ['env'], ['profile'], []] as const).flatMap((entries, index) =>
      // All kinds with the default entries; one kind each with the others, or the linters take minutes.
      KINDS.filter((_, kind) => index === 0 || kind === index).map((kind) => ({
        keeper,
        scope,
        entries,
        ...kind,
      })),
    ),
  ),
);
/** For the linters: every keeper with every other setting. */
const LINTED = coverOf(COMBINATIONS, ({ keeper, scope, entries, wrap, shell }) =>
  [scope, entries.join(), `${wrap} ${shell}`].map((setting) => `${keeper} ${setting}`),
);
const tool = (name: string) => (existsSync(`/usr/bin/${name}`) ? false : `absent: ${name}`);

test('equal settings give equal bytes, and any setting that lands on an instance changes the digest', () => {
  assert.deepEqual(bundleOf(), bundleOf());
  const digests = COMBINATIONS.map((changes) => bundleOf(changes).digest);
  assert.equal(new Set(digests).size, COMBINATIONS.length);
  for (const changes of [{ intervalSeconds: 30 }, { maxIdleSeconds: 600 }])
    assert.notEqual(bundleOf(changes).digest, bundleOf().digest);
});

test('whether to restart is delivery, not content: the digest stays', () => {
  assert.equal(bundleOf({ restart: false }).digest, bundleOf({ restart: true }).digest);
  assert.notEqual(bundleOf({ restart: false }).installer, bundleOf({ restart: true }).installer);
});

test('the digest is that of the manifest, which has the sha256 of every other file', () => {
  const { files, digest } = bundleOf();
  const manifest = files.find(({ path }) => path === 'manifest')!;
  assert.ok(createHash('sha256').update(manifest.text).digest('hex').startsWith(digest));
  for (const file of files) {
    assert.equal(createHash('sha256').update(file.text).digest('hex'), file.sha256);
    if (file !== manifest) assert.ok(manifest.text.includes(`${file.sha256} ${file.path}\n`), file.path);
  }
});

test('what goes over the wire starts with a shebang and has nothing that the service expands', () => {
  // Whether it fits: combinations.test.ts, for all of them.
  for (const changes of COMBINATIONS.filter(({ entries }) => entries.length === 2)) {
    const bundle = bundleOf(changes);
    for (const name of ['install', 'uninstall', 'status'] as const) {
      const commands = wireCommands(name, bundle);
      const text = commands.join('\n');
      assert.equal(commands[0], '#!/bin/sh');
      assert.doesNotMatch(text, /\{\{/);
      assert.ok(commands.every((line) => !line.includes('\n')));
    }
  }
});

test('the wire text is the same every time; it shows its plain text on request, and that is the script', () => {
  const bundle = bundleOf();
  assert.deepEqual(wireCommands('install', bundle), wireCommands('install', bundleOf()));
  const path = join(folder, 'wire.sh');
  writeFileSync(path, wireCommands('status', bundle).join('\n'));
  const { stdout } = spawnSync('/bin/sh', [path], { env: { SSM_KEEPALIVE_SHOW: '1' }, encoding: 'utf8' });
  assert.equal(stdout, bundle.status);
});

test('a wire text that was changed on its way, or cannot be unpacked, says so in one line of JSON', () => {
  const text = wireCommands('status', bundleOf()).join('\n');
  const spoilt = text.replace(/\n([A-Za-z0-9+/]{20})([A-Za-z0-9+/]{3980})\n/, '\n$2$1\n');
  assert.notEqual(spoilt, text);
  const withoutTools = text.replace('PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'PATH=/nonexistent');
  for (const bad of [spoilt, withoutTools]) {
    const path = join(folder, 'spoilt.sh');
    writeFileSync(path, bad);
    const { stdout, status } = spawnSync('/bin/sh', [path], { encoding: 'utf8' });
    assert.equal(status, 1);
    assert.deepEqual(
      [JSON.parse(stdout).verdict, JSON.parse(stdout).step, JSON.parse(stdout).class],
      ['failed', 'unpack', 'script failed'],
    );
  }
});

test('what is sent is the commented text without comment lines and inner docstrings, less indented, and nothing else is missing', () => {
  const sent = bundleOf(COMBINATIONS[0]);
  const read = renderBundle({ ...SETTINGS, ...COMBINATIONS[0] }, { hasComments: true });
  let leftOut = 0;
  for (const [index, { path, text }] of read.files.entries()) {
    if (path === 'manifest') continue;
    const kept = (sent.files[index]?.text ?? '').split('\n');
    let at = 0;
    const commented = path.endsWith('.py') ? leaveOutPythonComments(text) : text;
    for (const line of commented.split('\n')) {
      if (line.trimStart() === kept[at]?.trimStart()) at += 1;
      else {
        assert.match(line, at === 0 ? /^(# \S.*)?$/ : /^\s*# \S/, path);
        leftOut += 1;
      }
    }
    assert.equal(at, kept.length, path);
  }
  assert.ok(leftOut > 100);
});

test('the readable form has the reasons that templates keep to themselves', () => {
  const settings = { ...SETTINGS, wrap: 'tmux', shell: 'login', ssh: true, entries: [...ENTRIES] } as const;
  const { files, installer, status, uninstaller } = renderBundle(settings, { hasComments: true });
  const readable = [...files.map(({ text }) => text), installer, status, uninstaller].join('\n');
  let reasons = 0;
  for (const name of templateNames().filter((each) => !each.startsWith('formats/'))) {
    const [, ...comments] = readFileSync(join(TEMPLATES_FOLDER, name), 'utf8').split(/^<%#/m);
    // The header says what a template is, for those who change it.
    for (const comment of comments.slice(1)) {
      const [line = ''] = comment.split(/\n|-%>/);
      assert.ok(readable.includes(`# ${line.trim()}\n`), `${name}: ${line}`);
      reasons += 1;
    }
  }
  assert.ok(reasons > 20);
});

test('a bundle that does not fit is refused when it is to be sent, and its largest files are named', () => {
  const { files } = bundleOf();
  const noise = randomBytes(60_000).toString('base64');
  const grown = files.map((file) => (file.path === 'relay.py' ? { ...file, text: noise } : file));
  const bundle = { ...bundleOf(), files: grown, installer: noise };
  assert.doesNotThrow(() => wireCommands('status', bundle));
  assert.throws(
    () => wireCommands('install', bundle),
    (error) =>
      error instanceof BundleTooLargeError &&
      /the largest files are relay\.py \(80000 bytes\),/.test(error.message),
  );
});

const templateNames = () =>
  readdirSync(TEMPLATES_FOLDER, { recursive: true })
    .map(String)
    .filter((each) => each.endsWith('.ejs'));

test('no template has a %> or <% that EJS would eat inside shell or Python text', () => {
  for (const name of templateNames()) {
    const text = readFileSync(join(TEMPLATES_FOLDER, name), 'utf8');
    // Every tag opens with one of the forms we use and closes before the next one opens.
    const rest = text.replaceAll(/<%#[\s\S]*?-%>|<%[=-]? [\s\S]*?-?%>/g, '');
    assert.doesNotMatch(rest, /<%|%>/, name);
    assert.doesNotMatch(text, /%%>|<%%/, name);
    // Unquoted output is for partials, a version that is ours, and what was quoted or packed before.
    for (const [tag] of text.matchAll(/<%- [\s\S]*?%>/g))
      assert.match(
        tag,
        /^<%- (include\('|version |digest |payload |pythonSearch |hereDocument\(text\)|entries\.join\(' '\) )/,
        `${name}: ${tag}`,
      );
  }
});

test('no pattern of the entry has more than three stars: zsh is slow with many', () => {
  for (const { path, text } of bundleOf({ shell: 'login', wrap: 'tmux' }).files.filter((file) =>
    /entry/.test(file.path),
  ))
    assert.doesNotMatch(text, /[#%]\*( \*){3}/, path);
});

test('only render.ts imports ejs', () => {
  const importers = readdirSync(source, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.ts') && /from 'ejs'/.test(readFileSync(join(source, name), 'utf8')));
  assert.deepEqual(importers, ['bundle/render.ts']);
});

test('the table of what lives and dies says what the design says, in every cell', () => {
  const lives = (keeper: string, policy: string, activity: string, shell: string) =>
    LIFE_TABLE.find(
      (cell) =>
        cell.keeper === keeper &&
        cell.policy === policy &&
        cell.activity === activity &&
        cell.shell === shell,
    )!.lives;
  assert.equal(LIFE_TABLE.length, 3 * 3 * 3 * 3 * 2);
  const relay = LIFE_TABLE.filter(({ keeper }) => keeper === 'relay');
  assert.ok(relay.every(({ client, lives }) => lives === (client === 'answers')));
  assert.ok(LIFE_TABLE.every((cell) => cell.keeper !== 'none' || !cell.lives));
  assert.ok(lives('prompt', 'input', 'prompt', 'swallows'));
  assert.ok(!lives('prompt', 'any', 'prompt', 'plain'));
  const asked = LIFE_TABLE.filter(({ keeper, client }) => keeper === 'prompt' && client === 'silent');
  assert.ok(asked.every((cell) => !cell.lives));
  for (const activity of ['silent-job', 'reading']) assert.ok(!lives('prompt', 'any', activity, 'swallows'));
  assert.ok(!lives('prompt', 'any', 'prompt', 'untouched'));
});

/** The shell text that lands on instances or goes there. */
function scripts(combinations: readonly Partial<BundleSettings>[], hasComments = false) {
  const found = new Map<string, { text: string; isBash: boolean }>();
  for (const changes of combinations) {
    const bundle = renderBundle({ ...SETTINGS, ...changes }, { hasComments });
    for (const { path, sha256, text } of bundle.files)
      if (/\.sh$|\.bash$/.test(path)) found.set(sha256, { text, isBash: path.endsWith('.bash') });
    for (const text of [bundle.installer, bundle.uninstaller, bundle.status])
      found.set(createHash('sha256').update(text).digest('hex'), { text, isBash: false });
  }
  return [...found].map(([sum, { text, isBash }]) => {
    const path = join(folder, `${sum.slice(0, 12)}.sh`);
    writeFileSync(path, text);
    return { path, isBash, isInstaller: text.includes('print_file()') };
  });
}

let rendered: ReturnType<typeof scripts> | undefined;
const allScripts = () => (rendered ??= scripts(LINTED));

/** One process reads them all: a start from here costs more than the reading. Prints each that has a complaint. */
const READ_ALL = 'for file do "$0" $APPLET -n "$file" 2>&1 || echo "$file: status $?"; done';

for (const shell of someOf([['dash'], ['bash'], ['busybox', 'sh'], ['ksh'], ['mksh']], 2)) {
  test(`${shell.join(' ')} -n reads every script of every keeper with every setting`, {
    skip: tool(shell[0]!),
  }, () => {
    const paths = allScripts()
      .filter(({ isBash }) => !isBash || shell[0] === 'bash')
      .map(({ path }) => path);
    const { stdout } = spawnSync('/usr/bin/dash', ['-c', READ_ALL, `/usr/bin/${shell[0]}`, ...paths], {
      encoding: 'utf8',
      env: { APPLET: shell[1] ?? '' },
    });
    // ksh93 -n advises its own arithmetic, which no other sh has, and spaces that shfmt takes out again.
    const complaints = stdout
      .split('\n')
      .filter((line) => line !== '' && !/is slower than|use space or tab to separate/.test(line));
    assert.deepEqual(complaints, []);
  });
}

/** shellcheck takes seconds for an installer, and the keepers make no difference to the rest of it. */
const CHECKED = [{}, { keeper: 'prompt', scope: 'all', entries: ['env'] }] as const;

test('shellcheck has nothing to say about the rendered scripts, with their comments', {
  skip: tool('shellcheck'),
}, () => {
  // 2154, 2034: variables set through eval by read_line. 2317: functions called by name. 2015: `a && b || fail` is meant. 2115: names checked before.
  const { stdout } = spawnSync(
    '/usr/bin/shellcheck',
    [
      '-f',
      'gcc',
      '-e',
      'SC2154,SC2034,SC2317,SC2015,SC2016',
      // One of the two bundles a day, every second script of it.
      ...scripts(someOf(CHECKED, 1), true)
        .filter((_, index) => isLong || (index + (TURN >> 1)) % 2 === 0)
        .map(({ path }) => path),
    ],
    { encoding: 'utf8' },
  );
  assert.equal(stdout, '');
});

test('shfmt would not change the rendered scripts, with their comments', { skip: tool('shfmt') }, () => {
  const own = scripts(LINTED, true)
    .filter(({ isBash, isInstaller }) => !isBash && !isInstaller)
    .map(({ path }) => path);
  const { stdout } = spawnSync('/usr/bin/shfmt', ['-d', '-i', '2', '-ci', '-ln', 'posix', ...own], {
    encoding: 'utf8',
  });
  assert.equal(stdout, '');
});

const golden = fileURLToPath(new URL('../golden', import.meta.url));

for (const file of bundleOf({ keeper: 'auto' }).files.filter(
  ({ place, path }) => place !== 'opt' && !/^(relay|prompt)/.test(path) && path !== 'manifest',
)) {
  const name = file.path.replace(/^\//, '').replaceAll('/', '__');
  test(`${file.path} is the golden file (UPDATE_GOLDEN=1 writes it)`, () => {
    const path = join(golden, name);
    if (process.env['UPDATE_GOLDEN']) writeFileSync(path, file.text);
    assert.equal(file.text, readFileSync(path, 'utf8'));
  });
}

test('the settings that tests share are the ones that no flag changes', () => {
  assert.equal(SETTINGS.intervalSeconds, 45);
});

import assert from 'node:assert/strict';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FORMATS, treeFiles } from '../../src/bundle/index.ts';
import { render } from '../../src/commands/render/render.ts';
import { writeTree } from '../../src/commands/render/tree-folder.ts';
import { UsageError, UserError } from '../../src/errors.ts';
import type { RawFlags } from '../../src/settings/flags.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { bundleOf, DROP_IN, ENV, LIBRARY } from '../support/bundle.ts';
import { makeInvocation, makeIo, runCli } from '../support/cli.ts';
import { formatOf } from '../support/formats.ts';
import { Sandbox, skipUnless } from '../support/sandbox.ts';

const bundle = bundleOf();

function scratch(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-render-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Every file and folder below, with its mode. */
function list(folder: string): string[] {
  return readdirSync(folder, { recursive: true })
    .map(String)
    .map((path) => `${(statSync(join(folder, path)).mode & 0o7777).toString(8)} ${path}`)
    .sort();
}

/** Runs the command in this process; what it printed, and where. */
async function run(words: string[], own: Record<string, string | boolean> = {}, flags: RawFlags = {}) {
  const printed = { out: '', err: '' };
  const io = makeIo({
    out: (text) => {
      printed.out += text;
    },
    err: (text) => {
      printed.err += text;
    },
  });
  const status = await render(readSettings(flags), io, makeInvocation({ words, own }));
  return { status, ...printed };
}

test('render NAME prints each format, --url only where something fetches, and the list names them all', async () => {
  for (const { name, usesUrl } of FORMATS) {
    const url = usesUrl === 'never' ? undefined : 'https://example.com/i.sh';
    const { status, out } = await run([name], url ? { url } : {});
    assert.equal(status, 0, name);
    assert.equal(out, formatOf(name, bundle, url), name);
  }
  const { out } = await run([]);
  for (const { name } of FORMATS) assert.match(out, new RegExp(`^  ${name} `, 'm'));
});

test('render says on standard error what does not fit, and --quiet does not', async () => {
  for (const [name, pattern] of [
    ['cloud-init', /more than the 16384 that EC2 takes as user data\n {2}next: /],
    ['cloudformation', /more than the 51200 that CloudFormation takes in a request\n {2}next: /],
  ] as const) {
    const { out, err } = await run([name]);
    assert.equal(out, formatOf(name, bundle));
    assert.match(err, pattern);
    assert.equal((await run([name], {}, { quiet: true })).err, '');
  }
});

test('render refuses flags without use, each with a way on', async () => {
  const refused = async (words: string[], own: Record<string, string | boolean>, what: RegExp) =>
    assert.rejects(run(words, own), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.what, what);
      assert.notEqual(error.next, '');
      return true;
    });
  await refused(['user-data'], {}, /user-data needs --url/);
  await refused(['ansible'], { url: 'https://x/y' }, /--url has no use with "ansible"/);
  await refused([], { url: 'https://x/y' }, /--url has no use without a name/);
  for (const url of ['ftp://x/y', 'https://x/y z', 'https://', 'https://x/\n', ''])
    await refused(['cloud-init'], { url }, /--url cannot be/);
  await refused(['ansible'], { out: 'x' }, /--out writes the tree of an image, not "ansible"/);
  await refused(['ansible'], { comments: true }, /--comments is for reading one file/);
  await refused([], { comments: true, out: 'x' }, /--comments is for reading one file/);
  for (const word of ['ansibel', 'constructor', 'toString']) await refused([word], {}, /there is no/);
});

test('--out writes what the installer would put into an empty image, with its modes, whatever the umask', {
  skip: skipUnless('bwrap', 'python3'),
}, async (context) => {
  const folder = join(scratch(context), 'a tree');
  const before = process.umask(0o077);
  try {
    writeTree(treeFiles(bundle), folder);
  } finally {
    process.umask(before);
  }
  const image = new Sandbox();
  context.after(() => image.close());
  image.runScript(bundle.installer, { env: { SSM_KEEPALIVE_ROOT: '/.' } });
  for (const entry of list(folder)) {
    const [mode, path = ''] = [entry.slice(0, entry.indexOf(' ')), entry.slice(entry.indexOf(' ') + 1)];
    const isFolder = statSync(join(folder, path)).isDirectory();
    assert.equal(mode, path === '' || isFolder ? '755' : '644', path);
    // What only hosts with a snap have, and what the installer remembers about this one host.
    if (isFolder || path.includes('/snap.') || path.endsWith('/record')) continue;
    assert.equal(readFileSync(join(folder, path), 'utf8'), image.read(path), path);
  }
  assert.ok(image.has(DROP_IN));
});

test('a tree that was copied into an image is an installation: status, sessions, update and uninstall', {
  skip: skipUnless('bwrap', 'python3', 'dash'),
}, async (context) => {
  const kept = bundleOf({ intervalSeconds: 1 });
  const image = new Sandbox();
  context.after(() => image.close());
  const before = image.snapshot('usr/local', 'opt', 'etc/profile.d');
  const folder = scratch(context);
  writeTree(treeFiles(kept), folder);
  cpSync(folder, image.folder, { recursive: true });
  const { verdict } = image.runScript(kept.status);
  // The marked lines are the installer's.
  assert.deepEqual([verdict['digest'], verdict.drifted], [kept.digest, ['/etc/zsh/zprofile']]);
  (await image.openKept({ executable: '/usr/bin/dash', env: { ENV } })).close();
  const repaired = image.runScript(kept.installer, { env: { SSM_KEEPALIVE_ROOT: '/.' } });
  assert.deepEqual([repaired.status, repaired.verdict.drifted], [0, []]);
  const gone = image.runScript(kept.uninstaller, { env: { SSM_KEEPALIVE_ROOT: '/.' } });
  assert.equal(gone.verdict['verdict'], 'removed', gone.stdout);
  assert.equal(image.snapshot('usr/local', 'opt', 'etc/profile.d'), before);
});

test('--out over an older tree replaces it, and leaves nothing of it but what somebody edited', (context) => {
  const folder = scratch(context);
  const old = bundleOf({ keeper: 'prompt' });
  writeTree(treeFiles(old), folder);
  writeFileSync(join(folder, LIBRARY, old.digest, 'entry.sh'), 'edited\n');
  mkdirSync(join(folder, '.ssm-keepalive-staged-killed'));
  const gone = writeTree(treeFiles(bundleOf({ entries: ['env'] })), folder);
  assert.ok(gone.includes('etc/profile.d/00-ssm-keepalive.sh'));
  const left = list(folder).filter(
    (entry) => entry.includes(old.digest) || entry.includes('staged') || entry.includes('profile.d'),
  );
  assert.deepEqual(left, [`644 ${LIBRARY}/${old.digest}/entry.sh`, `755 ${LIBRARY}/${old.digest}`]);
  assert.deepEqual(writeTree(treeFiles(bundleOf({ entries: ['env'] })), folder), []);
});

test('--out refuses what is not ours, links and the machine’s own root, and writes nothing', (context) => {
  const refused = (folder: string, pattern: RegExp) => {
    const before = list(folder);
    assert.throws(
      () => writeTree(treeFiles(bundle), folder),
      (error) => error instanceof UserError && pattern.test(error.message),
    );
    assert.deepEqual(list(folder), before);
  };
  const stranger = scratch(context);
  mkdirSync(join(stranger, 'etc/profile.d'), { recursive: true });
  writeFileSync(join(stranger, 'etc/profile.d/00-ssm-keepalive.sh'), 'mine\n');
  refused(stranger, /00-ssm-keepalive\.sh is there already and is not ours; nothing was written/);
  const linked = scratch(context);
  symlinkSync(stranger, join(linked, 'etc'));
  refused(linked, /etc is there already.*land elsewhere/);
  const occupied = scratch(context);
  mkdirSync(join(occupied, dirname(LIBRARY)), { recursive: true });
  writeFileSync(join(occupied, LIBRARY), '');
  refused(occupied, /not ours/);
  assert.throws(() => writeTree(treeFiles(bundle), '/'), /own root/);
  const file = join(scratch(context), 'file');
  writeFileSync(file, '');
  assert.throws(
    () => writeTree(treeFiles(bundle), file),
    (error) => error instanceof UserError && error.exitStatus === 2,
  );
});

test('--out reports for people and programs', async (context) => {
  const folder = join(scratch(context), 'it’s a tree');
  const { status, stdout, stderr } = await runCli(['render', '--out', folder]);
  assert.equal(status, 0, stderr);
  assert.match(stdout, new RegExp(`^bundle ${bundle.digest}: \\d+ files in `));
  const report = JSON.parse((await run([], { out: folder }, { output: 'json' })).out);
  assert.deepEqual(
    [report.digest, report.folder, report.removed, report.files.length],
    [bundle.digest, folder, [], treeFiles(bundle).length],
  );
});

test('render: the words of the list fit the terminal; the row of a file stays one row', async () => {
  const { stdout } = await runCli(['render']);
  for (const line of stdout.split('\n').filter((one) => !/^\d{4} /.test(one)))
    assert.ok(line.length <= 80, line);
  assert.match(stdout, /^\d{4} +\d+ \w{12} \/etc\/systemd\/system\/snap\.\S+$/m);
});

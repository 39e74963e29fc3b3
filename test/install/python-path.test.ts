// Python imports nothing from where the user stands, whatever is planted there, in any version.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { PYTHON_PROGRAMS, PYTHON_SEARCH } from '../../src/bundle/python.ts';
import { renderTemplate } from '../../src/bundle/render.ts';
import { bundleOf } from '../support/bundle.ts';
import { someOf } from '../support/turns.ts';

const versions = join(homedir(), '.pyenv/versions');
const PYTHONS = [
  '/usr/bin/python3',
  ...(existsSync(versions) ? readdirSync(versions).map((name) => join(versions, name, 'bin/python')) : []),
].filter(existsSync);

/** What each program imports, and with it every module that those bring. */
const LISTED =
  'errno, fcntl, json, os, select, stat, struct, sys, termios, time, signal, py_compile, relay, selftest';

const SESSIONS = renderTemplate('host/sessions.py.ejs', 'python', { pythonSearch: PYTHON_SEARCH });
const PROGRAMS = { ...PYTHON_PROGRAMS, sessions: SESSIONS };

/** The flags as rendered, by what the interpreter is called. */
const flagsOf = (python: string) => (python.includes('/2.7') ? ['-E', '-s', '-S', '-B'] : ['-I', '-S', '-B']);

test('the program that looks for sessions settles its path first', () => {
  assert.ok(SESSIONS.startsWith(`${PYTHON_SEARCH}\nimport json\n`), SESSIONS.slice(0, 200));
  assert.match(bundleOf().status, /__SSMKA_PYTHON'\nimport sys; sys\.path\[:\] = /);
});

test('the rendered scripts start Python with the shared programs and in no other way', () => {
  const { installer, status, uninstaller } = bundleOf();
  for (const script of [installer, status, uninstaller]) {
    const started = script.match(/^.*(?:run_python "|set -- "\$@" -c ).*$/gm) ?? [];
    assert.ok(started.length > 0);
    for (const line of started)
      assert.match(line, /import sys; sys\.path\[:\] = |"\$\(print_sessions_program\)"/);
    assert.doesNotMatch(script, /-c '?import (?!sys; sys\.path)/);
  }
});

// The oldest two, whose search differs, each day; the others by turns.
const OLD = PYTHONS.filter((python) => /\/(2\.7|3\.6)/.test(python));
const NEW = PYTHONS.filter((python) => !OLD.includes(python));

for (const python of [...OLD, ...someOf(NEW, 2)]) {
  test(`${python}: no planted module is imported by any program`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-test-path-'));
    try {
      const [ours, shared] = [join(folder, 'ours'), join(folder, 'shared')];
      mkdirSync(ours);
      mkdirSync(shared);
      for (const file of bundleOf().files)
        if (/^(relay|selftest)\.py$/.test(file.path)) writeFileSync(join(ours, file.path), file.text);
      const listed = spawnSync(
        python,
        [
          '-E',
          '-s',
          '-c',
          `import sys; sys.path.insert(0, sys.argv[1]); import ${LISTED}, site, encodings; print(' '.join(sys.modules))`,
          ours,
        ],
        { encoding: 'utf8', cwd: '/' },
      );
      const modules = listed.stdout.trim().split(' ');
      assert.ok(modules.length > 20, listed.stderr);
      const ran = join(folder, 'ran');
      const evil = (module: string) =>
        `open(${JSON.stringify(ran)}, 'a').write(${JSON.stringify(`${module} `)})\n`;
      for (const module of [...modules, 'sitecustomize', 'usercustomize']) {
        if (module.includes('.')) continue;
        writeFileSync(join(shared, `${module}.py`), evil(module));
      }
      writeFileSync(join(shared, 'evil.pth'), `import os; ${evil('pth')}`);
      writeFileSync(join(shared, 'pyvenv.cfg'), `home = ${shared}\n`);
      for (const [program, text] of Object.entries(PROGRAMS)) {
        // The imports are what is looked at: a whole self-test would wait for a session.
        const imports = text.replace('selftest.main()', 'pass');
        spawnSync(python, [...flagsOf(python), '-c', imports, ours, join(ours, 'relay.py')], {
          cwd: shared,
          timeout: 20_000,
          env: {
            PATH: '/usr/bin:/bin',
            PYTHONPATH: shared,
            PYTHONHOME: '',
            PYTHONUSERBASE: shared,
            HOME: shared,
          },
        });
        assert.equal(existsSync(ran), false, `${program} imported a planted module`);
      }
      // As the shared folder is dangerous: without the first statements 2.7 falls for it.
      if (!python.includes('/2.7')) return;
      spawnSync(python, [...flagsOf(python), '-c', 'import relay'], { cwd: shared });
      assert.equal(existsSync(ran), true, 'the planted modules can be imported at all');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

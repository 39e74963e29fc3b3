// Which Python sessions get: one that was seen to work, whatever was recorded before, and also one that came later.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, realpathSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { test } from 'node:test';
import { bundleOf, installQuietly, LIBRARY } from '../support/bundle.ts';
import { type Outcome, Sandbox, skipUnless } from '../support/sandbox.ts';
import { someOf } from '../support/turns.ts';

const skip = skipUnless('bwrap', 'python3', 'dash');
const PYTHON = '/usr/bin/python3';

/** A host whose version in use names `text`, an executable of its own, as its interpreter. */
function hostWithInterpreter(text: string): Sandbox {
  const sandbox = new Sandbox();
  installQuietly(sandbox, bundleOf({ intervalSeconds: 40 }));
  const current = sandbox.read(`${LIBRARY}/current`).trim();
  sandbox.write('opt/site/python3', text, 0o755);
  sandbox.write(`${LIBRARY}/${current}/interpreter`, '/opt/site/python3\n');
  return sandbox;
}

const FIRSTS = [
  ['fails is passed over for the next one', '#!/bin/sh\nexit 1\n', PYTHON],
  ['is a wrapper script is proved and stays', `#!/bin/sh\nexec ${PYTHON} "$@"\n`, '/opt/site/python3'],
] as const;
for (const [what, text, chosen] of someOf(FIRSTS, 1)) {
  test(`install: a first interpreter that ${what}`, { skip }, () => {
    const sandbox = hostWithInterpreter(text);
    try {
      const bundle = bundleOf();
      const { status, verdict } = sandbox.runScript(bundle.installer);
      assert.deepEqual([status, verdict['verdict'], verdict['interpreter']], [0, 'updated', chosen]);
      assert.equal(sandbox.read(`${LIBRARY}/${bundle.digest}/interpreter`), `${chosen}\n`);
      assert.equal(sandbox.runScript(bundle.status).verdict['state'], 'installed');
    } finally {
      sandbox.close();
    }
  });
}

/** Debian's python3-minimal is an interpreter without these. */
const MODULES = pythonModules();

function pythonModules(): string {
  const found = spawnSync(PYTHON, ['-I', '-c', 'import termios; print(termios.__file__)'], {
    encoding: 'utf8',
  });
  return dirname(found.stdout.trim());
}

/** A Python that comes to a host, or becomes good there, is taken up by the same bundle: three ways, by turns. */
const LATER = [
  {
    what: 'Python that came after an install without it is taken up by the same bundle, which then is unchanged',
    skip,
    show() {
      const sandbox = new Sandbox({ hasPython: false });
      try {
        const bundle = bundleOf();
        const keeperOf = () => {
          const { verdict } = sandbox.runScript(bundle.installer);
          return [verdict['verdict'], verdict['keeper'], verdict['interpreter']];
        };
        assert.deepEqual(keeperOf(), ['limited', 'none', '']);
        const real = realpathSync(PYTHON);
        sandbox.extra = ['--ro-bind', real, real];
        assert.deepEqual(keeperOf(), ['updated', 'relay', PYTHON]);
        assert.deepEqual(keeperOf(), ['unchanged', 'relay', PYTHON]);
      } finally {
        sandbox.close();
      }
    },
  },
  {
    what: 'Python in /usr/local/bin alone is taken where root alone can change it, else passed over and why',
    skip,
    show() {
      const sandbox = new Sandbox({ hasPython: false });
      try {
        const bundle = bundleOf();
        const real = realpathSync(PYTHON);
        const [local, library] = ['/usr/local/bin/python3', `/usr/local/lib/${basename(real)}`];
        sandbox.write(local, '', 0o755);
        sandbox.extra = ['--ro-bind', real, local, '--ro-bind', `/usr/lib/${basename(real)}`, library];
        const keeperOf = () => {
          const { verdict, stdout } = sandbox.runScript(bundle.installer);
          const passed = /^passed over: .*$/m.exec(stdout)?.[0];
          return [verdict['verdict'], verdict['keeper'], verdict['interpreter'], passed];
        };
        chmodSync(sandbox.path('usr/local/bin'), 0o775);
        assert.deepEqual(keeperOf(), [
          'limited',
          'none',
          '',
          `passed over: ${local}, since /usr/local/bin can be written by others than root (drwxrwxr-x): chmod go-w /usr/local/bin`,
        ]);
        assert.equal(sandbox.has(`${LIBRARY}/${bundle.digest}/interpreter`), false);
        chmodSync(sandbox.path('usr/local/bin'), 0o755);
        assert.deepEqual(keeperOf(), ['updated', 'relay', local, undefined]);
        assert.deepEqual(keeperOf(), ['unchanged', 'relay', local, undefined]);
        assert.equal(sandbox.runScript(bundle.status).verdict['keeper'], 'relay');
        chmodSync(sandbox.path('usr/local/bin'), 0o775);
        assert.equal(sandbox.runScript(bundle.status).verdict['keeper'], 'none');
      } finally {
        sandbox.close();
      }
    },
  },
  {
    what: 'a Python without termios counts as none; --keeper relay names what it lacks; whole again, it is taken up',
    skip: skip || (MODULES.startsWith('/usr/lib/') ? false : 'termios is built into this Python'),
    show() {
      const sandbox = new Sandbox();
      try {
        const [auto, relay] = [bundleOf(), bundleOf({ keeper: 'relay' })];
        const shown = ({ verdict }: Outcome) => [
          verdict['verdict'],
          verdict['keeper'],
          verdict['interpreter'],
        ];
        sandbox.extra = ['--tmpfs', MODULES];
        const refused = sandbox.runScript(relay.installer);
        assert.deepEqual([refused.status, refused.verdict['step']], [1, 'selftest']);
        assert.match(String(refused.verdict['why']), /\/python3: lacks termios/);
        assert.equal(sandbox.has(LIBRARY), false);

        assert.deepEqual(shown(sandbox.runScript(auto.installer)), ['limited', 'none', '']);
        const { verdict } = sandbox.runScript(auto.status);
        assert.equal(verdict['keeperWhy'], `${PYTHON} lacks modules of the relay`);
        assert.deepEqual(shown(sandbox.runScript(auto.installer)), ['limited', 'none', '']);

        sandbox.extra = [];
        assert.deepEqual(shown(sandbox.runScript(auto.installer)), ['updated', 'relay', PYTHON]);
        sandbox.extra = ['--tmpfs', MODULES];
        assert.equal(
          sandbox.runScript(auto.status).verdict['keeper'],
          'none',
          'what was proved is in parts now',
        );
      } finally {
        sandbox.close();
      }
    },
  },
] as const;
for (const { what, skip: skipLater, show } of someOf(LATER, 1))
  test(`install: ${what}`, { skip: skipLater }, show);

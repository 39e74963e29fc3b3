// Which Python sessions get: one that was seen to work, whatever was recorded before, and also one that came later.
import assert from 'node:assert/strict';
import { realpathSync } from 'node:fs';
import { test } from 'node:test';
import { bundleOf, installQuietly, LIBRARY } from '../support/bundle.ts';
import { Sandbox, skipUnless } from '../support/sandbox.ts';

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

for (const [what, text, chosen] of [
  ['fails is passed over for the next one', '#!/bin/sh\nexit 1\n', PYTHON],
  ['is a wrapper script is proved and stays', `#!/bin/sh\nexec ${PYTHON} "$@"\n`, '/opt/site/python3'],
] as const) {
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

test('install: Python that came after an install without it is taken up by the same bundle, which then is unchanged', {
  skip,
}, () => {
  const sandbox = new Sandbox({ hasPython: false });
  try {
    const bundle = bundleOf();
    const keeperOf = () => {
      const { verdict } = sandbox.runScript(bundle.installer);
      return [verdict['verdict'], verdict['keeper'], verdict['interpreter']];
    };
    assert.deepEqual(keeperOf(), ['installed', 'output', '']);
    assert.deepEqual(keeperOf(), ['unchanged', 'output', '']);
    const real = realpathSync(PYTHON);
    sandbox.extra = ['--ro-bind', real, real];
    assert.deepEqual(keeperOf(), ['updated', 'relay', PYTHON]);
    assert.deepEqual(keeperOf(), ['unchanged', 'relay', PYTHON]);
  } finally {
    sandbox.close();
  }
});

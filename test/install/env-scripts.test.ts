// Scripts of Run Command see ENV of the entry `env`. Where one that was left on the host uses it, the entry is left out.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AGENT_UNITS } from '../../src/bundle/places.ts';
import { renderTemplate } from '../../src/bundle/render.ts';
import { makeClient, runOn, sandboxMissing } from '../lab/test-lab.ts';
import { bundleOf, DROP_IN, installQuietly, LIBRARY } from '../support/bundle.ts';
import { runCli } from '../support/cli.ts';
import { startTestLab } from '../support/lab.ts';
import { Sandbox, shellsInTurn, skipUnless } from '../support/sandbox.ts';

const skip = skipUnless('bwrap', 'python3', 'dash', 'bash', 'busybox', 'ksh', 'mksh');
const SCRIPT =
  'var/lib/amazon/ssm/i-0aaaaaaaaaaaaaaa1/document/orchestration/0f-1/awsrunShellScript/0.awsrunShellScript/_script.sh';
const ROOTED = { SSM_KEEPALIVE_ROOT: '/.' };
const PLACES = ['etc', 'usr/local', 'opt', 'run', 'var'];

/** Whether a script with this text reads what the entry sets. */
const TEXTS: readonly (readonly [text: string, reads: boolean])[] = [
  ['echo $ENV', true],
  ['echo "$ENV"', true],
  ['cd /srv/$ENV/app', true],
  ['deploy --env=$ENV; echo', true],
  ['x=a$ENV', true],
  ['echo ${ENV}', true],
  ['echo ${ENV:-staging}', true],
  ['echo ${ENV-staging}', true],
  [': ${ENV:=prod}', true],
  [': ${ENV=prod}', true],
  ['echo ${ENV:+set}', true],
  ['echo ${ENV+set}', true],
  [': ${ENV:?is not set}', true],
  [': ${ENV?is not set}', true],
  ['echo ${ENV%-eu} ${ENV#x} ${ENV/a/b} ${ENV^^}', true],
  ['echo ${#ENV}', true],
  ['export ENV=${ENV:-prod}', true],
  ['ENV="${ENV:-prod}"', true],
  ['#!/bin/sh\n\n\tif [ -z "$ENV" ]; then ENV=prod; fi', true],
  ['echo $HOME $ENVIRONMENT $ENV', true],
  ['echo $ENV\nENV=prod', true],
  ['MYENV=prod\necho $ENV', true],
  ['echo no newline at the end of $ENV', true],
  ['echo $ENVIRONMENT ${ENVIRONMENT} $MYENV ${MY_ENV} $ENV_NAME', false],
  ["perl -e 'print $ENV{HOME}'", false],
  ['ENV=prod\necho $ENV', false],
  ['export ENV=prod; echo $ENV', false],
  ['ENV=$1\necho "${ENV}"', false],
  ['ENV=prod && echo ${ENV}', false],
  ['# $ENV is ours\necho', false],
  ['# ssm-keepalive 9.9: installs\necho $ENV', false],
  ['env | sort; echo ENV', false],
  ['', false],
];

for (const { name, argv } of shellsInTurn(0)) {
  test(`${name}: tells a script that reads ENV from one that has its own`, { skip }, () => {
    const sandbox = new Sandbox();
    try {
      for (const [index, [text]] of TEXTS.entries()) sandbox.write(`tmp/${index}`, text);
      const functions = renderTemplate('host/env-scripts.sh.ejs', 'sh', { units: AGENT_UNITS });
      const loop = `LC_ALL=C\nn=0\nwhile [ -e /tmp/$n ]; do if reads_env /tmp/$n; then echo true; else echo false; fi; n=$((n + 1)); done\n`;
      const { stdout, stderr } = sandbox.runScript(functions + loop, { shell: argv });
      assert.equal(stderr, '');
      const said = stdout.trim().split('\n');
      assert.deepEqual(
        TEXTS.map(([text], index) => [text, said[index]]),
        TEXTS.map(([text, reads]) => [text, String(reads)]),
      );
    } finally {
      sandbox.close();
    }
  });
}

for (const { name, argv } of shellsInTurn(2)) {
  test(`${name}: finds the script among what Run Command left, and says what it did not search`, {
    skip,
  }, () => {
    const sandbox = new Sandbox();
    try {
      const folder = SCRIPT.replace(/\/0f-1\/.*/, '');
      sandbox.write(SCRIPT.replace('0f-1', '0e-1'), 'echo\n');
      sandbox.write(SCRIPT.replace('_script.sh', 'stdout'), 'echo $ENV\n');
      sandbox.write(SCRIPT, 'echo $ENV\n');
      const before = sandbox.snapshot(...PLACES);
      const run = (script: string) => sandbox.runScript(script, { shell: argv, env: ROOTED });
      const look = () => run(bundleOf().installer);
      assert.match(String(look().verdict['why']), /document\/orchestration\/0f-1\/.*_script\.sh uses ENV/);
      assert.equal(run(bundleOf().uninstaller).verdict['verdict'], 'removed');
      assert.equal(sandbox.snapshot(...PLACES), before, 'taken off while the entry was left out');
      sandbox.run(['/usr/bin/chmod', '777', `/${folder}`]);
      const { verdict, stdout } = look();
      assert.equal(verdict['verdict'], 'installed');
      assert.match(
        stdout,
        /^not searched for scripts that use ENV: .*orchestration can be written by others/m,
      );
    } finally {
      sandbox.close();
    }
  });
}

test('on the lab: a script that was sent by Run Command is found, the entry is left out with exit 1, and --entry insists', {
  skip: skip || sandboxMissing(),
}, async (context) => {
  const lab = await startTestLab(context, {
    hosts: [{ name: 'web-1', id: 'i-0aaaaaaaaaaaaaaa1', tags: { env: 'dev' } }],
  });
  const client = makeClient(lab);
  context.after(() => client.destroy());
  await runOn(client, 'i-0aaaaaaaaaaaaaaa1', ['echo "${ENV:-staging}"']);
  const run = (line: string) => runCli([...line.split(' '), '--tag', 'env=dev'], lab.env);
  const first = await run('install');
  assert.equal(first.status, 1, first.stdout + first.stderr);
  assert.match(first.stdout, /web-1 +limited /);
  assert.match(
    first.stderr.replace(/\s+/g, ' '),
    /_script\.sh uses ENV.*to insist, with the same settings as now: ssm-keepalive install .*--entry env,profile/,
  );
  const insisting = await run('install --entry env,profile --output json');
  assert.equal(insisting.status, 0, insisting.stderr);
  assert.equal(JSON.parse(insisting.stdout).instances[0].entries.env, 'live');
});

test('a script that uses ENV: the first install leaves the entry out and says so, --entry insists, a later script is only named', {
  skip,
}, () => {
  const sandbox = new Sandbox();
  try {
    sandbox.write(SCRIPT, '#!/bin/sh\necho "${ENV:-staging}"\n', 0o700);
    const before = sandbox.snapshot(...PLACES);
    const bundle = bundleOf();
    const look = () => sandbox.runScript(bundle.status, { env: ROOTED }).verdict;
    for (const verdict of ['installed', 'again']) {
      const outcome = installQuietly(sandbox, bundle).verdict;
      assert.deepEqual(
        [outcome['verdict'], outcome['state'], outcome['class'], outcome.entries],
        [
          'limited',
          verdict === 'again' ? 'unchanged' : verdict,
          'entry left out',
          { env: 'off', profile: 'live', rc: 'off' },
        ],
      );
      assert.ok(String(outcome['why']).includes(`/${SCRIPT}`), String(outcome['why']));
      assert.match(
        String(outcome['next']),
        /--entry env,profile to insist, or use: preferences set --shell-profile ours/,
      );
      assert.ok(!sandbox.has(DROP_IN));
    }
    const limited = look();
    assert.deepEqual(
      [limited['state'], limited['class'], limited.drifted],
      ['limited', 'entry left out', []],
    );
    // The script is gone, and what was decided stays.
    sandbox.write(SCRIPT, 'echo\n');
    assert.equal(
      installQuietly(sandbox, bundleOf({ intervalSeconds: 30 })).verdict['class'],
      'entry left out',
    );

    const insisting = installQuietly(sandbox, bundleOf({ insistsOnEnv: true })).verdict;
    assert.deepEqual([insisting['verdict'], insisting.entries?.['env']], ['updated', 'pending']);
    assert.ok(sandbox.has(DROP_IN) && !sandbox.has(`${LIBRARY}/env-left-out`));
    const { state, drifted } = look();
    assert.deepEqual([state, drifted], ['installed', []]);

    sandbox.write(SCRIPT, 'echo $ENV\n', 0o700);
    const warned = installQuietly(sandbox, bundle);
    assert.deepEqual([warned.verdict['verdict'], warned.verdict.entries?.['env']], ['unchanged', 'pending']);
    assert.ok(String(warned.verdict['why']).includes(`/${SCRIPT} uses ENV`));
    assert.match(warned.stdout, /^warning: .*_script\.sh uses ENV/m);

    sandbox.write(SCRIPT, '#!/bin/sh\necho "${ENV:-staging}"\n', 0o700);
    installQuietly(sandbox, bundleOf({ entries: ['profile'] }));
    assert.equal(sandbox.runScript(bundle.uninstaller, { env: ROOTED }).verdict['verdict'], 'removed');
    assert.equal(sandbox.snapshot(...PLACES), before);
  } finally {
    sandbox.close();
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DockerfileParser, type Env } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';
import { bundleOf } from '../support/bundle.ts';
import { formatOf } from '../support/formats.ts';
import { Sandbox, skipUnless } from '../support/sandbox.ts';

const skip = skipUnless('bwrap', 'python3', 'dash');
const file = (changes = {}) => `FROM scratch\n${formatOf('dockerfile', bundleOf(changes))}`;

/** What a builder makes of the lines: the command of RUN, and the environment. */
function read(text: string): { command: string; env: Record<string, string> } {
  const parsed = DockerfileParser.parse(text);
  const run = parsed.getInstructions().find((instruction) => instruction.getKeyword() === 'RUN');
  const env = parsed.getENVs().flatMap((each: Env) => each.getProperties());
  return {
    command: run?.getArgumentsContent() ?? '',
    env: Object.fromEntries(env.map((each) => [each.getName(), each.getValue() ?? ''])),
  };
}

test('a linter of Dockerfiles has nothing to say about the lines, and no line is longer than a builder reads', () => {
  for (const changes of [{}, { keeper: 'prompt' }, { entries: ['env', 'profile', 'rc'], wrap: 'tmux' }]) {
    const text = file(changes);
    assert.deepEqual(validate(text), []);
    // BuildKit's scanner stops at 65,535 bytes a line, and the kernel at 128 KiB a word.
    assert.ok(text.split('\n').every((line) => line.length < 65_535));
    assert.ok(read(text).command.length < 131_072);
  }
});

test('the command installs the bundle, and a session that is started as ECS Exec does, with ENV, has heartbeats', {
  skip,
}, async () => {
  const bundle = bundleOf({ intervalSeconds: 1 });
  const { command, env } = read(`FROM scratch\n${formatOf('dockerfile', bundle)}`);
  const container = new Sandbox({ hasUnit: false });
  try {
    const built = container.run(['/bin/sh', '-c', command], { env: { SSM_KEEPALIVE_ROOT: '/.' } });
    assert.equal(built.status, 0, built.stderr);
    assert.deepEqual([built.verdict['verdict'], built.verdict['digest']], ['installed', bundle.digest]);
    assert.equal(container.has('tmp/ssm-keepalive-installer'), false);
    // The words of --command, as root, without a shell between.
    const session = await container.openKept({
      executable: '/bin/sh',
      argv0: '/bin/sh',
      uid: 0,
      env: { ...env, HOME: '/root' },
    });
    try {
      session.type('echo "ENV=${ENV-unset}"; exit 7\r');
      assert.equal(await session.exited(), 7);
      assert.match(session.screen, /ENV=unset/);
    } finally {
      session.close();
    }
  } finally {
    container.close();
  }
});

test('a download that was changed is not run', { skip }, () => {
  const { command } = read(file());
  const container = new Sandbox({ hasUnit: false });
  try {
    const spoilt = command.replace(/ echo "[0-9a-f]{8}/, ' echo "00000000');
    assert.notEqual(spoilt, command);
    const built = container.run(['/bin/sh', '-c', spoilt], { env: { SSM_KEEPALIVE_ROOT: '/.' } });
    assert.notEqual(built.status, 0);
    assert.equal(container.has('usr/local/lib/ssm-keepalive'), false);
  } finally {
    container.close();
  }
});

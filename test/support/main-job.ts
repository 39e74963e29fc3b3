/** The main job from an installed package: install on the lab, then what status says. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { execa } from 'execa';

export interface Seat {
  /** What stands in front of the command. */
  readonly before: readonly string[];
  readonly env: Record<string, string>;
}

/** A home and a lab of one's own. */
export function makeSeat(context: TestContext, before: readonly string[] = []): Seat {
  const dir = mkdtempSync(join(tmpdir(), 'ssm-keepalive-test-user-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  chmodSync(dir, 0o777);
  return {
    before,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: dir,
      AWS_EC2_METADATA_DISABLED: 'true',
      SSM_KEEPALIVE_LAB_DIR: join(dir, 'lab'),
    },
  };
}

/** With root, a read-only mount of `home` and another user; without, oneself, for whom the modes will do. Says what it lacks. */
export async function chooseSeat(context: TestContext, home: string): Promise<Seat> {
  if (process.getuid?.() !== 0) return makeSeat(context);
  const user = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
  const mount = [
    'unshare',
    '-m',
    'sh',
    '-c',
    'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && ! touch "$0/x" 2>/dev/null && exec "$@"',
    home,
  ];
  const works = async (before: readonly string[]) => {
    const [program = '', ...args] = [...before, 'true'];
    return (await execa(program, args, { reject: false })).exitCode === 0;
  };
  for (const before of [[...mount, ...user], user, mount]) {
    if (await works(before)) {
      if (before.length < mount.length + user.length)
        context.diagnostic(`only with ${before === user ? 'another user' : 'a read-only mount'} here`);
      return makeSeat(context, before);
    }
  }
  context.diagnostic('neither a read-only mount nor another user here');
  return makeSeat(context);
}

export async function checkMainJob(command: readonly string[], { before, env }: Seat): Promise<void> {
  const run = async (...words: string[]) => {
    const [program = '', ...args] = [...before, ...command, ...words];
    const options = { env, extendEnv: false, cwd: '/', reject: false, stdin: 'ignore' } as const;
    const result = await execa(program, args, options);
    assert.equal(result.exitCode, 0, `${words.join(' ')}\n${result.stderr}\n${result.stdout}`);
    return result;
  };
  assert.match((await run('--version')).stdout, /^\d+\.\d+\.\d+$/);
  const target = ['--lab', '--tag', 'Name=web-1', '--output', 'json'];
  const { stdout, stderr } = await run('install', ...target);
  assert.deepEqual(JSON.parse(stdout).summary, { installed: 1 });
  assert.match(stderr, /no lab is up, so this command starts the hosts .* {2}ssm-keepalive lab up/);
  // The hosts that the first command left, started once more.
  const [instance] = JSON.parse((await run('status', ...target)).stdout).instances;
  assert.deepEqual([instance.state, instance.keeper, instance.entries.env], ['installed', 'relay', 'live']);
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { execa } from 'execa';
import type { HostSpec } from '../../src/lab/index.ts';
import { CLI, USER_ENV } from '../support/cli.ts';
import { startTestLab } from '../support/lab.ts';
import { LocalPty } from '../support/pty.ts';

const SLOW: readonly HostSpec[] = [0, 1].map((n) => ({
  name: `slow-${n}`,
  id: `i-0cccccccccccccc0${n}`,
  tags: { env: 'dev' },
  synthetic: { latencySeconds: 600 },
}));

/** Starts an install that hangs on slow hosts, and hands over once the command was sent. */
async function startSlowInstall(context: Parameters<typeof startTestLab>[0]) {
  const lab = await startTestLab(context, { hosts: SLOW });
  const child = execa(process.execPath, [CLI, 'install', '--tag', 'env=dev', '--no-canary'], {
    env: lab.env,
    reject: false,
    stdin: 'ignore',
    // Five seconds after a SIGTERM it would be killed, however busy the machine is.
    forceKillAfterDelay: false,
  });
  context.after(() => child.kill('SIGKILL'));
  let shown = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (bytes: Buffer) => {
      shown += bytes;
      if (/sent: command/.test(shown)) resolve();
    });
    void child.then(() => reject(new Error(`it ended before anything was sent:\n${shown}`)));
  });
  return { lab, child };
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`cli: ${signal} cancels what was sent, waits for the outcome, reports it and leaves with 130`, async (context) => {
    const { lab, child } = await startSlowInstall(context);
    child.kill(signal);
    const result = await child;
    assert.equal(result.exitCode, 130, result.stderr);
    assert.match(result.stderr, /cancelling; waiting for what already runs/);
    assert.match(result.stdout, /i-0cccccccccccccc00 +slow-0 +failed .*cancelled/);
    assert.equal(lab.requests.filter(({ operation }) => operation === 'CancelCommand').length, 1);
  });
}

test('cli: Ctrl-C twice leaves at once and says how to take the command up again', async (context) => {
  const { child } = await startSlowInstall(context);
  child.kill('SIGINT');
  child.kill('SIGTERM');
  const result = await child;
  assert.equal(result.exitCode, 130, result.stderr);
  assert.match(result.stderr, /ssm-keepalive install --command-id [0-9a-f-]{36}/);
});

for (const way of ['SIGINT', 'SIGTERM', 'the key'] as const)
  test(`interrupt: ${way} ends a command while it asks, and nothing was changed`, async (context) => {
    const lab = await startTestLab(context, { hosts: [] });
    const pty = new LocalPty({
      file: process.execPath,
      args: [CLI, 'preferences', 'set', '--idle', '30'],
      env: { ...USER_ENV, ...lab.env },
    });
    context.after(() => pty.kill());
    await pty.see(/Type yes/);
    if (way === 'the key') pty.type('\x03');
    else process.kill(pty.pid, way);
    assert.equal(await pty.exited(), 130);
    assert.match(pty.screen, /nothing was changed\s+why: +you interrupted it/);
    assert.equal(
      lab.requests.some(({ operation }) => /^(Create|Update)/.test(operation)),
      false,
    );
  });

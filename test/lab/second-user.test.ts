// A second user of the machine, for real: what a lab of root's leaves open to them, path by path and process by process.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { StartSessionCommand } from '@aws-sdk/client-ssm';
import { SESSION_USER } from '../../src/lab/tree.ts';
import { startSession } from '../session/dialogue.ts';
import { descendantsOf } from '../support/processes.ts';
import { makeClient, makeFolder, sandboxMissing, until, useLab } from './test-lab.ts';

const skip = sandboxMissing() || (process.getuid?.() === 0 ? false : 'needs root to act as somebody else');
const ID = 'i-0fffffffffffffff8';
const dir = join(makeFolder(), 'lab');
const lab = await useLab({ dir, hosts: skip ? [] : [{ name: 'host', id: ID, tags: {} }] });
const client = makeClient(lab);
test.after(() => {
  client.destroy();
  rmSync(dirname(dir), { recursive: true, force: true });
});

/** Nobody of that number is in the lab. */
const STRANGER = 4242;

test('a second user of the machine can do nothing with a lab; who has the number of its ssm-user reaches that user’s processes', {
  skip,
}, async () => {
  chmodSync(dirname(dir), 0o755);
  const login = await startSession(client, ID, { terminal: 'answers' });
  await login.wait(/[$#] /);
  const { TokenValue = '' } = await client.send(new StartSessionCommand({ Target: ID }));
  const pids = await until('the shell', () => {
    const all = [process.pid, ...descendantsOf(process.pid)];
    return all.some(isSessionUsers) ? all : undefined;
  });
  const words = pids.map((pid) => readProcess(pid, 'cmdline'));
  for (const secret of [lab.credentials.secretAccessKey, TokenValue])
    assert.ok(secret && !words.some((line) => line.includes(secret)), 'no argument has a secret');
  const paths = execFileSync('find', [dir], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  assert.ok(paths.split('\n').length > 200);
  const visit = (uid: number): string[] => {
    const script = fileURLToPath(new URL('second-user.py', import.meta.url));
    const argv = [script, String(uid), ...pids.map(String)];
    const { stdout, stderr, status } = spawnSync('/usr/bin/python3', argv, {
      input: paths,
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    return stdout.trim().split('\n');
  };
  assert.deepEqual(visit(STRANGER), [`stat ${dir}`]);
  const [first, ...others] = visit(SESSION_USER.uid);
  assert.equal(first, `stat ${dir}`);
  const shells = pids.filter(isSessionUsers).map((pid) => readProcess(pid, 'comm').trim());
  for (const line of others) assert.ok(shells.includes(line.split(' ')[1] ?? ''), line);
  login.session.close();
  await login.session.ended;
});

const isSessionUsers = (pid: number) =>
  Number(/^Uid:\s+(\d+)/m.exec(readProcess(pid, 'status'))?.[1]) === SESSION_USER.uid;

/** Empty if it has ended meanwhile. */
function readProcess(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}

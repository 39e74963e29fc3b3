// Several people share ssm-user and a host with `--wrap tmux`: whatever each does, nobody is ever at a session of somebody else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LAB_USER } from '../../src/lab/index.ts';
import { AccessControl } from '../lab/access/access-control.ts';
import { makeClient, sandboxMissing, until } from '../lab/test-lab.ts';
import { bundleOf } from '../support/bundle.ts';
import { skipUnless } from '../support/sandbox.ts';
import { someOf } from '../support/turns.ts';
import { type Dialogue, startSession } from './dialogue.ts';
import { useKeptLab } from './kept-host.ts';

const skip = sandboxMissing() || skipUnless('tmux', 'setpriv', 'ps');
const ID = 'i-0fffffffffffffff8';
const spec = { name: 'shared', id: ID, tags: {} };
const access = new AccessControl();
const hosts = skip ? [] : [{ spec, settings: { keeper: 'relay' as const, wrap: 'tmux' as const } }];
const lab = await useKeptLab(hosts, {}, access);
const client = makeClient(lab);

/** A session whose id begins with this name. */
async function logIn(name: string, terminal: 'answers' | 'silent' = 'answers'): Promise<Dialogue> {
  access.principal = { ...LAB_USER, sessionName: name };
  return startSession(client, ID, { terminal });
}

/** On a busy machine tmux may come too late, and the login is plain: then another one. */
async function logInWrapped(name: string): Promise<Dialogue> {
  for (;;) {
    const login = await logIn(name);
    await login.wait(/[$#] /);
    if (!login.printed().includes('ssm-keepalive: tmux ')) return login;
    login.session.close();
    await login.session.ended;
  }
}

/** Ends a login, and leaves its tmux session. */
async function detach(login: Dialogue): Promise<void> {
  login.session.write('\x02d');
  await login.session.ended;
}

const asUser = async (...command: string[]): Promise<string> => {
  const user = ['setpriv', '--reuid=1001', '--regid=1001', '--clear-groups'];
  return (await lab.host('shared').exec([...user, ...command])).stdout.trim();
};

/** Name and number of attached logins of every session on one socket. */
const sessionsOn = (socket: string): Promise<string> =>
  asUser('tmux', '-L', socket, 'list-sessions', '-F', '#{session_name} #{session_attached}');

/** Every login that is in tmux is at the socket of its own name. */
async function assertOwn(): Promise<void> {
  const clients = await listClients();
  for (const client of clients) {
    const [, socket, name = ''] = /^ssm-keepalive-(\S+) of (\S+)$/.exec(client) ?? [];
    assert.equal(socket, name.replaceAll('.', '_2e'), client);
  }
}

/** Every tmux client of a login, with the name in the id of the session it belongs to: `SOCKET of NAME`. */
async function listClients(): Promise<string[]> {
  const { stdout } = await lab.host('shared').exec(['ps', '-e', '-o', 'pid=,ppid=,comm=,args=']);
  const rows = stdout.split('\n').map((line) => line.trim().split(/\s+/));
  const byPid = new Map(rows.map(([pid = '', ...row]) => [pid, row.join(' ')]));
  return rows
    .filter((row) => row[2] === 'tmux:' && row[3] === 'client')
    .map(([, parent = '', ...words]) => {
      const socket = words[words.indexOf('-L') + 1];
      for (let above = parent; above !== '' && above !== '1'; ) {
        const row = byPid.get(above) ?? '';
        const id = /ssm-session-wor.* (\S+)-[0-9a-f]{17}\b/.exec(row)?.[1];
        if (id !== undefined) return `${socket} of ${id}`;
        above = row.split(' ')[0] ?? '';
      }
      return `${socket} of nobody`;
    })
    .sort();
}

const PLAIN = /tmux is for people, and this session's id names none/;
/** The one table of names that programs make, as the relay has it. */
const machines = (): string[] => {
  const relay = bundleOf({ wrap: 'tmux' }).files.find(({ path }) => path === 'relay.py')?.text ?? '';
  const [, table = ''] = /^MACHINES = \(([^)]*)\)/m.exec(relay) ?? [];
  return [...table.matchAll(/'([^']+)'/g)].map(([, prefix = '']) => prefix);
};

test('tmux: people who share a user get their own sessions, attached, detached, silent or new; nobody else gets any', {
  skip,
}, async (t) => {
  // A session of an earlier version, whose socket had no name in it.
  await asUser('env', 'HOME=/home/ssm-user', 'tmux', '-L', 'ssm-keepalive', 'new-session', '-d', '-s', 'old');

  const alice = await logInWrapped('alice');
  await alice.say('export TOKEN=ali""ces; echo ma""rk\r', /mark/);
  /** A login that is not alice's has nothing of hers, on the screen or in its shell. */
  async function assertStranger(name: string, login: Dialogue): Promise<void> {
    await login.wait(/[$#] /);
    await login.say('echo "<"$TOKEN">"\r', /<>/);
    assert.doesNotMatch(login.printed(), /mark|alices/, name);
  }

  await t.test('while she is attached', async () => {
    const bob = await logInWrapped('bob');
    await assertStranger('bob', bob);
    // Beside her own first login: in a session of its own, or in hers if her terminal answers too late.
    const second = await logInWrapped('alice');
    await assertOwn();
    if ((await sessionsOn('ssm-keepalive-alice')).includes('\n')) second.session.write('exit\r');
    else second.session.close();
    await second.session.ended;
    await detach(bob);
    await until('his to be detached', async () => /^0 0$/m.test(await sessionsOn('ssm-keepalive-bob')));
  });

  await t.test('while she is detached', async () => {
    alice.session.close();
    await alice.session.ended;
    const isFree = async () => !/ 1$/m.test(await sessionsOn('ssm-keepalive-alice'));
    await until('hers to be detached', isFree);
    // Names that begin alike, that tmux would write alike, and one that is back in a session of its own.
    for (const name of [...someOf(['alic', 'alice2', 'ali.ce'], 1), 'bob']) {
      const other = await logInWrapped(name);
      await assertStranger(name, other);
      await assertOwn();
      assert.ok(await isFree(), name);
      await detach(other);
    }
  });

  await t.test('names that programs make, and names that are none, get a plain shell', async () => {
    const table = machines();
    assert.ok(table.length > 5);
    // Of every name in the table the relay itself is asked: test/tmux/drive.py.
    const names = someOf(
      [...table.map((prefix) => `${prefix}0abc1`), '1700000000', '0123456789abcdef01', 'x'.repeat(78)],
      3,
    );
    const logins: Dialogue[] = [];
    for (const name of names) logins.push(await logIn(name));
    await Promise.all(
      logins.map((login, index) => login.wait(PLAIN).then(() => assertStranger(names[index]!, login))),
    );
    await assertOwn();
    assert.deepEqual(
      (await listClients()).filter((client) => names.some((name) => client.endsWith(` of ${name}`))),
      [],
    );
    for (const login of logins) login.session.close();
  });

  await t.test('and she is back in hers', async () => {
    // On a busy machine a login that got no tmux may have left a second session.
    const back = await logInWrapped('alice');
    await back.wait(/[$#] /);
    await assertOwn();
    const sessions = (await sessionsOn('ssm-keepalive-alice')).split('\n');
    if (sessions.length === 1) await back.say('echo "<$TOKEN>"\r', /<alices>/);
    back.session.close();
  });

  assert.equal(await sessionsOn('ssm-keepalive'), 'old 0');
});

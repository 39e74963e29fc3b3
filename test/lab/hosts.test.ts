import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { DescribeInstanceInformationCommand } from '@aws-sdk/client-ssm';
import { frameSocket } from '../../src/lab/frames.ts';
import type { LabHost } from '../../src/lab/index.ts';
import { retryMs, speakForAgent } from '../../src/lab/machine/agent.ts';
import type { HostConfig } from '../../src/lab/machine/config.ts';
import { isRoot } from '../../src/lab/sandbox.ts';
import { startSession } from '../session/dialogue.ts';
import { isLong } from '../support/turns.ts';
import { makeClient, makeFolder, pause, runOn, sandboxMissing, until, useLab } from './test-lab.ts';

const skip = sandboxMissing();
const dir = makeFolder();
const lab = await useLab({ dir, consistencySeconds: 0.05, ...(skip ? { hosts: [] } : {}) });
const client = makeClient(lab);
const UNIT = 'amazon-ssm-agent.service';
const RESTARTS = isLong ? 4 : 2;
const DROP_INS = `/etc/systemd/system/${UNIT}.d`;

async function shell(host: LabHost, script: string): Promise<string> {
  const { code, stdout, stderr } = await host.exec(['sh', '-c', script]);
  assert.equal(code, 0, stderr || stdout);
  return stdout;
}

async function show(host: LabHost, property: string): Promise<string> {
  return (await shell(host, `systemctl show -p ${property} --value ${UNIT}`)).trim();
}

async function agentEnvironment(host: LabHost): Promise<Map<string, string>> {
  const pid = await show(host, 'MainPID');
  const text = await shell(host, `cat /proc/${pid}/environ`);
  return new Map(
    text
      .split('\0')
      .filter(Boolean)
      .map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]),
  );
}

test("a script runs as root in /usr/bin with the agent's environment and no HOME, its shebang honoured, its status reported", {
  skip,
}, async () => {
  const got = await runOn(client, lab.host('web-1').spec.id, [
    '#!/bin/bash',
    'id -u; pwd; echo "${HOME-none} $BASH_VERSION" | cut -d. -f1; tty <&0; ls -ld "$0" | cut -c1-10; exit 7',
  ]);
  assert.equal(got.ResponseCode, 7);
  assert.match(got.StandardOutputContent ?? '', /^0\n\/usr\/bin\nnone \d\nnot a tty\n-rwx------\n$/);
  assert.match(got.StandardErrorContent ?? '', /failed to run commands: exit status 7$/);
  const names = await runOn(client, lab.host('web-1').spec.id, ['env | cut -d= -f1 | grep SSM | sort']);
  assert.deepEqual(names.StandardOutputContent?.trim().split('\n'), [
    'AWS_SSM_INSTANCE_ID',
    'AWS_SSM_PLATFORM_NAME',
    'AWS_SSM_PLATFORM_VERSION',
    'AWS_SSM_REGION_NAME',
    'SSM_COMMAND_ID',
  ]);
});

test('exit 137 is a timeout, 168 a success and 169 a failure', { skip }, async () => {
  const id = lab.host('web-1').spec.id;
  const ends = await Promise.all([137, 168, 169].map((code) => runOn(client, id, [`exit ${code}`])));
  assert.deepEqual(
    ends.map(({ StatusDetails }) => StatusDetails),
    ['ExecutionTimedOut', 'Success', 'Failed'],
  );
});

test("hosts have files of their own below a /usr that nobody can write, every path component root's", {
  skip,
}, async () => {
  await shell(lab.host('web-1'), 'echo one >/etc/mark; mkdir -p /usr/local/lib/x; echo two >/opt/mark');
  assert.equal((await lab.host('web-2').exec(['cat', '/etc/mark'])).code, 1);
  assert.notEqual((await lab.host('web-1').exec(['touch', '/usr/bin/x'])).code, 0);
  // What the kernel refuses to start is an answer too; one argument takes at most 128 KiB.
  for (const argv of [['true', 'x'.repeat(160_000)], ['no-such-program']])
    assert.equal((await lab.host('web-1').exec(argv)).code, 127);
  const owners = await shell(
    lab.host('web-1'),
    'stat -c "%u %a" / /usr /usr/local /usr/local/lib /opt /etc /etc/systemd/system /etc/profile.d /var /run',
  );
  assert.deepEqual(new Set(owners.trim().split('\n')), new Set(['0 755']));
  const owned = await shell(lab.host('web-1'), 'stat -c %U:%a /home/ssm-user /tmp /root');
  assert.equal(owned, process.getuid?.() === 0 ? 'ssm-user:750\nroot:1777\nroot:700\n' : owned);
});

test('db-1 has no Python at any usual name, the others have what the machine has', { skip }, async () => {
  const names =
    '/usr/bin/python3 /usr/libexec/platform-python /usr/bin/python2.7 /usr/bin/python /usr/local/bin/python3';
  assert.equal(
    await shell(
      lab.host('db-1'),
      `for p in ${names}; do [ ! -e $p ] || echo $p; done; command -v python3 python python2 || true`,
    ),
    '',
  );
  assert.equal(await shell(lab.host('db-1'), "echo text | sed s/t/T/ | awk '{print $1}'"), 'Text\n');
});

test("the agent's environment comes from its unit and drop-ins alone, as systemd reads them, and only after daemon-reload", {
  skip,
}, async () => {
  const host = lab.host('web-2');
  assert.deepEqual([...(await agentEnvironment(host)).keys()].sort(), ['INVOCATION_ID', 'LANG', 'PATH']);
  const files = {
    'a.conf':
      '[Service]\nEnvironment=GONE=1\nEnvironment=\n# a comment\nEnvironment=ONE=1 "TWO=a b" \'THREE="q"\'\n',
    'b.conf':
      '[Unit]\nEnvironment=NOT=here\n[Service]\nEnvironment=ONE=2 FOUR=x\\x41 \\\n; inside\n  FIVE=100%%\nEnvironment="OPEN=x\nEnvironment=BAD=%q\nEnvironment=ENV=/usr/local/lib/ssm-keepalive/entry.sh\n',
    'ignored.txt': '[Service]\nEnvironment=SIX=6\n',
  };
  await shell(host, `mkdir -p ${DROP_INS}`);
  for (const [name, text] of Object.entries(files))
    await host.exec(['tee', `${DROP_INS}/${name}`], { input: text });
  await shell(host, `systemctl restart ${UNIT}`);
  assert.deepEqual([...(await agentEnvironment(host)).keys()].sort(), ['INVOCATION_ID', 'LANG', 'PATH']);
  await shell(host, `systemctl daemon-reload && systemctl restart ${UNIT}`);
  const { INVOCATION_ID: _, ...after } = Object.fromEntries(await agentEnvironment(host));
  assert.deepEqual(after, {
    LANG: 'C.UTF-8',
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    ONE: '2',
    TWO: 'a b',
    THREE: '"q"',
    FOUR: 'xA',
    FIVE: '100%',
    ENV: '/usr/local/lib/ssm-keepalive/entry.sh',
  });
  await until('the agent', () => host.isOnline);
  const got = await runOn(client, host.spec.id, ['echo "$TWO|$FIVE"']);
  assert.equal(got.StandardOutputContent, 'a b|100%\n');
  await shell(host, `rm -r ${DROP_INS}; systemctl daemon-reload && systemctl restart ${UNIT}`);
  await until('the agent', () => host.isOnline);
});

test('a restart gives the agent a new process and a new line in its log, while sessions and running commands go on', {
  skip,
}, async () => {
  const host = lab.host('web-1');
  const talk = await startSession(client, host.spec.id);
  const worker = await talk.ask('echo $PPID');
  const family = async () => (await shell(host, `ps -o ppid=,pgid=,sid= -p ${worker}`)).trim().split(/ +/);
  const [agentWorker = '', ...groups] = await family();
  assert.deepEqual(groups, [worker, await show(host, 'MainPID')], 'own group, the agent’s session');
  assert.match(
    await shell(host, `cat /proc/${agentWorker}/comm; ps -o ppid=,comm= -p $(ps -o ppid= -p ${agentWorker})`),
    /^ssm-agent-worke\n +\d+ amazon-ssm-agen\n$/,
  );
  const argv = await shell(host, `tr -s '\\0' '\\n' </proc/${worker}/cmdline; cat /proc/${worker}/comm`);
  assert.match(argv, /^\/usr\/bin\/ssm-session-worker [^ ]+-[a-z0-9]{17}\nssm-session-wor\n$/);
  const running = runOn(client, host.spec.id, [`while [ ! -e /tmp/go ]; do sleep 0.05; done; echo through`]);
  const before = {
    pid: await show(host, 'MainPID'),
    lines: await shell(
      host,
      'grep -c "Set up control channel successfully" /var/log/amazon/ssm/amazon-ssm-agent.log',
    ),
  };
  await until('the command to run', async () => (await host.exec(['pgrep', '-f', '_script.sh'])).code === 0);
  const restarted = shell(host, `systemctl restart ${UNIT}`);
  // The agent takes its time to stop, and takes no job meanwhile.
  await until('the agent to be away', () => !host.isConnected);
  assert.equal(await show(host, 'MainPID'), before.pid);
  await restarted;
  await until(
    'the agent',
    async () =>
      host.isConnected &&
      (await shell(
        host,
        'grep -c "Set up control channel successfully" /var/log/amazon/ssm/amazon-ssm-agent.log',
      )) !== before.lines,
  );
  assert.notEqual(await show(host, 'MainPID'), before.pid);
  await until('init to be its parent', async () => (await family())[0] === '1');
  await talk.say('echo $((50 + 5)); touch /tmp/go\r', /\b55\b/);
  assert.equal((await running).StandardOutputContent, 'through\n');
  talk.session.close();
});

test('a command sent while the agent restarts is run once, however the two meet', { skip }, async () => {
  const host = lab.host('web-1');
  await shell(host, 'rm -f /tmp/once; mkdir /tmp/once');
  const restarts = (async () => {
    for (let i = 0; i < RESTARTS; i += 1) await shell(host, `systemctl restart ${UNIT}`);
  })();
  const sent = [];
  for (let i = 0; i < 3 * RESTARTS; i += 1) {
    await until('the agent', () => host.isOnline);
    const one = runOn(client, host.spec.id, [`mkdir /tmp/once/${i} && echo first`]);
    // Between two looks the agent may have gone: then the service refuses, and nothing was sent.
    sent.push(one.catch((error: Error) => assert.equal(error.name, 'InvalidInstanceId')));
    await pause(40);
  }
  await restarts;
  for (const got of await Promise.all(sent)) if (got) assert.equal(got.StandardOutputContent, 'first\n');
});

test('an agent that starts takes nothing before it says that it is ready', async () => {
  const root = makeFolder();
  const labSocket = join(root, 'lab.sock');
  const worker = new PassThrough();
  const sockets: Socket[] = [];
  const said: unknown[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    const peer = frameSocket(socket, {
      json: ({ hello, op }) => {
        said.push(op ?? hello);
        if (hello === 'agent') peer.sendJson({ op: 'welcome' });
        if (hello === 'agent' || op === 'ready')
          for (const id of ['run-command', 'start-session'])
            peer.sendJson({ op: id, commandId: 'c', sessionId: op ?? hello });
      },
      closed: () => {},
    });
  });
  await new Promise<void>((resolve) => server.listen(labSocket, resolve));
  const config = { root, labSocket, instanceId: 'i-0', region: 'r', agentScale: 0.05 } as HostConfig;
  const hangUp = speakForAgent(config, worker, { env: {}, cwd: '/' }, false, false);
  await until('a job to be taken', () => said.includes('command'));
  assert.deepEqual([said, String(worker.read())], [['agent', 'ready', 'command'], 'ready\n']);
  hangUp();
  server.close();
  for (const socket of sockets) socket.destroy();
});

test('an agent drops what comes while it stops, and where the service does not send it again it waits for its TimeoutSeconds', {
  skip,
}, async () => {
  const hosts = [{ name: 'one', id: 'i-0eeeeeeeeeeeeeee4', tags: {} }];
  // 30 s are a third of one.
  const times = { consistencySeconds: 0, agentScale: 0.2, timeoutScale: 0.01 };
  const own = await useLab({ dir: makeFolder(), hosts, droppedJobs: 'expire', ...times });
  const [ssm, host] = [makeClient(own), own.host('one')];
  const run = (name: string) =>
    runOn(ssm, host.spec.id, [`mkdir /opt/${name} && echo ran`], { TimeoutSeconds: 30 });
  const ready = new Promise((resolve) => host.once('online', resolve));
  const restarted = host.exec(['systemctl', 'restart', UNIT]);
  await until('the agent to be away', () => !host.isConnected);
  const stopping = run('stopping');
  const end = await stopping;
  assert.deepEqual([end.StatusDetails, end.StandardOutputContent], ['DeliveryTimedOut', '']);
  await Promise.all([restarted, ready]);
  assert.equal((await run('after')).StandardOutputContent, 'ran\n');
  assert.equal(await shell(host, 'ls /opt'), 'after\n');
  await own.stop();
});

test('an agent that lost its control channel tries again after 5 to 10 s, each further time twice as late', () => {
  assert.deepEqual(
    [retryMs(0, 0), retryMs(0, 1), retryMs(3, 0), retryMs(3, 1)],
    [5000, 10_000, 40_000, 80_000],
  );
});

test('an agent that is told not to return leaves its host offline until the next restart', {
  skip,
}, async () => {
  const host = lab.host('web-2');
  host.failNext('agent-return');
  await shell(host, `systemctl restart ${UNIT}`);
  assert.equal(await shell(host, `systemctl is-active ${UNIT}`), 'active\n');
  assert.notEqual(await show(host, 'MainPID'), '0');
  await until('ConnectionLost', async () => (await pingStatus('web-2')) === 'ConnectionLost');
  await shell(host, `systemctl restart ${UNIT}`);
  await until('Online', async () => (await pingStatus('web-2')) === 'Online');
});

async function pingStatus(name: string): Promise<string | undefined> {
  const { InstanceInformationList } = await client.send(new DescribeInstanceInformationCommand({}));
  return InstanceInformationList?.find(({ ComputerName }) => ComputerName === name)?.PingStatus;
}

test('restart, reload and systemd-run fail when told to, once, with a message and nothing changed', {
  skip,
}, async () => {
  const host = lab.host('web-2');
  const pid = await show(host, 'MainPID');
  for (const [fault, command] of [
    ['restart', `systemctl restart ${UNIT}`],
    ['daemon-reload', 'systemctl daemon-reload'],
    ['systemd-run', 'systemd-run --unit=x true'],
  ] as const) {
    host.failNext(fault);
    const failed = await host.exec(['sh', '-c', command]);
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /Failed to/);
  }
  assert.equal(await show(host, 'MainPID'), pid);
  await shell(host, 'systemctl daemon-reload');
});

test('systemctl answers root alone, many calls at a time, and also after calls that were killed', {
  skip,
}, async () => {
  const host = lab.host('web-2');
  const asked = `systemctl is-active ${UNIT}`;
  const refused = await host.exec(['sh', '-c', `${asked} 2>&1`], { user: 'ssm-user' });
  assert.deepEqual(
    [refused.code, refused.stdout],
    isRoot() ? [1, 'Failed to connect to bus: Permission denied\n'] : [0, 'active\n'],
  );
  // What a killed call took stays taken.
  await shell(host, 'cd /.lab/run/calls && for call in $(ls free | head -n 3); do : >taken/$call; done');
  const many = `n=0; while [ $n -lt 50 ]; do ${asked} & n=$((n + 1)); done; wait`;
  assert.equal(await shell(host, many), 'active\n'.repeat(50));
  await shell(host, `mkdir -p ${DROP_INS}`);
  const input = `[Service]\nEnvironment="ODD=Ä 'q' 1"\n`;
  await host.exec(['tee', `${DROP_INS}/odd.conf`], { input });
  await shell(host, 'systemctl daemon-reload');
  assert.equal(await show(host, 'Environment'), `"ODD=Ä 'q' 1"`);
  await shell(host, `rm -r ${DROP_INS}; systemctl daemon-reload`);
});

test("systemctl knows no unit but the agent's, and an agent that dies is started again", {
  skip,
}, async () => {
  const host = lab.host('web-2');
  const snap = 'snap.amazon-ssm-agent.amazon-ssm-agent.service';
  const shown = await shell(
    host,
    `systemctl show -p LoadState -p KillMode -p MainPID -p ActiveState -p Environment ${UNIT}`,
  );
  assert.match(
    shown,
    /^MainPID=\d+\nEnvironment=\nKillMode=process\nLoadState=loaded\nActiveState=active\n$/,
  );
  assert.match(
    await shell(host, `systemctl show -p LoadState -p MainPID ${snap}`),
    /^MainPID=0\nLoadState=not-found\n$/,
  );
  const missing = await host.exec(['systemctl', 'restart', snap]);
  assert.deepEqual([missing.code, missing.stderr], [5, `Unit ${snap} not found.\n`]);
  const pid = await show(host, 'MainPID');
  await shell(host, `kill -9 ${pid}`);
  await until(
    'a new agent',
    async () => host.isConnected && !['0', pid].includes(await show(host, 'MainPID')),
  );
});

test("systemd-run starts a service outside the command that asked, with a service's environment, and leaves nothing behind", {
  skip,
}, async () => {
  const host = lab.host('web-1');
  const script = 'env >/tmp/run.env; ps -o ppid= -p $$ >/tmp/run.ppid; (sleep 600 & echo $! >/tmp/run.left)';
  const got = await runOn(client, host.spec.id, [
    `SECRET=1 systemd-run --unit=once --collect --description='a b' /bin/sh -c '${script}'`,
  ]);
  assert.equal(got.StandardErrorContent, 'Running as unit: once.service\n');
  await until(
    'the service to end',
    async () => (await host.exec(['systemctl', 'is-active', 'once.service'])).code === 3,
  );
  assert.equal((await shell(host, 'grep -cE "^(SECRET|AWS_SSM|HOME)" /tmp/run.env || true')).trim(), '0');
  assert.equal((await shell(host, 'cat /proc/$(tr -d " " </tmp/run.ppid)/comm')).trim(), 'systemd');
  await until(
    'what it left behind to end',
    async () => (await host.exec(['sh', '-c', 'kill -0 $(cat /tmp/run.left)'])).code !== 0,
  );
});

test("a session's shell is plain sh in /usr/bin, run by ssm-session-worker with the agent's environment and nothing more", {
  skip,
}, async () => {
  const host = lab.host('web-1');
  const talk = await startSession(client, host.spec.id);
  const pid = await talk.ask('echo $$');
  const parent = await talk.ask('cat /proc/$PPID/comm');
  assert.equal(parent, 'ssm-session-wor');
  assert.equal(await talk.ask('pwd; umask'), '/usr/bin\n0022');
  assert.equal(await shell(host, `tr '\\0' ' ' </proc/${pid}/cmdline`), 'sh ');
  // Looked at from outside, at its prompt; 10 is dash's own copy of the terminal.
  const open = await shell(host, `for fd in /proc/${pid}/fd/*; do echo "\${fd##*/} $(readlink "$fd")"; done`);
  const terminal = await talk.ask('tty');
  for (const line of open.trim().split('\n'))
    assert.match(line, new RegExp(`^(0|1|2|10) (${terminal}|/dev/tty)$`));
  const names = await talk.ask('tr "\\0" "\\n" </proc/$$/environ | cut -d= -f1 | sort | tr "\\n" " "');
  assert.equal(names.trim(), 'HOME INVOCATION_ID JOURNAL_STREAM LANG PATH SYSTEMD_EXEC_PID TERM');
  const rest = await talk.ask('echo "$TERM $HOME $(stat -c %A /proc/$$/exe >/dev/null; id -un) $- $0"');
  assert.match(
    rest,
    process.getuid?.() === 0
      ? /^xterm-256color \/home\/ssm-user ssm-user \w*i\w* sh$/
      : /^xterm-256color \/home\/ssm-user/,
  );
  talk.session.close();
});

test("the session's user may write to its inherited terminal and to /dev/tty, never to the /dev/pts name", {
  skip: skip || (process.getuid?.() !== 0 ? 'not faithful: user' : false),
}, async () => {
  const talk = await startSession(client, lab.host('web-1').spec.id);
  assert.equal(await talk.ask('id -nG'), 'ssm-user users');
  const answer = await talk.ask(
    '(: >"$(tty)") 2>/dev/null && echo by-name; (: >/dev/tty) && echo by-tty; stat -c %U:%G:%a "$(tty)"',
  );
  assert.equal(answer.replace(/\r?\n/g, ' ').trim(), 'by-tty root:tty:620');
  talk.session.close();
});

test('what a lab keeps survives its stop: files, commands and drop-ins; what it runs does not', {
  skip,
}, async () => {
  const folder = makeFolder();
  const hosts = [{ name: 'one', id: 'i-0eeeeeeeeeeeeeee1', tags: {} }];
  const first = await useLab({ dir: folder, hosts, consistencySeconds: 0 });
  const id = (
    await runOn(makeClient(first), 'i-0eeeeeeeeeeeeeee1', [
      'echo kept >/opt/kept; echo x >/tmp/x; nohup sleep 987 >/dev/null 2>&1 & echo done',
    ])
  ).CommandId;
  await assert.rejects(useLab({ dir: folder, hosts }), { code: 'lab-running', message: /already runs in/ });
  const listed = await first
    .host('one')
    .exec([
      'sh',
      '-c',
      `mkdir -p ${DROP_INS} && printf '[Service]\\nEnvironment=KEPT=yes\\n' >${DROP_INS}/k.conf`,
    ]);
  assert.equal(listed.code, 0);
  await first.stop();
  const { spawnSync } = await import('node:child_process');
  assert.notEqual(spawnSync('pgrep', ['-f', 'sleep 987']).status, 0, 'a process of the host outlived it');
  const second = await useLab({ dir: folder, hosts, consistencySeconds: 0 });
  assert.equal((await second.host('one').exec(['cat', '/opt/kept'])).stdout, 'kept\n');
  assert.notEqual((await second.host('one').exec(['test', '-e', '/tmp/x'])).code, 0);
  assert.equal((await agentEnvironment(second.host('one'))).get('KEPT'), 'yes');
  const { ListCommandsCommand } = await import('@aws-sdk/client-ssm');
  assert.equal(
    (await makeClient(second).send(new ListCommandsCommand({ CommandId: id }))).Commands?.[0]?.Status,
    'Success',
  );
  await second.stop();
});

test('the snap unit is a host of its own kind', { skip }, async () => {
  const other = await useLab({
    dir: makeFolder(),
    hosts: [{ name: 'snap', id: 'i-0eeeeeeeeeeeeeee2', tags: {}, unit: 'snap' }],
  });
  const shown = await shell(
    other.host('snap'),
    'systemctl show -p LoadState snap.amazon-ssm-agent.amazon-ssm-agent.service amazon-ssm-agent.service',
  );
  assert.equal(shown, 'LoadState=loaded\n\nLoadState=not-found\n');
  await other.stop();
});

test('a background lab is found by its folder, once, and ends with its hosts', { skip }, async () => {
  const { labDown, labStatus, labUp } = await import('../../src/lab/index.ts');
  const folder = makeFolder();
  assert.equal(await labStatus(folder), undefined);
  assert.equal(await labDown(folder), false);
  const hosts = [{ name: 'one', id: 'i-0eeeeeeeeeeeeeee3', tags: {} }];
  const state = await labUp({ dir: folder, hosts, idleSeconds: 7, policy: 'any' });
  assert.deepEqual([state.idleSeconds, state.policy], [7, 'any']);
  await assert.rejects(labUp({ dir: folder }), /already runs in/);
  const info = await makeClient(state).send(new DescribeInstanceInformationCommand({}));
  assert.equal(info.InstanceInformationList?.length, 1);
  // Without its lab a host must not stay: even a lab that is killed takes them along.
  process.kill(state.pid, 'SIGKILL');
  await until('the lab to be gone', async () => (await labStatus(folder)) === undefined);
  const { spawnSync } = await import('node:child_process');
  await until('its hosts to be gone', () => spawnSync('pgrep', ['-f', `bwrap .*${folder}`]).status !== 0);
  const again = await labUp({ dir: folder });
  assert.equal(await labDown(folder), true);
  assert.equal(await labStatus(folder), undefined);
  assert.notEqual(again.pid, state.pid);
});

test("Ctrl-C at the lab's terminal does not reach its hosts", { skip }, () => {
  const fieldsOf = (pid: string) => readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /, '').split(' ');
  const hosts = readdirSync('/proc').filter((pid) => {
    try {
      return (
        /^\d+$/.test(pid) &&
        fieldsOf(pid)[1] === String(process.pid) &&
        readFileSync(`/proc/${pid}/comm`, 'utf8') === 'bwrap\n'
      );
    } catch {
      return false;
    }
  });
  assert.ok(hosts.length > 0);
  // The process group of each is its own.
  for (const pid of hosts) assert.equal(fieldsOf(pid)[2], pid);
});

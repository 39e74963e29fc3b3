import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { type HostSpec, type Lab, type LabOptions, startLab } from '../../src/lab/index.ts';
import type { OperationName } from '../../src/lab/shapes.ts';
import { signalProcess } from '../../src/lab/signal-process.ts';
import { ManualClock } from '../support/clock.ts';
import { isLong } from '../support/turns.ts';
import { everyRequest, takeOff } from './every-request.ts';
import { rawCall } from './raw-call.ts';
import { rawClient } from './raw-client.ts';
import {
  assertNothingNew,
  makeFolder,
  readResources,
  sandboxMissing,
  syntheticHosts,
  until,
} from './test-lab.ts';

const ROUNDS = Number(process.env['SSM_KEEPALIVE_TEST_ROUNDS'] ?? (isLong ? 200 : 20));
const SEED = Number(process.env['SSM_KEEPALIVE_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 30));
const MONTH_MS = 30 * 86_400_000;

const SLOW: readonly HostSpec[] = [
  ...syntheticHosts(3, { synthetic: { latencySeconds: 600 } }),
  { name: 'away', id: 'i-0ffffffffffffff01', tags: { env: 'dev' }, synthetic: { outcome: 'Offline' } },
];
const FAST: readonly HostSpec[] = syntheticHosts(2).map((spec, at) => ({
  ...spec,
  id: `i-0eeeeeeeeeeeeee0${at}`,
}));
const IDS = [...SLOW, ...FAST].map(({ id }) => id);
const preferences = { idleSessionTimeout: '5' };

function seeded(seed: number): (below: number) => number {
  let state = (seed % 0x7ffffffe) + 1;
  return (below) => {
    state = (state * 48_271) % 0x7fffffff;
    return state % below;
  };
}

/** Every file that the lab's account has, as it is now. */
function readRecords(dir: string): string {
  return readdirSync(dir)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => `${name}: ${readFileSync(join(dir, name), 'utf8')}`)
    .join('\n');
}

test('lab: whatever is asked while it stops, nothing happens afterwards', async (context) => {
  context.diagnostic(`SSM_KEEPALIVE_TEST_SEED=${SEED}`);
  let [begun, broken] = [0, 0];
  for (let round = SEED; round < SEED + ROUNDS; round += 1) {
    const again = `again with  SSM_KEEPALIVE_TEST_SEED=${round} SSM_KEEPALIVE_TEST_ROUNDS=1`;
    const pick = seeded(round);
    const dir = makeFolder();
    const clock = new ManualClock();
    const lab = await startLab({
      dir,
      clock,
      hosts: [...SLOW, ...FAST],
      preferences,
      consistencySeconds: 1,
      pageLatencySeconds: pick(2),
    });
    lab.setAlarm('calm', 'OK');
    const flights = everyRequest(IDS)
      .map((request) => ({ request, place: pick(1000) }))
      .sort((a, b) => a.place - b.place)
      .map(({ request: [operation, body] }) => takeOff(lab, operation, body));
    // Each is finished, time moves and the lab is stopped at turns of their own.
    const turns = 1 + pick(60);
    const turnOf = flights.map(() => pick(turns * 2));
    for (let turn = 0; turn < turns; turn += 1) {
      for (const [at, flight] of flights.entries()) if (turnOf[at] === turn) flight.finish();
      if (pick(4) === 0) await clock.advance(pick(2000));
      await setImmediate();
    }
    const stopped = lab.stop();
    for (let turn = turns; turn < turns * 2; turn += 1) {
      for (const [at, flight] of flights.entries()) if (turnOf[at] === turn) flight.finish();
      if (pick(4) === 0) await clock.advance(pick(2000));
      await setImmediate();
    }
    await stopped;
    const runs = lab.runs.length;
    const records = readRecords(dir);
    const ends = await Promise.all(flights.map(({ over }) => over));
    begun += runs;
    broken += ends.filter((end) => end !== '200').length;
    assert.equal(clock.waiting, 0, `a timer outlived the lab; ${again}`);
    await clock.advance(MONTH_MS);
    for (let turn = 0; turn < 5; turn += 1) await setImmediate();
    assert.equal(lab.runs.length, runs, `a script started after the end; ${again}`);
    assert.equal(clock.waiting, 0, `a timer was started after the end; ${again}`);
    assert.equal(readRecords(dir), records, `records were written after the end; ${again}`);
    assert.ok(!records.includes('lab.json'), `the folder is still claimed; ${again}`);
    rmSync(dir, { recursive: true });
  }
  context.diagnostic(`${begun} scripts had started, ${broken} requests got no answer`);
  // Otherwise it stopped too early or too late to show anything.
  if (ROUNDS > 10) assert.ok(begun > 0 && broken > 0, `${begun} scripts, ${broken} requests`);
});

/** One thing that a lab can have under way when it is stopped. `cleanUp` ends the client's side, afterwards. */
interface Kind {
  readonly options?: Partial<LabOptions>;
  begin(lab: Lab, clock: ManualClock): Promise<(() => void) | undefined>;
}

/** Calls one operation and has its connection go. */
async function call(lab: Lab, operation: OperationName, body: Record<string, unknown>): Promise<void> {
  const flight = takeOff(lab, operation, body);
  flight.finish();
  assert.equal(await flight.over, '200', operation);
}

const shell = { DocumentName: 'AWS-RunShellScript', Parameters: { commands: ['true'] } };
const hang = { DocumentName: 'AWS-RunShellScript', Parameters: { commands: ['sleep 4321'] } };
const targets = [{ Key: 'tag:env', Values: ['dev'] }];
const association = { Name: 'AWS-RunShellScript', Targets: targets, Parameters: shell.Parameters };

function hangUp(socket: Socket | WebSocket): () => void {
  socket.on('error', () => {});
  return () => (socket instanceof WebSocket ? socket.terminate() : void socket.destroy());
}

/** Sends words over a plain connection, and reads nothing that comes back unless told. */
async function dial(lab: Lab, words: string): Promise<Socket> {
  const socket = connect({ port: lab.port, host: '127.0.0.1', allowHalfOpen: true });
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.write(words);
  return socket;
}

const UPGRADE =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';

const nothing = async () => undefined;

/** What needs no machine: each in a lab of its own. */
const KINDS: Readonly<Record<string, Kind>> = {
  nothing: { begin: nothing },
  'a command on slow hosts': {
    begin: async (lab) => {
      await call(lab, 'SendCommand', { ...shell, InstanceIds: IDS.slice(0, 2) });
      assert.equal(lab.runs.length, 2);
      return undefined;
    },
  },
  'a command on slow hosts, one after another': {
    begin: async (lab) => {
      await call(lab, 'SendCommand', { ...shell, InstanceIds: IDS.slice(0, 3), MaxConcurrency: '1' });
      return undefined;
    },
  },
  'a command whose targets are being looked up': {
    begin: async (lab) => {
      await call(lab, 'SendCommand', { ...shell, Targets: targets });
      assert.equal(lab.runs.length, 0);
      return undefined;
    },
  },
  'a command that waits for a host that is away, under an alarm': {
    begin: async (lab, clock) => {
      lab.setAlarm('calm', 'OK');
      await call(lab, 'SendCommand', {
        ...shell,
        Targets: [{ Key: 'InstanceIds', Values: [IDS[3]] }],
        AlarmConfiguration: { Alarms: [{ Name: 'calm' }] },
      });
      await clock.advance(250);
      return undefined;
    },
  },
  'an association with a rate': {
    begin: async (lab, clock) => {
      await call(lab, 'CreateAssociation', { ...association, ScheduleExpression: 'rate(30 minutes)' });
      await clock.advance(40 * 60_000);
      assert.ok(lab.runs.length > FAST.length, 'it has run');
      return undefined;
    },
  },
  'an account in another Region': {
    begin: async (lab) => {
      const body = { ...association, ScheduleExpression: 'rate(30 minutes)' };
      const flight = takeOff(lab, 'CreateAssociation', body, { region: 'eu-west-1' });
      flight.finish();
      assert.equal(await flight.over, '200');
      return undefined;
    },
  },
  'a page that takes its time': {
    options: { pageLatencySeconds: 5 },
    begin: async (lab, clock) => {
      const flight = takeOff(lab, 'ListCommands', {});
      const before = clock.waiting;
      flight.finish();
      await until('it to be read', () => clock.waiting > before);
      return () => flight.request.destroy();
    },
  },
  'half a request': {
    begin: async (lab) => {
      const flight = takeOff(lab, 'SendCommand', { ...shell, InstanceIds: IDS.slice(0, 2) });
      await until('its connection', () => flight.request.socket?.readyState === 'open');
      return () => flight.request.destroy();
    },
  },
  'a request that is never answered': {
    begin: async (lab) => {
      lab.faults.breakNext('*', 'silent');
      const flight = takeOff(lab, 'ListCommands', {});
      flight.finish();
      await until('it to be heard', () => lab.requests.length > 0);
      return () => flight.request.destroy();
    },
  },
  'a client that keeps its connection': {
    begin: async (lab) => {
      const agent = new Agent({ keepAlive: true });
      const flight = takeOff(lab, 'ListCommands', {}, { agent });
      flight.finish();
      await flight.over;
      return () => agent.destroy();
    },
  },
  'a connection that says nothing': { begin: async (lab) => hangUp(await dial(lab, '')) },
  'half a header': { begin: async (lab) => hangUp(await dial(lab, 'POST / HTTP/1.1\r\nHost: ')) },
  'a channel that is refused, and a client that stays': {
    begin: async (lab) =>
      hangUp(
        await dial(
          lab,
          `GET /v1/data-channel/none?role=publish_subscribe HTTP/1.1\r\nHost: 127.0.0.1:${lab.port}\r\n${UPGRADE}`,
        ),
      ),
  },
};

/** What needs processes: all at once in one lab of each isolation. */
const MACHINE: HostSpec = { name: 'web-1', id: 'i-0aaaaaaaaaaaaaaa1', tags: { env: 'dev' } };

async function openChannel(lab: Lab): Promise<Awaited<ReturnType<typeof rawClient>>> {
  const { body } = await rawCall(lab, 'StartSession', { Target: MACHINE.id });
  return rawClient(String(body['StreamUrl']), String(body['TokenValue']));
}

const MACHINE_KINDS: Readonly<Record<string, Kind['begin']>> = {
  'a program that the lab runs': async (lab) => {
    const result = lab.host('web-1').exec(['sleep', '4321']);
    return () => void result.then(({ code }) => assert.equal(code, 137));
  },
  'a script': async (lab) => {
    await call(lab, 'SendCommand', { ...hang, InstanceIds: [MACHINE.id] });
    return undefined;
  },
  'a session with a program that ignores its end': async (lab) => {
    const raw = await openChannel(lab);
    raw.input(3, '{"cols":80,"rows":24}');
    await until('a prompt', () => /[$#] $/.test(raw.text()));
    raw.input(1, "(trap '' HUP TERM; setsid sleep 4321) & sleep 43''21\r");
    await until('its last words', () => raw.text().includes("43''21"));
    return hangUp(raw.socket);
  },
  'a session whose client answers nothing': async (lab) => {
    const raw = await openChannel(lab);
    raw.setAcknowledging(false);
    raw.input(1, 'seq 1 100000\r');
    // Most of the window: soon the lab reads the host's side no more.
    await until('its output', () => raw.text().length > 200_000);
    raw.socket.pause();
    return hangUp(raw.socket);
  },
  'a session that nobody connects to': async (lab) => {
    await call(lab, 'StartSession', { Target: MACHINE.id });
    return undefined;
  },
  'a channel that is not opened': async (lab) => {
    const { body } = await rawCall(lab, 'StartSession', { Target: MACHINE.id });
    const socket = new WebSocket(String(body['StreamUrl']));
    await new Promise((resolve) => socket.once('open', resolve));
    return hangUp(socket);
  },
  'an agent that restarts': async (lab) => {
    void lab.host('web-1').exec(['systemctl', 'restart', 'amazon-ssm-agent.service']);
    return undefined;
  },
  'a session that starts just then': async (lab) => {
    const flight = takeOff(lab, 'StartSession', { Target: MACHINE.id });
    flight.finish();
    return () => flight.request.destroy();
  },
};

/** Every process below this one, those of hosts too; without the compiler that the tests' loader keeps. */
function readDescendants(pid: number | string = process.pid): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8')
        .split(' ')
        .filter((child) => child !== '' && readFileSync(`/proc/${child}/comm`, 'latin1') !== 'esbuild\n')
        .flatMap((child) => [`${child} ${readStart(child)}`, ...readDescendants(child)]),
    );
  } catch {
    return [];
  }
}

/** When it started, so that a number that is used again is told apart; empty for what is gone. */
function readStart(pid: string): string {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    return fields[0] === 'Z' ? '' : (fields[19] ?? '');
  } catch {
    return '';
  }
}

/** Those of `known` that still run. */
function stillRunning(known: readonly string[]): string[] {
  return known.filter((one) => {
    const [pid = '', start = ''] = one.split(' ');
    return start !== '' && readStart(pid) === start;
  });
}

function describeProcess(one: string): string {
  const pid = one.split(' ')[0];
  try {
    const argv = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
    return `${readFileSync(`/proc/${pid}/stat`, 'latin1').slice(0, 40)} ${argv}`;
  } catch {
    return `${one}, gone by now`;
  }
}

async function assertNothingIsLeft(what: string, before: string, clock: ManualClock, processes: string[]) {
  assert.deepEqual(stillRunning(processes).map(describeProcess), [], `${what}: processes outlived the lab`);
  assert.equal(clock.waiting, 0, `${what}: timers outlived the lab`);
  await assertNothingNew(before, what);
}

test('a process that has ended before its signal is no error, wherever the lab sends one', async () => {
  const { pid = 0 } = await new Promise<ChildProcess>((resolve) => {
    const child = spawn('true').once('exit', () => resolve(child));
  });
  assert.equal(signalProcess(pid, 'SIGKILL'), false);
  assert.equal(signalProcess(-pid, 'SIGKILL'), false);
  const sources = readdirSync('src/lab', { recursive: true })
    .map((name) => join('src/lab', String(name)))
    .filter((path) => path.endsWith('.ts') && readFileSync(path, 'utf8').includes('process.kill('));
  assert.deepEqual(sources, ['src/lab/signal-process.ts']);
});

for (const [what, { options, begin }] of Object.entries(KINDS)) {
  test(`lab: nothing keeps the process after its end with ${what}`, async () => {
    const dir = makeFolder();
    const before = await readResources();
    const processes = readDescendants();
    const clock = new ManualClock();
    const lab = await startLab({ dir, clock, hosts: [...SLOW, ...FAST], consistencySeconds: 0, ...options });
    const cleanUp = await begin(lab, clock);
    await lab.stop();
    cleanUp?.();
    const started = readDescendants().filter((one) => !processes.includes(one));
    await assertNothingIsLeft(what, before, clock, started);
  });
}

for (const isolation of ['sandbox', 'rooted'] as const) {
  const skip = isolation === 'sandbox' && sandboxMissing();
  test(`lab, ${isolation}: no process, session or connection of a host outlives it`, { skip }, async () => {
    const dir = makeFolder();
    const before = await readResources();
    const own = readDescendants();
    const clock = new ManualClock();
    const lab = await startLab({ dir, clock, hosts: [MACHINE], isolation, consistencySeconds: 0 });
    const cleanUps: ((() => void) | undefined)[] = [];
    for (const begin of Object.values(MACHINE_KINDS)) cleanUps.push(await begin(lab, clock));
    const started = readDescendants().filter((one) => !own.includes(one));
    assert.ok(started.length > 0);
    let hasStopped = false;
    const stopped = lab.stop().then(() => {
      hasStopped = true;
    });
    // The WebSocket library waits 30 s for a client that does not answer the closing handshake.
    await until('the lab to stop', () => hasStopped, 20);
    await stopped;
    for (const cleanUp of cleanUps) cleanUp?.();
    await assertNothingIsLeft(isolation, before, clock, started);
    const late = readDescendants().filter((one) => !own.includes(one));
    assert.deepEqual(late, [], 'processes that started while it stopped');
    const result = await lab
      .host('web-1')
      .exec(['true'])
      .catch((error: Error) => error.message);
    assert.match(String(result), /is not running/);
    assert.equal(
      (await lab
        .host('web-1')
        .openWorker('late')
        .catch((error: Error) => error)) instanceof Error,
      true,
    );
  });
}

test('lab: one that cannot start leaves nothing behind either', {
  skip: sandboxMissing(),
}, async (context) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  context.after(() => taken.close());
  const { port } = taken.address() as { port: number };
  const bad: HostSpec = { name: 'bad', id: 'i-0bbbbbbbbbbbbbbb1', tags: {} };
  const failures: readonly [string, Partial<LabOptions>, (dir: string) => void][] = [
    ['a port that is taken', { hosts: [MACHINE], port }, () => {}],
    [
      'a folder that takes no file',
      { hosts: [MACHINE] },
      (dir) => mkdirSync(join(dir, 'inventory.json.new')),
    ],
    [
      'a host that does not start, beside one that does',
      { hosts: [MACHINE, bad] },
      (dir) => {
        mkdirSync(join(dir, 'hosts'));
        writeFileSync(join(dir, 'hosts', 'bad'), '');
      },
    ],
  ];
  for (const [what, options, prepare] of failures) {
    const dir = makeFolder();
    prepare(dir);
    const before = await readResources();
    const own = readDescendants();
    const clock = new ManualClock();
    await assert.rejects(startLab({ dir, clock, ...options }), what);
    const started = readDescendants().filter((one) => !own.includes(one));
    await assertNothingIsLeft(what, before, clock, started);
  }
});

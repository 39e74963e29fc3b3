/** Builds a stand-in account on loopback: hosts, records, endpoint and sessions. stop() ends all of it. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Clock, systemClock } from '../clock.ts';
import { UserError } from '../errors.ts';
import { Accounts } from './accounts.ts';
import { AlarmBook, type AlarmState } from './alarms.ts';
import { attachGateway } from './channel/gateway.ts';
import { Connections } from './connections.ts';
import type { RunLog } from './dispatcher.ts';
import { PREFERENCES } from './documents.ts';
import { type Credentials, Door, keysOf } from './door.ts';
import { EndingClock } from './ending-clock.ts';
import { makeEndpoint, type RequestLog } from './endpoint.ts';
import { EndpointFaults } from './endpoint-faults.ts';
import { ALLOW_ALL, type Guard } from './guard.ts';
import type { Host } from './host.ts';
import { readInventory, writeInventory } from './inventory.ts';
import { MachineHost } from './machine-host.ts';
import type { HostSpec, LabOptions } from './options.ts';
import { makeOrganization } from './organization.ts';
import { claimFolder, publishState, releaseFolder } from './ownership.ts';
import { placeProgram } from './program.ts';
import type { RecordStore } from './records.ts';
import { hasSandbox } from './sandbox.ts';
import { SyntheticHost } from './synthetic-host.ts';
import { labEnv } from './variables.ts';

export interface Lab {
  /** http://127.0.0.1:PORT */
  readonly endpoint: string;
  readonly port: number;
  /** Variables that lead any AWS client to the lab. */
  readonly env: Record<string, string>;
  readonly door: Door;
  readonly credentials: Credentials;
  readonly requests: readonly RequestLog[];
  readonly runs: readonly RunLog[];
  readonly faults: EndpointFaults;
  hosts(): readonly Host[];
  setAlarm(name: string, state: AlarmState): void;
  /** By name or instance id. @throws if there is none */
  host(id: string): Host;
  /** Ends everything that the lab started, then saves. Safe to call twice. */
  stop(): Promise<void>;
}

/** Uses the hosts, records and port that `dir` had before. Resolves when every sandboxed host's agent is connected. */
export async function startLab(options: LabOptions, guard = ALLOW_ALL): Promise<Lab> {
  claimFolder(options.dir);
  try {
    return await startClaimed(options, guard);
  } catch (error) {
    releaseFolder(options.dir);
    throw error;
  }
}

async function startClaimed(options: LabOptions, guard: Guard): Promise<Lab> {
  const inventory = readInventory(options.dir);
  const specs = options.hosts ?? inventory.hosts;
  const needsMachines = specs.some(({ synthetic }) => synthetic === undefined);
  const isRooted = needsMachines && chooseRooted(options.isolation ?? 'auto');
  const program = needsMachines ? await placeProgram(options.dir) : '';
  const clock = new EndingClock(options.clock ?? systemClock);
  const hosts = specs.map((spec) => makeHost(spec, options, program, isRooted, clock));
  const alarms = new AlarmBook(options.dir);
  const known = { ...options, accounts: options.accounts ?? inventory.accounts ?? [] };
  const accounts = new Accounts(hosts, alarms, guard, known, clock);
  const { home } = accounts;
  if (options.preferences !== undefined) savePreferences(home.store, options.preferences, clock.now());
  const faults = new EndpointFaults();
  const requests: RequestLog[] = [];
  const door = new Door(known.accounts.flatMap(keysOf));
  const organization = makeOrganization(accounts, door, known);
  const server = makeEndpoint(accounts, organization, door, faults, (entry) =>
    requests.push({ ...entry, at: clock.now() }),
  );
  const connections = new Connections(server);
  const mayOpen = async (request: IncomingMessage, id: string): Promise<boolean> => {
    if (door.isShutFor(request)) return false;
    // The official client signs this request from 1.2.764.0 on, as ours does; older ones show the token alone.
    if (request.headers.authorization === undefined) return true;
    try {
      const { region } = await door.check(request, Buffer.alloc(0), 'ssmmessages', faults.now());
      const owner = accounts.ownerOf(id) ?? home;
      return owner.guard.mayOpenChannel(id, owner, region);
    } catch {
      return false;
    }
  };
  const gateway = attachGateway(server, accounts, mayOpen, clock);
  const end = async (): Promise<void> => {
    // First, so that no handler waits any more.
    clock.end();
    accounts.stop();
    // Connections of sessions are closing by now; these never opened one.
    for (const client of gateway.clients) if (client.readyState === client.OPEN) client.terminate();
    await Promise.all([connections.close(), ...hosts.map((host) => host.stop())]);
  };
  let port: number;
  try {
    await Promise.all(hosts.map((host) => host.start()));
    // The earlier port, if it is free.
    const listen = (port: number) => once(server.listen(port, '127.0.0.1'), 'listening');
    await listen(options.port ?? inventory.port).catch((error) => {
      if (options.port !== undefined) throw error;
      return listen(0);
    });
    port = (server.address() as AddressInfo).port;
    door.admit(`127.0.0.1:${port}`);
    accounts.start(`ws://127.0.0.1:${port}`);
    writeInventory(options.dir, { hosts: specs, accounts: known.accounts, port });
    const { idleSeconds, maxSeconds, minuteSeconds, policy } = home.sessionDefaults;
    publishState(options.dir, {
      endpoint: `http://127.0.0.1:${port}`,
      credentials: door.credentials(),
      idleSeconds,
      maxSeconds,
      minuteSeconds,
      policy,
      notFaithful: [
        ...new Set(
          hosts.flatMap((host) =>
            host.kind === 'rooted' ? ['rooted', ...host.notFaithful] : host.notFaithful,
          ),
        ),
      ],
    });
  } catch (error) {
    await end();
    throw error;
  }
  const endpoint = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    await end();
    try {
      accounts.save();
    } finally {
      // Even if the disk is full: a folder that stays claimed would block the next lab.
      releaseFolder(options.dir);
    }
  };
  let stopped: Promise<void> | undefined;
  return {
    endpoint,
    port,
    env: labEnv({ endpoint, credentials: door.credentials() }),
    door,
    credentials: door.credentials(),
    requests,
    runs: accounts.runs,
    faults,
    hosts: () => hosts,
    setAlarm: (name, state) => alarms.set(name, state),
    host: (id) => {
      const found = hosts.find(({ spec }) => spec.id === id || spec.name === id);
      if (found === undefined) throw new Error(`the lab has no host ${id}`);
      return found;
    },
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}

/** True: hosts are only file trees. @throws UserError if that is refused */
function chooseRooted(isolation: 'sandbox' | 'rooted' | 'auto'): boolean {
  if (isolation === 'rooted') return true;
  if (hasSandbox()) return false;
  if (isolation === 'auto' && process.env['CI'] !== 'true') return true;
  throw new UserError({
    code: 'no-sandbox',
    what: 'the lab has no sandbox to run its hosts in',
    why: 'bubblewrap (bwrap) is missing or may not make namespaces here',
    next: 'install bubblewrap, e.g. with  apt-get install bubblewrap',
  });
}

function makeHost(
  spec: HostSpec,
  options: LabOptions,
  program: string,
  isRooted: boolean,
  clock: Clock,
): Host {
  if (spec.synthetic !== undefined) return new SyntheticHost(spec, clock);
  return new MachineHost(spec, join(options.dir, 'hosts', spec.name), program, isRooted, clock, options);
}

function savePreferences(store: RecordStore, inputs: Readonly<Record<string, unknown>>, now: number): void {
  const content = JSON.stringify({
    schemaVersion: '1.0',
    description: 'Document to hold regional settings for Session Manager',
    sessionType: 'Standard_Stream',
    inputs,
  });
  const { documents } = store.records;
  const others = documents.filter(({ name }) => name !== PREFERENCES);
  const version = { version: 1, content, createdAt: now };
  documents.splice(
    0,
    documents.length,
    { name: PREFERENCES, type: 'Session', defaultVersion: 1, versions: [version] },
    ...others,
  );
  store.touch();
}

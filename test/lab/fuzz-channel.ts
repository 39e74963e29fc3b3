/** Random bad input against the lab's gateway and sessions, each round repeatable from its seed. The hosts are stand-ins that echo. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { WebSocket } from 'ws';
import { systemClock } from '../../src/clock.ts';
import { attachGateway } from '../../src/lab/channel/gateway.ts';
import type { FrameSocket } from '../../src/lab/frames.ts';
import { ALLOW_ALL } from '../../src/lab/guard.ts';
import type { Host, WorkerLink } from '../../src/lab/host.ts';
import { RecordStore } from '../../src/lab/records.ts';
import type { Session } from '../../src/lab/session.ts';
import { SessionTable } from '../../src/lab/session-table.ts';
import { type Random, seededRandom } from '../support/random.ts';
import { frame, patch, rawClient } from './raw-client.ts';

export interface FuzzReport {
  rounds: number;
  /** Sessions that the lab closed, and those whose input turned out to be harmless. */
  closed: number;
  lived: number;
}

/** Plays `rounds` rounds from `seed` on; throws at the first that harms anybody else, with how to play it again. */
export async function fuzzChannel(seed: number, rounds: number, folder: string): Promise<FuzzReport> {
  const store = new RecordStore(`${folder}/records.json`, systemClock);
  const sessions = new SessionTable(store, systemClock, ALLOW_ALL);
  const server = createServer();
  attachGateway(server, { findSession: (id) => sessions.find(id) });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  sessions.baseUrl = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const bystander = start(sessions);
  const witness = await rawClient(sessions.streamUrl(bystander), bystander.newToken());
  const report: FuzzReport = { rounds: 0, closed: 0, lived: 0 };
  try {
    for (let round = seed; round < seed + rounds; round += 1) {
      try {
        const session = start(sessions);
        await playRound(seededRandom(round), sessions.streamUrl(session), session);
        report.rounds += 1;
        if (session.hasEnded) report.closed += 1;
        else report.lived += 1;
        if (session.hasEnded && session.record.details !== '')
          assert.match(session.record.details, /^The session was closed: \S/);
        session.end('', 'Terminated');
        const mark = `<${round}>`;
        witness.input(1, mark);
        await soon(() => witness.text().endsWith(mark));
        assert.equal(bystander.hasEnded, false);
      } catch (error) {
        throw new Error(
          `round ${round} failed; again with  SSM_KEEPALIVE_FUZZ_SEED=${round} SSM_KEEPALIVE_FUZZ_ROUNDS=1`,
          { cause: error },
        );
      }
    }
  } finally {
    sessions.stop();
    witness.socket.terminate();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  return report;
}

/** Looks at every turn of the loop: thousands of rounds would wait for a slower poll. */
async function soon(look: () => boolean): Promise<void> {
  for (const limit = Date.now() + 30_000; !look(); ) {
    if (Date.now() > limit) throw new Error('the session beside it answers no more');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function start(sessions: SessionTable): Session {
  const settings = {
    idleSeconds: 3600,
    maxSeconds: undefined,
    policy: 'input' as const,
    sizes: 'changed' as const,
    shellProfile: '',
    stallSeconds: 300,
    maxMinutes: undefined,
  };
  return sessions.start(echoHost(), '', 'none', settings);
}

/** A host whose terminal is an echo. */
function echoHost(): Host {
  const openWorker = async (): Promise<WorkerLink> => {
    const peer: FrameSocket = {
      sendJson: (message) => {
        if (message['op'] === 'open') link.onData(Buffer.from('$ '));
      },
      sendData: (bytes) => {
        link.onData(Buffer.from(bytes));
        return true;
      },
      drained: () => {},
      pause: () => {},
      resume: () => {},
      close: () => {},
    };
    const link: WorkerLink = { peer, onJson: () => {}, onData: () => {}, onClosed: () => {} };
    return link;
  };
  return Object.assign(new EventEmitter(), {
    spec: { id: 'i-0', name: 'echo', tags: {} },
    openWorker,
  }) as never;
}

async function playRound(random: Random, url: string, session: Session): Promise<void> {
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T;
  if (random() < 0.15) return breakSocket(random, url, session);
  const socket = new WebSocket(url);
  socket.on('error', () => {});
  const gone = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  await Promise.race([gone, new Promise((resolve) => socket.on('open', resolve))]);
  const opening = { MessageSchemaVersion: '1.0', TokenValue: session.newToken() };
  const openings = [
    '',
    'null',
    '[]',
    '{',
    '{"TokenValue":5}',
    '{"TokenValue":"wrong"}',
    randomBytes(random, 40),
  ];
  socket.send(random() < 0.85 ? JSON.stringify(opening) : pick(openings));
  let sequence = 0;
  for (let count = 1 + Math.floor(random() * 8); count > 0; count -= 1) {
    const bytes = makeMessage(random, sequence);
    if (random() < 0.6) sequence += 1;
    if (socket.readyState !== WebSocket.OPEN) break;
    const how = random();
    if (how < 0.05) socket.send(bytes.toString('latin1'));
    else if (how < 0.1) socket.ping(bytes.subarray(0, 100));
    else socket.send(bytes, { fin: random() < 0.97 });
  }
  if (random() < 0.1) socket.terminate();
  else if (socket.readyState === WebSocket.OPEN) socket.close();
  await gone;
}

/** A message that is right, or nearly, or not at all. */
function makeMessage(random: Random, sequence: number): Buffer {
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T;
  const type = pick([
    'input_stream_data',
    'input_stream_data',
    'acknowledge',
    'output_stream_data',
    'channel_closed',
    'start_publication',
    'pause_publication',
    'INPUT_STREAM_DATA',
    '\0'.repeat(32),
  ]);
  const contents = ['x', '', 'null', '{}', '[]', '{"cols":80,"rows":24}', '{"cols":-1,"rows":1e99}'];
  contents.push(
    '{"AcknowledgedMessageSequenceNumber":0,"AcknowledgedMessageId":7}',
    '{"ProcessedClientActions":[null]}',
  );
  const payload = random() < 0.3 ? randomBytes(random, 2000) : Buffer.from(pick(contents));
  const payloadType = random() < 0.5 ? 1 : Math.floor(random() * 16);
  let bytes = frame({ sequence, type, payloadType, payload });
  for (let faults = Math.floor(random() * 3); faults > 0; faults -= 1) {
    const at = Math.floor(random() * bytes.length);
    const kind = random();
    if (kind < 0.25) bytes = bytes.subarray(0, at);
    else if (kind < 0.5 && bytes.length > 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
    else if (kind < 0.75 && bytes.length >= 120)
      bytes = patch(bytes, pick([0, 36, 48, 52, 56, 112, 116]), random() * 2 ** 32);
    else bytes = Buffer.concat([bytes.subarray(0, at), randomBytes(random, 300), bytes.subarray(at)]);
  }
  return bytes;
}

/** Below the messages: bytes that are no WebSocket frame, a length nobody sends, a hang-up in the middle. */
async function breakSocket(random: Random, url: string, session: Session): Promise<void> {
  const { port, pathname } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1');
  const gone = new Promise((resolve) => socket.on('close', resolve));
  socket.on('error', () => {});
  socket.resume();
  const key = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==';
  socket.write(
    `GET ${pathname} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${key}\r\n\r\n`,
  );
  if (random() < 0.5) {
    const text = Buffer.from(JSON.stringify({ TokenValue: session.newToken() }));
    // Masked with zeros: a right opening, so that what follows meets an open channel.
    socket.write(
      Buffer.concat([Buffer.from([0x81, 0xfe, text.length >> 8, text.length & 255, 0, 0, 0, 0]), text]),
    );
  }
  const huge = Buffer.from([0x82, 0xff, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff]);
  socket.write(random() < 0.3 ? huge : randomBytes(random, 400));
  if (random() < 0.3) socket.resetAndDestroy();
  else socket.end();
  await gone;
}

function randomBytes(random: Random, most: number): Buffer {
  return Buffer.from(Array.from({ length: Math.floor(random() * most) }, () => Math.floor(random() * 256)));
}

import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { systemClock } from '../../src/clock.ts';
import { Line } from '../../src/lab/channel/line.ts';
import { until } from './test-lab.ts';

const QUESTIONS = 60_000;
/** As small and as large as a message and its acknowledgement are. */
const QUESTION = Buffer.alloc(120);
const ANSWER = Buffer.alloc(330);

test('a client that reads nothing is not read either: answers do not pile up, and it goes on where it stopped', async (context) => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  context.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  let line: Line | undefined;
  let heard = 0;
  server.on('connection', (socket) => {
    const own = new Line(socket, systemClock, {
      message: () => {
        heard += 1;
        own.send(ANSWER);
      },
      closed: () => {},
    });
    line = own;
  });
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  let answers = 0;
  client.on('message', () => {
    answers += 1;
  });
  context.after(() => client.terminate());
  await new Promise((resolve) => client.once('open', resolve));
  client.pause();
  for (let i = 0; i < QUESTIONS; i += 1) client.send(QUESTION);
  let before = -1;
  let looks = 0;
  await until('it to be read no further', () => {
    looks = heard === before ? looks + 1 : 0;
    before = heard;
    return looks === 10;
  });
  assert.ok(heard < QUESTIONS, 'everything was read');
  const waiting = line?.waitingBytes ?? 0;
  assert.ok(waiting > 0 && waiting < 2 * 1024 * 1024, `${waiting} bytes wait`);
  client.resume();
  await until('every answer', () => answers === QUESTIONS);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StartSessionCommand } from '@aws-sdk/client-ssm';
// The one client in these tests whose authors are not ours; it has no types.
import { ssm } from 'ssm-session';
import { WebSocket } from 'ws';
import { makeClient, sandboxMissing, until, useLab } from '../lab/test-lab.ts';

const skip = sandboxMissing();
const WEB = 'i-0aaaaaaaaaaaaaaa1';
const lab = await useLab({
  idleSeconds: 2,
  consistencySeconds: 0,
  hosts: skip ? [] : [{ name: 'web-1', id: WEB, tags: {} }],
});

test('the npm package ssm-session opens a session, sizes it, types into it, reads it, and is told why it ends', {
  skip,
}, async () => {
  const started = await makeClient(lab).send(new StartSessionCommand({ Target: WEB }));
  const socket = new WebSocket(started.StreamUrl ?? '');
  socket.binaryType = 'arraybuffer';
  const termOptions = { rows: 33, cols: 111 };
  let text = '';
  let closing = '';
  socket.on('open', () => ssm.init(socket, { token: started.TokenValue, termOptions }));
  socket.on('message', (data: ArrayBuffer) => {
    const message = ssm.decode(data);
    ssm.sendACK(socket, message);
    if (message.payloadType === 1) text += Buffer.from(message.payload).toString('latin1');
    if (message.messageType.includes('channel_closed'))
      closing = Buffer.from(message.payload).toString('utf8');
  });
  await until('a prompt', () => /[$#] $/.test(text));
  ssm.sendText(socket, Buffer.from('stty size; echo $((40 + 2))\r'));
  await until('the answer', () => /33 111\r\n42\r\n/.test(text));
  for (const key of 'echo k"ey by" key\r') ssm.sendText(socket, Buffer.from(key));
  await until('the keys', () => /key by key/.test(text));
  await until('the end', () => socket.readyState === WebSocket.CLOSED);
  assert.equal(
    (JSON.parse(closing) as { Output: string }).Output,
    'Your session timed out due to inactivity and has been terminated.',
  );
});

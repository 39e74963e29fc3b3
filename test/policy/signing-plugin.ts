/** Asks the service for what the official plugin asks from 1.2.764.0 on: a signed opening of the data channel, ResumeSession, TerminateSession. */
import { ResumeSessionCommand, SSMClient, TerminateSessionCommand } from '@aws-sdk/client-ssm';
import WebSocket from 'ws';
import { signChannel } from '../../src/fleet/sign-channel.ts';

const [answer = '', region = '', , , , endpoint = ''] = process.argv.slice(2);
const { SessionId, StreamUrl } = JSON.parse(process.env[answer] ?? answer) as Record<string, string>;
const client = new SSMClient({ region, endpoint });
const socket = new WebSocket(StreamUrl ?? '', { headers: await signChannel(client, StreamUrl ?? '') });
await new Promise((resolve, reject) => {
  socket.on('open', resolve);
  socket.on('error', reject);
}).catch(() => process.exit(3));
socket.terminate();
await client.send(new ResumeSessionCommand({ SessionId }));
await client.send(new TerminateSessionCommand({ SessionId }));
process.exit(0);

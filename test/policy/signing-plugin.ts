/** Asks the service for what the official plugin asks from 1.2.764.0 on: a signed opening of the data channel, ResumeSession, TerminateSession. */
import { ResumeSessionCommand, SSMClient, TerminateSessionCommand } from '@aws-sdk/client-ssm';
import WebSocket from 'ws';

const [answer = '', region = '', , , , endpoint = ''] = process.argv.slice(2);
const { SessionId, StreamUrl } = JSON.parse(process.env[answer] ?? answer) as Record<string, string>;
// The form of a signature: the lab looks at whom it is for, and checks none.
const authorization = `AWS4-HMAC-SHA256 Credential=AKIALAB/20260101/${region}/ssmmessages/aws4_request, SignedHeaders=host, Signature=0`;
const socket = new WebSocket(StreamUrl ?? '', { headers: { authorization } });
await new Promise((resolve, reject) => {
  socket.on('open', resolve);
  socket.on('error', reject);
}).catch(() => process.exit(3));
socket.terminate();
const client = new SSMClient({ region, endpoint });
await client.send(new ResumeSessionCommand({ SessionId }));
await client.send(new TerminateSessionCommand({ SessionId }));
process.exit(0);

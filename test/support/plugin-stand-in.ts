/** Started as the official plugin is, it says and does what that one does where `measure` looks: first words, raw keys, last words. */
import { openSession } from '../../src/session/index.ts';

const [answer = ''] = process.argv.slice(2);
// The name of a variable, as newer plugins take it, or the text itself.
const session = JSON.parse(process.env[answer] ?? answer) as {
  SessionId: string;
  StreamUrl: string;
  TokenValue: string;
};
process.stdout.write(`\nStarting session with SessionId: ${session.SessionId}\n`);
const client = await openSession({
  session,
  // Without a terminal it says that there is one of this size.
  size: { cols: process.stdout.columns ?? 300, rows: process.stdout.rows ?? 100 },
  onOutput: (bytes) => process.stdout.write(bytes),
});
if (process.stdin.isTTY) process.stdin.setRawMode(true);
process.stdin.on('data', (bytes: Buffer) => client.write(bytes));
process.on('SIGTERM', () => client.close());
const { sentence, by } = await client.ended;
if (by === 'service') {
  const words = sentence
    ? `SessionId: ${session.SessionId} : ${sentence}`
    : `Exiting session with sessionId: ${session.SessionId}.`;
  process.stdout.write(`\n\n${words}\n\n`, () => process.exit(0));
} else process.exit(1);

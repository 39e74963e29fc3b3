/** The two clients of a measurement, behind one interface. */
import type { Clock } from '../../clock.ts';
import { openSession } from '../client.ts';
import { pluginCommand } from '../plugin.ts';
import type { Resume } from '../recovery.ts';
import type { SessionEnd } from '../session.ts';
import type { ArmOrder, PluginCall } from './messages.ts';

export interface Terminal {
  write(bytes: string): void;
  resize(cols: number, rows: number): void;
  close(): void;
  readonly ended: Promise<SessionEnd>;
}

type OnOutput = (bytes: Uint8Array) => void;

/** @throws Error if the session cannot be opened */
export function openTerminal(
  order: ArmOrder,
  onOutput: OnOutput,
  resume: Resume,
  clock: Clock,
): Promise<Terminal> {
  return order.plugin ? openPlugin(order, order.plugin, onOutput, clock) : openOwn(order, onOutput, resume);
}

async function openOwn({ session }: ArmOrder, onOutput: OnOutput, resume: Resume): Promise<Terminal> {
  const client = await openSession({ session, onOutput, resume, terminal: 'silent' });
  return {
    write: (bytes) => void client.write(bytes),
    resize: (cols, rows) => client.resize(cols, rows),
    close: () => client.close(),
    ended: client.ended,
  };
}

/** The plugin's own first and last lines [source: sessionhandler, session.go]; they do not come from the host. */
const FIRST_WORDS = /Starting session with SessionId: \S+\r?\n/;
const LAST_WORDS = /SessionId: \S+ : ([^\r\n]*)|Exiting session with sessionId/;

/** Runs the official plugin on a pty, as in a terminal. */
async function openPlugin(
  { session }: ArmOrder,
  call: PluginCall,
  onOutput: OnOutput,
  clock: Clock,
): Promise<Terminal> {
  const { spawn } = await import('@lydell/node-pty');
  const { args, env } = pluginCommand({ ...call, session, endpoint: session.endpoint, env: process.env });
  const plugin = spawn(call.path, args, { name: 'xterm-256color', cols: 80, rows: 24, encoding: null, env });
  let tail = '';
  let isClosing = false;
  let hasBegun = false;
  let begin = (): void => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  plugin.onData((chunk) => {
    const bytes = chunk as unknown as Buffer;
    tail = (tail + bytes.toString('latin1')).slice(-4000);
    if (hasBegun && !LAST_WORDS.test(tail)) onOutput(bytes);
    const banner = hasBegun ? null : FIRST_WORDS.exec(tail);
    if (!banner) return;
    hasBegun = true;
    const rest = tail.slice(banner.index + banner[0].length);
    if (rest !== '') onOutput(Buffer.from(rest, 'latin1'));
    begin();
  });
  const ended = new Promise<SessionEnd>((resolve) => {
    plugin.onExit(({ exitCode }) => {
      const words = LAST_WORDS.exec(tail);
      const by = isClosing ? 'closed' : words ? 'service' : 'lost';
      const said =
        tail
          .trim()
          .split(/[\r\n]+/)
          .at(-1) || `status ${exitCode}`;
      const sentence = by === 'lost' ? `the plugin ended: ${said}` : (words?.[1] ?? '');
      resolve({ at: clock.now(), by, sentence: Buffer.from(sentence, 'latin1').toString('utf8') });
    });
  });
  const early = await Promise.race([begun, ended]);
  if (early) throw new Error(early.sentence);
  return {
    write: (bytes) => plugin.write(bytes),
    resize: (cols, rows) => plugin.resize(cols, rows),
    close: () => {
      isClosing = true;
      plugin.kill('SIGTERM');
    },
    ended,
  };
}

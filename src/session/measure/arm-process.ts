/**
 * One arm's client, a process of its own: opens the session, sets the arm up, plays the terminal, tells of every byte and of the end.
 * Ends with the command that started it, whatever ends that.
 */

import type { SessionAddress } from '../link.ts';
import { ResumeRefusedError } from '../recovery.ts';
import { ANSWER, QueryFinder } from '../terminal.ts';
import { type Arm, findArm } from './arms.ts';
import type { ArmOrder, FromArm, ToArm } from './messages.ts';
import { makeTalk, setUp } from './set-up.ts';
import { openTerminal, type Terminal } from './terminals.ts';

/** Traffic is told in pieces of this length: fine enough to draw, coarse enough for hours. */
const TELL_MS = 200;
const PROBE_LIMIT_MS = 10_000;

process.on('message', (message: ToArm) => {
  if (message.op === 'order') void run(message.order);
});
process.on('disconnect', () => process.exit(0));
// Ctrl-C is for the command; it decides when its clients leave.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});

async function run(order: ArmOrder): Promise<void> {
  const arm = findArm(order.arm);
  const queries = new QueryFinder();
  const since = { at: 0, input: 0, output: 0, queries: 0, answers: 0 };
  let terminal: Terminal | undefined;
  /** Called once with the next output. */
  let onNextOutput = (): void => {};

  const tellTraffic = () => {
    if (since.input + since.output === 0) return;
    tell({ kind: 'traffic', ...since });
    Object.assign(since, { input: 0, output: 0, queries: 0, answers: 0 });
  };
  const write = (bytes: string) => {
    since.at = Date.now();
    since.input += Buffer.byteLength(bytes);
    terminal?.write(bytes);
  };
  const talk = makeTalk(write);
  const onOutput = (bytes: Uint8Array) => {
    since.at = Date.now();
    since.output += bytes.length;
    const found = queries.count(bytes);
    since.queries += found;
    if (arm.answers) for (let n = 0; n < found; n += 1) write(ANSWER);
    if (arm.answers) since.answers += found;
    talk.hear(bytes);
    onNextOutput();
  };

  try {
    const opened = await openTerminal(order, onOutput, askForResume);
    terminal = opened;
    tell({ kind: 'opened', at: Date.now() });
    setInterval(tellTraffic, TELL_MS);
    void opened.ended.then((end) => {
      tellTraffic();
      tell({ kind: 'ended', ...end });
    });
    process.on('message', (message: ToArm) => {
      if (message.op === 'close') opened.close();
      if (message.op !== 'probe') return;
      void probe(write, (next) => {
        onNextOutput = next;
      });
    });
    const end = await Promise.race([setUp(arm, order.tickSeconds, talk), opened.ended]);
    if (end) return;
    tellTraffic();
    tell({ kind: 'settled', at: Date.now() });
    startTyping(arm, order.tickSeconds, write);
  } catch (error) {
    tell({ kind: 'failed', why: (error as Error).message });
  }
}

function startTyping(arm: Arm, tickSeconds: number, write: (bytes: string) => void): void {
  if (arm.types) setInterval(() => write('\r'), tickSeconds * 1000);
}

/** Only the command may speak with the account: it asks on this process's behalf. */
function askForResume(): Promise<SessionAddress | undefined> {
  return new Promise((resolve, reject) => {
    const hear = (message: ToArm) => {
      if (message.op !== 'resumed') return;
      process.off('message', hear);
      const { address, error, isFinal } = message;
      if (error === undefined) resolve(address);
      else reject(isFinal ? new ResumeRefusedError(error) : new Error(error));
    };
    process.on('message', hear);
    tell({ kind: 'resume', at: Date.now() });
  });
}

/** Still there? Ctrl-C brings a prompt out of every arm; silence here means that nothing is known about this session. */
async function probe(write: (bytes: string) => void, listen: (next: () => void) => void): Promise<void> {
  const isAlive = await new Promise<boolean>((resolve) => {
    listen(() => resolve(true));
    setTimeout(() => resolve(false), PROBE_LIMIT_MS);
    write('\x03');
  });
  tell({ kind: 'probed', isAlive });
}

function tell(message: FromArm): void {
  if (process.connected) process.send?.(message);
}

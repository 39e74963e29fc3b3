/** One arm's client: opens the session, sets up the arm, answers as a terminal, and reports traffic and the end. */
import { type Clock, repeat, sleep } from '../../clock.ts';
import { describeSystemError } from '../../system-error.ts';
import type { SessionAddress } from '../link.ts';
import { ResumeRefusedError } from '../recovery.ts';
import { ANSWER, QUERY, SequenceFinder } from '../terminal.ts';
import { ARMS, type Arm, type Size } from './arms.ts';
import type { ArmOrder, FromArm, ToArm } from './messages.ts';
import { makeTalk, setUp } from './set-up.ts';
import { openTerminal, type Terminal } from './terminals.ts';

/** The channel to the command. */
export interface ArmChannel {
  tell(message: FromArm): void;
  /** Returns the function that removes the listener. */
  onMessage(listener: (message: ToArm) => void): () => void;
}

/** Traffic is reported in steps of this length: fine enough to draw, coarse enough for hours. */
const TELL_MS = 200;
const PROBE_LIMIT_MS = 10_000;

/** Resolves when the arm has begun or its session has ended. `open` replaces the way to a session in tests. */
export async function playArm(
  order: ArmOrder,
  clock: Clock,
  channel: ArmChannel,
  open = openTerminal,
): Promise<void> {
  const { tell } = channel;
  const arm: Arm = ARMS[order.arm];
  const { sends = [] } = arm;
  const queries = new SequenceFinder(QUERY);
  const since = { at: 0, input: 0, output: 0, sizes: 0, queries: 0, answers: 0 };
  let terminal: Terminal | undefined;
  /** Called once, at the next output. */
  let onNextOutput = (): void => {};

  const reportTraffic = () => {
    if (since.input + since.output + since.sizes === 0) return;
    tell({ kind: 'traffic', ...since });
    Object.assign(since, { input: 0, output: 0, sizes: 0, queries: 0, answers: 0 });
  };
  const write = (bytes: string) => {
    since.at = clock.now();
    since.input += Buffer.byteLength(bytes);
    terminal?.write(bytes);
  };
  const resize = ({ cols, rows }: Size) => {
    since.at = clock.now();
    since.sizes += 1;
    terminal?.resize(cols, rows);
  };
  const talk = makeTalk(write, clock);
  const onOutput = (bytes: Uint8Array) => {
    since.at = clock.now();
    since.output += bytes.length;
    const found = queries.count(bytes);
    since.queries += found;
    if (arm.answers) for (let n = 0; n < found; n += 1) write(ANSWER);
    if (arm.answers) since.answers += found;
    talk.hear(bytes);
    onNextOutput();
  };

  try {
    const opened = await open(order, onOutput, () => askForResume(clock, channel), clock);
    terminal = opened;
    tell({ kind: 'opened', at: clock.now() });
    const stopTelling = repeat(clock, TELL_MS, reportTraffic);
    let stopSending = (): void => {};
    void opened.ended.then((end) => {
      stopTelling();
      stopSending();
      reportTraffic();
      tell({ kind: 'ended', ...end });
    });
    channel.onMessage((message) => {
      if (message.op === 'close') opened.close();
      if (message.op !== 'probe') return;
      const answered = new AbortController();
      onNextOutput = () => answered.abort();
      // Ctrl-C makes every arm print a prompt. Silence means that the session's state is not known.
      write('\x03');
      void sleep(clock, PROBE_LIMIT_MS, answered.signal).then(() =>
        tell({ kind: 'probed', isAlive: answered.signal.aborted }),
      );
    });
    const end = await Promise.race([setUp(arm, order.tickSeconds, talk), opened.ended]);
    if (end) return;
    reportTraffic();
    tell({ kind: 'begun', at: clock.now() });
    let ticks = 0;
    stopSending = repeat(clock, order.tickSeconds * 1000, () => {
      const next = sends[ticks++ % sends.length];
      if (typeof next === 'string') write(next);
      else if (next) resize(next);
    });
  } catch (error) {
    tell({ kind: 'failed', why: describeSystemError(error) });
  }
}

/** Asks the command to call ResumeSession: only the command calls the account. */
function askForResume(clock: Clock, { tell, onMessage }: ArmChannel): Promise<SessionAddress | undefined> {
  return new Promise((resolve, reject) => {
    const forget = onMessage((message) => {
      if (message.op !== 'resumed') return;
      forget();
      const { address, error, isFinal } = message;
      if (error === undefined) resolve(address);
      else reject(isFinal ? new ResumeRefusedError(error) : new Error(error));
    });
    tell({ kind: 'resume', at: clock.now() });
  });
}

import { type Clock, sleep } from '../../clock.ts';
import { UserError } from '../../errors.ts';
import { terminateSession } from '../../fleet/sessions.ts';
import type { Interruption } from '../../interruption.ts';
import { EscapeReader } from '../../session/escape.ts';
import { type ClientSession, openSession, SessionNotOpenedError } from '../../session/index.ts';
import { ANSWER, SequenceFinder } from '../../session/terminal.ts';
import { UserTerminal } from '../../session/user-terminal.ts';
import { repeatConnection, repeatForAws } from '../../settings/told-connection.ts';
import type { TerminalStreams } from '../../terminal/io.ts';
import { safe } from '../../terminal/safe-text.ts';
import { makeResume } from '../resume-session.ts';
import type { ConnectTask } from './connect-task.ts';
import { describeEnd, describeSpan, isIdleEnd } from './connect-text.ts';
import { adviseAfterIdle } from './idle-advice.ts';

/** A shorter loss of the connection is not reported. */
const NOTICE_MS = 2000;
/** How long to wait for the answer to the last query; it must not reach the user's own shell. */
const ANSWER_MS = 300;

/** Connects the user's terminal to a session until one of them ends, then restores it and prints the reason. */
export async function runOwnClient(
  task: ConnectTask & { readonly streams: TerminalStreams; readonly interruption: Interruption },
): Promise<number> {
  const { client, session: started, instanceId, options, io, interruption } = task;
  const isQuiet = task.settings.common.isQuiet;
  const began = io.clock.now();
  const stop = new AbortController();
  let isSignalled = false;
  const leave = (): void => {
    isSignalled = true;
    stop.abort();
  };
  const forget = interruption.onRequest(leave);
  const terminal = new UserTerminal(task.streams);
  terminal.onHangup(leave);
  const answers = new SequenceFinder(ANSWER);
  const notice = makeLateNotice(io.clock, (text) => terminal.say(text), options.escapeCode);
  let session: ClientSession | undefined;
  if (!isQuiet) io.err(describeStart(started.SessionId, instanceId, options.escapeCode));
  try {
    session = await openSession({
      session: started,
      size: terminal.size,
      resume: makeResume(client),
      giveUpSeconds: options.giveUpSeconds,
      signal: stop.signal,
      onConnection: (state) => notice.tell(state),
      onOutput: (bytes) => {
        terminal.enterRaw();
        if (!terminal.write(bytes, () => session?.resumeOutput())) session?.pauseOutput();
      },
    });
    terminal.enterRaw();
    passKeys(terminal, session, options.escapeCode, answers, () => stop.abort());
    const end = await session.ended;
    notice.stop();
    const terminating = end.by === 'closed' ? terminateSession(client, started.SessionId) : undefined;
    if (!isSignalled) await swallowAnswers(session, answers, io.clock);
    terminal.close();
    const { words, next, exitStatus } = describeEnd(end, instanceId, started.SessionId, {
      ours: repeatConnection(task.settings),
      aws: repeatForAws(task.settings, started.endpoint),
    });
    const why = isSignalled ? 'closed by a signal' : words;
    if (!isQuiet || exitStatus !== 0)
      io.err(
        safe`\nssm-keepalive: session ${started.SessionId} ended after ${describeSpan(end.at - began)}: ${why}\n`,
      );
    const advice =
      isIdleEnd(end) && !isSignalled
        ? await adviseAfterIdle(task, stop.signal, session.stats.queriesSeen)
        : undefined;
    if (advice) io.err(safe`  why:  ${advice.why}\n`);
    if (next) io.err(safe`  next: ${advice?.next || next}\n`);
    await terminating;
    return isSignalled ? 130 : exitStatus;
  } catch (error) {
    terminal.close();
    await terminateSession(client, started.SessionId);
    if (isSignalled) {
      if (!isQuiet)
        io.err(safe`ssm-keepalive: session ${started.SessionId} was ended before it had opened\n`);
      return 130;
    }
    throw explainOpening(error, instanceId);
  } finally {
    notice.stop();
    forget();
    terminal.close();
  }
}

/** Passes keys and sizes to the session. While the host does not accept keys, they are not read. */
function passKeys(
  terminal: UserTerminal,
  session: ClientSession,
  escapeCode: number | undefined,
  answers: SequenceFinder,
  close: () => void,
): void {
  const reader = new EscapeReader(escapeCode);
  terminal.onResize(() => {
    const { cols, rows } = terminal.size;
    session.resize(cols, rows);
  });
  terminal.onKeys((bytes) => {
    answers.count(bytes);
    const { send, asks } = reader.read(bytes);
    const hasRoom = send.length === 0 || session.write(send);
    if (asks.includes('help')) terminal.say(describeEscapes(escapeCode));
    if (asks.includes('end')) close();
    // While the connection is broken, keys are still read: one may be the escape.
    if (hasRoom || !session.isConnected) return;
    terminal.pauseKeys();
    void session.drained().then(() => terminal.resumeKeys());
  });
}

/** Reads and drops input for a moment, or the user's own shell would get the last answer as keys. */
async function swallowAnswers(session: ClientSession, answers: SequenceFinder, clock: Clock): Promise<void> {
  const limit = clock.now() + ANSWER_MS;
  while (answers.total < session.stats.queriesSeen && clock.now() < limit) await sleep(clock, 10);
}

function makeLateNotice(clock: Clock, say: (text: string) => void, escapeCode: number | undefined) {
  let cancel = (): void => {};
  let wasTold = false;
  const out = escapeCode === undefined ? '' : `; ${String.fromCharCode(escapeCode)}. gives up`;
  return {
    tell(state: 'broken' | 'back'): void {
      cancel();
      if (state === 'broken') {
        cancel = clock.keepAliveAfter(NOTICE_MS, () => {
          wasTold = true;
          say(safe`\n[ssm-keepalive: the connection is broken, trying to get it back${out}]\n`);
        });
      } else if (wasTold) {
        wasTold = false;
        say('\n[ssm-keepalive: connected again]\n');
      }
    },
    stop: () => cancel(),
  };
}

function describeStart(sessionId: string, instanceId: string, escapeCode: number | undefined): string {
  const key = escapeCode === undefined ? '' : String.fromCharCode(escapeCode);
  const hint = key && `; after a new line ${key}. ends it, ${key}? helps`;
  return safe`ssm-keepalive: session ${sessionId} on ${instanceId}${hint}\n`;
}

function describeEscapes(escapeCode = 0): string {
  const key = String.fromCharCode(escapeCode);
  return safe`\n${key}.  end this session\n${key}?  this list\n${key}${key}  type one ${key}\n(only at the start of a line; Enter brings the prompt back)\n`;
}

function explainOpening(error: unknown, instanceId: string): unknown {
  if (!(error instanceof SessionNotOpenedError)) return error;
  const isRefusal = error.refused.length > 0;
  return new UserError(
    {
      code: 'session-not-opened',
      what: `the session on ${instanceId} did not open`,
      why: isRefusal
        ? `it asks for ${error.refused.join(' and ')}, which only the official client can do`
        : error.message,
      next: isRefusal
        ? 'install the official session-manager-plugin; connect then uses it'
        : 'run it again; if it stays so, look at the agent’s log on the instance',
    },
    { cause: error },
  );
}

/** What helps after an idle timeout: nobody is told to install what is there. */
import { sleep } from '../../clock.ts';
import { examine } from '../../doctor/index.ts';
import { formatDuration } from '../../duration.ts';
import { readSessionLimits } from '../../fleet/session-limits.ts';
import { Interruption } from '../../interruption.ts';
import { repeatConnection } from '../../settings/told-connection.ts';
import { safe } from '../../terminal/safe-text.ts';
import { quoteCommand } from '../../terminal/shell-word.ts';
import { askInstance } from '../ask-instance.ts';
import type { ConnectTask } from './connect-task.ts';

/** Whoever has lost a session does not wait longer for advice. */
const LONGEST_LOOK_MS = 20_000;

/** What was found on the instance, and what helps. Undefined where the instance does not answer, or these credentials may not ask it. */
export async function adviseAfterIdle(
  { client, instanceId, options, settings, io }: ConnectTask,
  stop: AbortSignal,
  queriesSeen: number,
) {
  const connection = repeatConnection(settings);
  const interruption = new Interruption();
  const leave = () => interruption.request();
  stop.addEventListener('abort', leave);
  const isOver = new AbortController();
  try {
    io.err(
      safe`ssm-keepalive: asking ${instanceId} what is installed, with the status script, which only reads\n`,
    );
    const asking = Promise.all([
      askInstance(client, instanceId, settings, interruption),
      readSessionLimits(client, options.document).catch(() => undefined),
    ]).catch(() => undefined);
    const limit = sleep(io.clock, LONGEST_LOOK_MS, isOver.signal).then(() => undefined);
    const answer = await Promise.race([asking, limit]);
    if (!answer) return undefined;
    const [status, limits] = answer;
    const facts = { status, ...(limits ? { limits } : {}) };
    const results = examine({ facts, gaps: {}, connection }, true);
    const todo =
      results.find(({ check, level }) => /^(keeper|entries)$/.test(check) && level === 'todo') ??
      results.find(({ check, level }) => check === 'keeper' && level === 'note');
    if (todo) return { why: todo.finding, next: todo.next };
    const { intervalSeconds = 0, unattendedSeconds = 0 } = status.report ?? {};
    const [after, until] = [intervalSeconds, unattendedSeconds].map(formatDuration);
    if (queriesSeen === 0)
      return {
        why: 'a keeper is installed there, and sent no heartbeat to this session: its user has switched it off (~/.config/ssm-keepalive/off), or the session was older than the keeper',
        next: 'open a new session, and if that file is there, remove it:  rm ~/.config/ssm-keepalive/off',
      };
    return {
      why: `a keeper is there; its heartbeats come ${after} after the last input, until ${until} without a key press. Perhaps the idle timeout is shorter, nobody typed for so long, or the client did not answer`,
      next: quoteCommand`look with  ssm-keepalive doctor ${instanceId}` + connection,
    };
  } finally {
    isOver.abort();
    interruption.request();
    stop.removeEventListener('abort', leave);
  }
}

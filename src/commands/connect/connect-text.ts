import type { SessionEnd } from '../../session/index.ts';
import { quoteCommand } from '../../terminal/shell-word.ts';

/** The end of a session, in words for its user. */
export interface Farewell {
  readonly words: string;
  /** What to do; empty: nothing. */
  readonly next: string;
  /** 0: the user or the shell ended it. 1: it was ended, or lost. */
  readonly exitStatus: 0 | 1;
}

/** The service gives a sentence, not a code. The one for idle sessions is documented; others are shown unchanged. */
export function describeEnd(
  end: SessionEnd,
  instanceId: string,
  sessionId: string,
  flags: { readonly ours: string; readonly aws: string },
): Farewell {
  const { by, sentence } = end;
  if (by === 'closed') return { words: 'closed by you', next: '', exitStatus: 0 };
  if (by === 'lost') {
    const next =
      'if the host is up, its session goes on until it times out; end it with  ' +
      quoteCommand`aws ssm terminate-session --session-id ${sessionId}` +
      flags.aws;
    const why = sentence.trim().replace(/\.$/, '') || 'no reason was given';
    return { words: `connection lost (${why})`, next, exitStatus: 1 };
  }
  if (by === 'over')
    return { words: 'it ended on the other side while the connection was broken', next: '', exitStatus: 1 };
  // The protocol does not distinguish the two.
  if (sentence === '')
    return { words: 'the shell exited (or somebody ended the session)', next: '', exitStatus: 0 };
  if (isIdleEnd(end)) {
    const target = quoteCommand`--instance-id ${instanceId}` + flags.ours;
    const look = 'see whether a keeper is there:  ssm-keepalive status ' + target;
    const next = look + ' ; if not:  ssm-keepalive install ' + target;
    return { words: `idle timeout: “${sentence}”`, next, exitStatus: 1 };
  }
  if (/maximum|max.*duration/i.test(sentence)) {
    const next = 'no keeper can help: the maximum is a setting of the account or the session document';
    return { words: `maximum duration reached: “${sentence}”`, next, exitStatus: 1 };
  }
  return { words: `ended by the service: “${sentence}”`, next: '', exitStatus: 1 };
}

/** The sentence alone tells an idle timeout from another end. */
export function isIdleEnd({ by, sentence }: SessionEnd): boolean {
  return by === 'service' && /inactiv|idle/i.test(sentence);
}

/** `16.1 s`, `4 min 5 s`, `2 h 3 min`: two units say enough. */
export function describeSpan(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Prepares a session for its arm: switches the host's keeper off, except for the arm `keeper`, and starts the loop. */
import { type Clock, sleep } from '../../clock.ts';
import { QUERY } from '../terminal.ts';
import type { Arm } from './arms.ts';

/** A conversation with the session's shell, from its first byte on. */
export interface Talk {
  hear(bytes: Uint8Array): void;
  /** Resolves when output came and then stopped for QUIET_MS; at the latest at the limit. */
  quiet(): Promise<unknown>;
  /** Types a line and waits for output that matches `pattern`. @throws Error if it does not come */
  say(words: string, pattern: RegExp): Promise<RegExpExecArray>;
}

/** How long a shell on a slow instance may take for a prompt or a line. */
const ANSWER_LIMIT_MS = 20_000;
/** After this silence a prompt counts as complete. */
const QUIET_MS = 500;
const POLL_MS = 20;

/** printf joins the two words, so the echo of the typed line cannot match the output. */
const SAY_SET = "printf '%s%s\\n' ssmka- set";
const ASK_KEEPER = `printf '%s%s %s,%s\\n' ssmka- look "$(cat /proc/$PPID/comm 2>/dev/null)" "\${__ssmka_kept-}"`;

/** Resolves when the arm has begun. @throws Error if the shell does not take a line */
export async function setUp(arm: Arm, tickSeconds: number, talk: Talk): Promise<void> {
  await talk.quiet();
  if (arm.line === undefined) return;
  const [, parent = '', isKept = ''] = await talk.say(ASK_KEEPER, /ssmka-look ([^\r\n,]*),(\w*)/);
  if (parent === 'ssm-keepalive') {
    // The entry then continues as the plain shell, restores the terminal and prints that.
    await talk.say('kill -9 $PPID', /plain shell/);
    await talk.quiet();
  } else if (isKept !== '') {
    // The prompt keeper's helper ends when its shell becomes another program.
    await talk.say(
      `exec env SSM_KEEPALIVE=off sh -c '${SAY_SET.replaceAll("'", '"')}; exec sh'`,
      /ssmka-set/,
    );
    await talk.quiet();
  }
  const command = arm.line(tickSeconds);
  await talk.say(command === '' ? SAY_SET : `${SAY_SET}; ${command}`, /ssmka-set/);
  await talk.quiet();
}

export function makeTalk(write: (bytes: string) => void, clock: Clock): Talk {
  let text = '';
  let lastAt = clock.now();
  let hasPrinted = false;

  async function poll<T>(look: () => T | undefined): Promise<T | undefined> {
    const endsAt = clock.now() + ANSWER_LIMIT_MS;
    while (clock.now() < endsAt) {
      const found = look();
      if (found !== undefined) return found;
      await sleep(clock, POLL_MS);
    }
    return undefined;
  }

  return {
    hear(bytes) {
      // A relay's query may stand anywhere, even inside our own words. Only the end is kept: sessions last for hours.
      text = (text + Buffer.from(bytes).toString('latin1')).replaceAll(QUERY, '').slice(-4000);
      lastAt = clock.now();
      hasPrinted = true;
    },
    quiet: () => poll(() => (hasPrinted && clock.now() - lastAt >= QUIET_MS ? true : undefined)),
    async say(words, pattern) {
      text = '';
      write(`${words}\r`);
      const found = await poll(() => pattern.exec(text) ?? undefined);
      if (found) return found;
      throw new Error(`the shell did not take a line; it printed ${JSON.stringify(text.slice(-200))}`);
    },
  };
}

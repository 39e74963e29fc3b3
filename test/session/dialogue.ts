/** A conversation with one session, for tests: say something, wait for words, keep everything that was printed. */
import { type SSMClient, StartSessionCommand } from '@aws-sdk/client-ssm';
import { type ClientSession, openSession, type SessionOptions } from '../../src/session/index.ts';
import { until } from '../lab/test-lab.ts';

export interface Dialogue {
  readonly session: ClientSession;
  /** Everything printed so far, as Latin-1 so that every byte is one character. */
  printed(): string;
  /** Types, then waits until `pattern` is found in what is printed from then on. */
  say(keys: string, pattern: RegExp): Promise<string>;
  /** Types a command and returns what it prints. */
  ask(command: string): Promise<string>;
  wait(pattern: RegExp): Promise<string>;
  /** As `wait`, in what is printed from now on. */
  next(pattern: RegExp): Promise<string>;
}

export async function startSession(
  client: SSMClient,
  instanceId: string,
  more: Partial<SessionOptions> = {},
  documentName?: string,
  parameters?: Record<string, string[]>,
): Promise<Dialogue> {
  const started = await client.send(
    new StartSessionCommand({ Target: instanceId, DocumentName: documentName, Parameters: parameters }),
  );
  let text = '';
  let asked = 0;
  const session = await openSession({
    session: started,
    terminal: 'silent',
    ...more,
    onOutput: (bytes) => {
      text += Buffer.from(bytes).toString('latin1');
      more.onOutput?.(bytes);
    },
  });
  const wait = async (pattern: RegExp, from = 0): Promise<string> => {
    try {
      return await until(String(pattern), () => text.slice(from).match(pattern)?.[0]);
    } catch (error) {
      throw new Error(`${(error as Error).message}; printed:\n${JSON.stringify(text.slice(-2000))}`);
    }
  };
  const say = (keys: string, pattern: RegExp): Promise<string> => {
    const from = text.length;
    session.write(keys);
    return wait(pattern, from);
  };
  return {
    session,
    printed: () => text,
    say,
    wait: (pattern) => wait(pattern),
    next: (pattern) => wait(pattern, text.length),
    async ask(command) {
      asked += 1;
      // Put together by the shell, so that the echo of the line is not taken for its output.
      const [start, end] = [`<${asked}:`, `:${asked}>`];
      const found = await say(
        `printf '%s%s' '<' '${asked}:'; ${command}; printf '%s%s' ':${asked}' '>'\r`,
        new RegExp(`${start}[^]*?${end}`),
      );
      return found.slice(start.length, -end.length).replaceAll('\r', '').replace(/\n$/, '');
    },
  };
}

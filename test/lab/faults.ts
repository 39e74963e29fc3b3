// Faults put into the lab on purpose, and the tests of `npm test` that must notice. faults.long.test.ts runs them all.

export interface Fault {
  /** Below src/lab/. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** Which test file of test/lab notices, and what its tests are called. */
  readonly noticedIn: string;
  readonly noticedBy: string;
}

export const faults: Readonly<Record<string, Fault>> = {
  'timers start after the end': fault(
    'ending-clock.ts',
    'if (this.hasEnded) return () => {};',
    '',
    'ending-clock',
    'nothing waits',
  ),
  'timers outlive the end': fault(
    'ending-clock.ts',
    'for (const cancel of [...this.#cancels]) cancel();',
    '',
    'stop',
    'looked up',
  ),
  'timers of their own': fault(
    'synthetic-host.ts',
    'this.clock.after(latencySeconds * 1000, () => finish({ details, code, stdout, stderr }))',
    '(setTimeout(() => finish({ details, code, stdout, stderr }), latencySeconds * 1000), () => {})',
    'stop',
    'slow hosts',
  ),
  'requests are served after the end': fault(
    'accounts.ts',
    'if (this.clock.hasEnded) throw',
    'if (false) throw',
    'ending-clock',
    'still on its way in',
  ),
  'clients that stay are waited for': fault(
    'connections.ts',
    'socket.destroy()',
    'socket.pause()',
    'stop',
    'sandbox: no process',
  ),
  'a lab that cannot start leaves its hosts': fault(
    'lab.ts',
    'await end();\n    throw error',
    'throw error',
    'stop',
    'cannot start',
  ),
  'an error too many': fault(
    'dispatcher.ts',
    'errors > progress.maxErrors',
    'errors > progress.maxErrors + 1',
    'endpoint',
    '.',
  ),
  'more at once than asked for': fault(
    'dispatcher.ts',
    'live.size < progress.maxConcurrency',
    'live.size <= progress.maxConcurrency',
    'endpoint',
    '.',
  ),
  'a deny that comes first loses': fault(
    'access/evaluate.ts',
    'if (matching.some(',
    'if (matching.slice(1).some(',
    'access',
    'deny wins',
  ),
  'no look at the digest': fault(
    'channel/message.ts',
    "throw new BadFrameError('payload digest does not match');",
    '',
    'message',
    'comes out as it went in',
  ),
  'messages are taken as they come': fault(
    'channel/peer.ts',
    'for (const next of this.inbox.take(message)) this',
    'for (const next of [message]) this',
    'channel',
    '.',
  ),
  'a length that the model does not have': fault('shapes.ts', '.max(163)', '.max(164)', 'botocore', '.'),
  'a document that is active at once': fault(
    'documents.ts',
    'return clock.now() < version',
    'return clock.now() > version',
    'command-document',
    '.',
  ),
};

function fault(file: string, from: string, to: string, noticedIn: string, noticedBy: string): Fault {
  return { file, from, to, noticedIn: `${noticedIn}.test.ts`, noticedBy };
}

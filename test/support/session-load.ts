/** Loads and faults for sessions of a lab, in any size: tests play short slices, bench/sessions.ts the whole. */
import { createHash } from 'node:crypto';
import { connect, createServer, type Socket } from 'node:net';
import { ResumeSessionCommand, type SSMClient, StartSessionCommand } from '@aws-sdk/client-ssm';
import { workThrough } from '../../src/bounded.ts';
import { type ClientSession, openSession } from '../../src/session/index.ts';
import { until } from '../lab/test-lab.ts';

/** Opens `count` sessions, `atOnce` at a time; in each the instance asks ESC[5n every `intervalSeconds` and the client answers. */
export async function holdSessions(
  client: SSMClient,
  target: string,
  options: { count: number; atOnce: number; intervalSeconds: number },
) {
  const sessions: ClientSession[] = [];
  let ended = 0;
  const openOne = async (): Promise<void> => {
    let text = '';
    const session = await openSession({
      session: await client.send(new StartSessionCommand({ Target: target })),
      terminal: 'answers',
      onOutput: (bytes) => {
        if (text.length < 4096) text += Buffer.from(bytes).toString('latin1');
      },
    });
    void session.ended.then(() => {
      ended += 1;
    });
    await until('a prompt', () => /[$#] $/.test(text), 120);
    session.write(`stty -echo; while sleep ${options.intervalSeconds}; do printf '\\033[5n'; done\r`);
    sessions.push(session);
  };
  await workThrough(Array.from({ length: options.count }), options.atOnce, openOne);
  return {
    sessions,
    /** How many of them are still open. */
    alive: () => sessions.length - ended,
    close: async () => {
      for (const session of sessions) session.close();
      await Promise.all(sessions.map((session) => session.ended));
    },
  };
}

/** Prints the numbers from 1 to `last` in one session; true when every byte came, in order and once. */
export async function printNumbers(
  client: SSMClient,
  target: string,
  last: number,
): Promise<{ bytes: number; isWhole: boolean }> {
  const hash = createHash('sha256');
  let bytes = 0;
  let isCounting = false;
  let tail = '';
  const session = await openSession({
    session: await client.send(new StartSessionCommand({ Target: target })),
    onOutput: (chunk) => {
      tail = (tail + Buffer.from(chunk).toString('latin1')).slice(-200);
      if (!isCounting) return;
      bytes += chunk.length;
      hash.update(chunk);
    },
  });
  await until('a prompt', () => /[$#] $/.test(tail));
  session.write("PS1=; stty -echo -opost; printf 'rea%s' dy\r");
  await until('a quiet terminal', () => tail.endsWith('ready'));
  isCounting = true;
  session.write(`seq 1 ${last}; printf 'fin%s' ished\r`);
  await until('the last number', () => tail.endsWith('finished'), 300);
  session.close();
  const expected = createHash('sha256');
  for (let from = 1; from <= last; from += 10_000) {
    const size = Math.min(10_000, last - from + 1);
    expected.update(`${Array.from({ length: size }, (_, index) => from + index).join('\n')}\n`);
  }
  expected.update('finished');
  return { bytes, isWhole: hash.digest('hex') === expected.digest('hex') };
}

/**
 * Types numbered lines into `cat` while the connection is cut `cuts` times at moments that follow from `seed`. `isWhole`: what was
 * typed came back, every byte, in order and once.
 */
export async function cutSession(client: SSMClient, target: string, options: { cuts: number; seed: number }) {
  const proxy = await openProxy();
  let came = '';
  try {
    const started = await client.send(new StartSessionCommand({ Target: target }));
    const session = await openSession({
      session: proxy.redirect(started),
      giveUpSeconds: 120,
      resume: async () =>
        proxy.redirect(await client.send(new ResumeSessionCommand({ SessionId: started.SessionId }))),
      onOutput: (bytes) => {
        came += Buffer.from(bytes).toString('latin1');
      },
    });
    await until('a prompt', () => /[$#] $/.test(came));
    session.write("PS1=; stty raw -echo; printf 'rea%s' dy; exec cat\r");
    await until('cat', () => came.endsWith('ready'));
    came = '';
    let typed = '';
    let cuts = 0;
    let random = options.seed;
    for (let line = 0; cuts < options.cuts || line < 100; line += 1) {
      const words = `${line} ${'x'.repeat(line % 97)}\n`;
      typed += words;
      session.write(words);
      await session.drained();
      random = (Math.imul(random, 1103515245) + 12345) & 0x7fffffff;
      if (cuts < options.cuts && random % 5 === 0) {
        // A line that is still on its way back is cut as well, but that is no further reconnect.
        const isBack = session.reconnects >= cuts;
        if (proxy.cut() && isBack) cuts += 1;
      }
      await new Promise((resolve) => setTimeout(resolve, random % 7));
    }
    await until('everything typed to come back', () => came.length >= typed.length, 120);
    const report = { cuts, bytes: typed.length, reconnects: session.reconnects, isWhole: came === typed };
    session.close();
    return report;
  } finally {
    await proxy.close();
  }
}

async function openProxy() {
  let port = 0;
  const pairs = new Set<[Socket, Socket]>();
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    const pair: [Socket, Socket] = [near, far];
    pairs.add(pair);
    // The lab knows its own Host alone.
    near.once('data', (opening: Buffer) => {
      far.write(opening.toString('latin1').replace(/^(host: 127\.0\.0\.1):\d+/im, `$1:${port}`), 'latin1');
      near.pipe(far);
    });
    far.pipe(near);
    for (const socket of pair) {
      socket.on('error', () => {});
      socket.on('close', () => {
        pairs.delete(pair);
        for (const one of pair) one.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const own = (server.address() as { port: number }).port;
  return {
    redirect: <T extends { StreamUrl?: string | undefined }>(answer: T): T => {
      const url = new URL(answer.StreamUrl ?? '');
      port = Number(url.port);
      url.port = String(own);
      return { ...answer, StreamUrl: url.href };
    },
    /** Breaks every connection in the middle of whatever it carries; false when there is none. */
    cut: () => {
      const all = [...pairs];
      for (const [near, far] of all) {
        near.resetAndDestroy();
        far.resetAndDestroy();
      }
      return all.length > 0;
    },
    close: async () => {
      for (const pair of pairs) for (const socket of pair) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

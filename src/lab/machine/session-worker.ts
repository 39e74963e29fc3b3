/**
 * One session, as ssm-session-worker runs it: a pty opened by root, `sh` (or `sh -c COMMAND`) as the session's user in /usr/bin,
 * the agent's environment plus TERM, LANG and HOME. Ending it SIGKILLs the shell's pid alone and closes the pty.
 */
import { chownSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import type { IPty } from '@lydell/node-pty';
import { frameSocket } from '../frames.ts';
import { signalProcess } from '../signal-process.ts';
import type { HostConfig } from './config.ts';

const LONGEST_QUEUE = 256 * 1024;
/** A terminal is 0 x 0 until the client sends its size. node-pty takes 0 for its default; the kernel keeps 16 bits. */
const NO_SIZE = 65_536;
/** What node-pty and our own shells add to the environment, and no agent. */
const ADDED = ['PWD', 'OLDPWD', 'SHLVL', '_'];
/** Group tty, which a terminal's file has on a real host. */
const TTY_GROUP = 5;
/** Of a real agent, from the shell's start to its first read of the terminal [measured]. */
const READ_MS = 1000;

export async function runSessionWorker(config: HostConfig, sessionId: string): Promise<void> {
  process.title = `/usr/bin/ssm-session-worker ${sessionId}`;
  writeFileSync('/proc/self/comm', 'ssm-session-wor');
  process.umask(0o022);
  const { spawn } = await import('@lydell/node-pty');
  let shell: IPty | undefined;

  // The shell inherits them: node-pty sets the user and its group alone.
  if (config.user.uid !== process.getuid?.()) process.setgroups?.([config.user.gid, ...config.user.groups]);

  const peer = frameSocket(createConnection(config.labSocket), {
    json: (message) => {
      if (message['op'] === 'open') open(message);
      else if (message['op'] === 'resize') resize(Number(message['cols']), Number(message['rows']));
      else if (message['op'] === 'end') end();
    },
    data: write,
    closed: end,
  });
  peer.sendJson({ hello: 'session', sessionId });

  function open(message: Record<string, unknown>): void {
    const { user } = config;
    const isSelf = user.uid === process.getuid?.();
    // env becomes the shell: its name and argv are `sh`.
    const { command } = message;
    shell = spawn(
      'env',
      [
        ...ADDED.flatMap((name) => ['-u', name]),
        'sh',
        ...(command === undefined ? [] : ['-c', String(command)]),
      ],
      {
        name: 'xterm-256color',
        cols: NO_SIZE,
        rows: NO_SIZE,
        cwd: config.root === '' ? '/usr/bin' : '/',
        env: {
          ...process.env,
          TERM: 'xterm-256color',
          LANG: process.env['LANG'] || 'C.UTF-8',
          HOME: user.home,
        },
        encoding: null,
        ...(isSelf ? {} : { uid: user.uid, gid: user.gid }),
      },
    );
    if (!isSelf) chownSync((shell as unknown as { _pty: string })._pty, 0, TTY_GROUP);
    const log = message['isLogged'] === true ? openLog() : undefined;
    let early: Buffer[] | undefined = [];
    const forward = (chunk: Buffer): void => {
      if (log !== undefined) writeSync(log, chunk);
      if (peer.sendData(chunk)) return;
      shell?.pause();
      peer.drained(() => shell?.resume());
    };
    const beginToRead = (): void => {
      for (const chunk of early ?? []) forward(chunk);
      early = undefined;
    };
    setTimeout(beginToRead, READ_MS * config.agentScale);
    shell.onData((data) => {
      const chunk = data as unknown as Buffer;
      if (early === undefined) forward(chunk);
      else early.push(chunk);
    });
    shell.onExit(() => {
      beginToRead();
      shell = undefined;
      peer.sendJson({ op: 'exited' });
      peer.close();
    });
    const profile = String(message['shellProfile'] ?? '');
    if (profile !== '') shell.write(`${profile}\n`);
  }

  /** Every byte of the terminal as it is. A real agent makes a transcript of it, which still has our queries [measured]. */
  function openLog(): number {
    const folder = `${config.root}/var/lib/amazon/ssm/${config.instanceId}/session/orchestration/${sessionId}/Standard_Stream`;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return openSync(`${folder}/${sessionId}.log`, 'a', 0o600);
  }

  /** node-pty queues without limit. A client that pastes into a busy program must wait instead. */
  function write(bytes: Buffer): void {
    if (shell === undefined) return;
    shell.write(bytes as unknown as string);
    const queue = (shell as unknown as { _socket: Socket })._socket;
    if (queue.writableLength < LONGEST_QUEUE) return;
    peer.pause();
    queue.once('drain', () => peer.resume());
  }

  function resize(cols: number, rows: number): void {
    if (cols > 0 && rows > 0 && cols < 65_536 && rows < 65_536) shell?.resize(cols, rows);
  }

  /** This process alone holds the pty. At its exit the kernel hangs up the terminal's foreground group. */
  function end(): void {
    if (shell !== undefined) signalProcess(shell.pid, 'SIGKILL');
    process.exit(0);
  }
}

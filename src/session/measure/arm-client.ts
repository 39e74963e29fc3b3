import { type ChildProcess, spawn } from 'node:child_process';
import type { Clock } from '../../clock.ts';
import { programArgs } from '../../own-program.ts';
import { describeSystemError } from '../../system-error.ts';
import type { ArmOrder, FromArm, ToArm } from './messages.ts';

export interface ArmProcess {
  send(message: ToArm): void;
  onMessage(listener: (message: FromArm) => void): void;
  /** Called once with the reason, if the process ended before it reported the session's end. */
  onExit(listener: (why: string) => void): void;
  /** Asks it to close its session and exit; kills it after `limitMs`. */
  end(limitMs: number): Promise<void>;
  kill(): void;
}

/** Starts a client: a separate process, or a fake of a test. */
export type StartArm = (order: ArmOrder, clock: Clock) => ArmProcess;

export const startArmProcess: StartArm = (order, clock) => {
  // Its own process group, so that Ctrl-C reaches the command alone, which then ends its sessions.
  const child = spawn(process.execPath, programArgs(import.meta.url, './arm-process.ts', 'measure-arm.js'), {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let complaint = '';
  child.stderr?.on('data', (bytes: Buffer) => {
    complaint = (complaint + bytes.toString('utf8')).slice(-2000);
  });
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', (error) => {
      complaint = describeSystemError(error);
      resolve();
    });
  });
  const send = (message: ToArm) => {
    if (child.connected) child.send(message, () => {});
  };
  send({ op: 'order', order });
  return {
    send,
    onMessage: (listener) => child.on('message', (message) => listener(message as FromArm)),
    onExit: (listener) => void gone.then(() => listener(describeDeath(child, complaint))),
    async end(limitMs) {
      send({ op: 'close' });
      // It exits when its channel closes. Wait a moment, so that its closing message goes out first.
      const cancelDisconnect = clock.after(300, () => child.connected && child.disconnect());
      const cancelKill = clock.keepAliveAfter(limitMs, () => child.kill('SIGKILL'));
      await gone;
      cancelDisconnect();
      cancelKill();
    },
    kill: () => child.kill('SIGKILL'),
  };
};

function describeDeath(child: ChildProcess, complaint: string): string {
  const last = complaint
    .trim()
    .split('\n')
    .find((line) => /error/i.test(line));
  return `its client process ended (${child.signalCode ?? child.exitCode ?? 'not started'})${last ? `: ${last.trim()}` : ''}`;
}

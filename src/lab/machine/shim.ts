/** What /usr/bin/systemctl and systemd-run are in a host: they ask the manager and print its answer. */
import { createConnection } from 'node:net';
import { frameSocket } from '../frames.ts';
import type { HostConfig } from './config.ts';

export function askManager(config: HostConfig, tool: string, args: readonly string[]): void {
  // Only root reaches the manager, as without polkit on a real instance.
  const socket = createConnection(config.managerSocket);
  socket.once('error', () => {
    process.stderr.write('Failed to connect to bus: Permission denied\n');
    process.exit(1);
  });
  const peer = frameSocket(socket, {
    json: (answer) => {
      process.stdout.write(String(answer['stdout']));
      process.stderr.write(String(answer['stderr']));
      process.exitCode = Number(answer['code']);
      peer.close();
    },
  });
  peer.sendJson({ tool, args: [...args] });
}

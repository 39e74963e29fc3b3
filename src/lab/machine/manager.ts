/** The host's service manager: starts the agent from its unit, answers systemctl and systemd-run, runs what the lab asks. */
import { createConnection } from 'node:net';
import { frameSocket } from '../frames.ts';
import { answerCalls } from './calls.ts';
import type { HostConfig } from './config.ts';
import { closeInherited } from './descriptors.ts';
import { type ExecRequest, execInHost } from './exec.ts';
import { killMarked, rootMark, ServiceTable } from './services.ts';
import { answerSystemctl } from './systemctl.ts';
import { answerSystemdRun } from './systemd-run.ts';

export function runManager(config: HostConfig, configPath: string): void {
  closeInherited();
  process.title = 'systemd';
  process.umask(0o022);
  const services = new ServiceTable(config, configPath);
  answerCalls(config.callsPath, (tool, args) =>
    tool === 'systemctl' ? answerSystemctl(config, services, args) : answerSystemdRun(config, services, args),
  );
  reportToLab(config);
  services.startAgent(true);
}

/** The lab's own connection to the host; it works whatever the agent does. */
function reportToLab(config: HostConfig): void {
  const socket = createConnection(config.labSocket);
  const peer = frameSocket(socket, {
    json: async (message) => {
      const request = message['request'] as ExecRequest;
      const result = await execInHost({ ...request, env: { ...request.env, ...rootMark(config) } });
      peer.sendJson({ id: message['id'], result });
    },
    // A host ends with its lab. A sandbox is ended from outside; elsewhere the mark finds its processes.
    closed: () => {
      const mark = Object.entries(rootMark(config)).map(([name, value]) => `${name}=${value}`)[0];
      void (mark === undefined ? Promise.resolve() : killMarked(mark)).then(() => process.exit(0));
    },
  });
  peer.sendJson({ hello: 'manager', pid: process.pid });
}

/**
 * The host's SSM agent: connects to the service, starts a worker for each session and command, and writes the agent's log.
 * Workers inherit its unit's environment, so ENV reaches a session's shell. They outlive it (KillMode=process).
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { appendFileSync, mkdirSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { type FrameSocket, frameSocket } from '../frames.ts';
import type { HostConfig } from './config.ts';

const RECONNECT_MS = 300;
/** From SIGTERM to the exit; a real agent takes 7 s. Its control channel closes at once. */
const STOP_MS = 350;
const GATEWAY_ADDRESS = '127.0.0.1:443';

export function runAgent(config: HostConfig, configPath: string): void {
  process.title = 'amazon-ssm-agent';
  process.umask(0o022);
  // systemd sets both for a service; workers inherit them.
  Object.assign(process.env, { JOURNAL_STREAM: '8:20000', SYSTEMD_EXEC_PID: String(process.pid) });
  if (process.argv.includes('exit')) process.exit(1);
  process.once('SIGTERM', () => {
    isStopping = true;
    channel?.destroy();
    setTimeout(() => process.exit(0), STOP_MS);
  });
  writeLog(config, 'INFO', '[amazon-ssm-agent] Starting Core Agent: amazon-ssm-agent - v3.3.1611.0');
  // A mute agent is alive but never connects, as with a wrong proxy or lost credentials.
  if (process.argv.includes('mute')) {
    writeLog(
      config,
      'ERROR',
      '[ssm-agent-worker] [MessageService] [MGSInteractor] failed to open control channel: dial tcp: i/o timeout',
    );
    setInterval(() => {}, 60_000);
    return;
  }
  connect(config, configPath);
}

let isStopping = false;
let channel: Socket | undefined;

function connect(config: HostConfig, configPath: string): void {
  const scope = '[ssm-agent-worker] [MessageService] [MGSInteractor]';
  const url = `wss://ssmmessages.${config.region}.amazonaws.com/v1/control-channel/${config.instanceId}?role=subscribe&stream=input`;
  if (isStopping) return;
  const socket = createConnection(config.labSocket);
  channel = socket;
  const peer: FrameSocket = frameSocket(socket, {
    json: (message) => {
      switch (message['op']) {
        case 'welcome':
          // Only after the service's answer: whoever waits for this line may rely on it.
          writeLog(
            config,
            'INFO',
            `${scope} Successfully opened websocket connection to: ${GATEWAY_ADDRESS}`,
          );
          writeLog(config, 'INFO', `${scope} Starting websocket pinger`);
          writeLog(config, 'INFO', `${scope} Set up control channel successfully`);
          break;
        case 'start-session':
          startWorker(config, configPath, 'session-worker', String(message['sessionId']));
          break;
        case 'run-command':
          startWorker(config, configPath, 'command-worker', String(message['commandId']));
          break;
      }
    },
    closed: () => void setTimeout(() => connect(config, configPath), RECONNECT_MS),
  });
  writeLog(
    config,
    'INFO',
    `${scope} Setting up websocket for controlchannel for instance: ${config.instanceId}, requestId: ${randomUUID()}`,
  );
  writeLog(config, 'INFO', `${scope} Opening websocket connection to: ${url}`);
  peer.sendJson({ hello: 'agent', pid: process.pid });
}

function startWorker(config: HostConfig, configPath: string, role: string, id: string): void {
  const child = spawn(config.nodePath, [config.programPath, role, configPath, id], {
    detached: true,
    stdio: 'ignore',
  });
  child.unref();
}

function writeLog(config: HostConfig, level: string, text: string): void {
  const folder = `${config.root}/var/log/amazon/ssm`;
  mkdirSync(folder, { recursive: true });
  const time = new Date().toISOString().replace('T', ' ').replace(/\..*$/, '');
  appendFileSync(`${folder}/amazon-ssm-agent.log`, `${time} ${level} ${text}\n`, { mode: 0o600 });
}

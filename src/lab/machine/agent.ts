/**
 * The host's SSM agent. Its processes are shell scripts that wait; the manager speaks for them, because a Node of their own takes
 * twenty times the processor's time. Workers get its unit's environment, so ENV reaches a session's shell, and outlive it
 * (KillMode=process).
 */
import { randomUUID } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { type FrameSocket, frameSocket } from '../frames.ts';
import { runCommand } from './command-worker.ts';
import type { HostConfig, Surroundings } from './config.ts';

/** systemd sets both for a service; workers inherit them. */
const JOURNAL = 'JOURNAL_STREAM=8:20000 SYSTEMD_EXEC_PID=$$';

/** The agent's process. It ends at SIGTERM, or when its manager is gone; its worker when nobody writes to it any more. */
export const AGENT = {
  name: 'amazon-ssm-agent',
  text: `#!/bin/sh
[ "$1" != exit ] || exit 1
${JOURNAL} "\${0%/*}/ssm-agent-worker" "$@" <&3 3<&- &
exec 3<&-
read -r _
`,
} as const;

/** Starts a session's worker for each line, in a process group of its own, which no sh but bash gives without a terminal. */
export const AGENT_WORKER = {
  name: 'ssm-agent-worker',
  text: `#!${existsSync('/bin/bash') ? '/bin/bash' : '/bin/sh'}
set -m
while read -r id; do "$@" "$id" </dev/null & done
`,
} as const;

/** Of a real agent, from a lost control channel to the next try; each further one waits twice as long [measured]. */
const RETRY_MS = [5000, 10_000] as const;
/** Of a real agent, from its control channel to its first job [measured]. */
const START_MS = 2000;

/**
 * Connects to the service, starts a worker for each session and command, writes the agent's log. Drops what comes before it is
 * ready, which at a boot it is at once. Returns what closes its channel.
 */
export function speakForAgent(
  config: HostConfig,
  worker: Writable,
  surroundings: Surroundings,
  isMute: boolean,
  isBoot: boolean,
): () => void {
  writeLog(config, 'INFO', '[amazon-ssm-agent] Starting Core Agent: amazon-ssm-agent - v3.3.1611.0');
  const log = (text: string, level = 'INFO') =>
    writeLog(config, level, `[ssm-agent-worker] [MessageService] [MGSInteractor] ${text}`);
  // A mute agent is alive but never connects, as with a wrong proxy or lost credentials.
  if (isMute) {
    log('failed to open control channel: dial tcp: i/o timeout', 'ERROR');
    return () => {};
  }
  const url = `wss://ssmmessages.${config.region}.amazonaws.com/v1/control-channel/${config.instanceId}?role=subscribe&stream=input`;
  let hasHungUp = false;
  let failures = 0;
  let channel: Socket;
  const startMs = isBoot ? 0 : START_MS * config.agentScale;
  const connect = (): void => {
    if (hasHungUp) return;
    channel = createConnection(config.labSocket);
    let isReady = false;
    let starting: NodeJS.Timeout | undefined;
    const peer: FrameSocket = frameSocket(channel, {
      json: (message) => {
        switch (message['op']) {
          case 'welcome':
            failures = 0;
            starting = setTimeout(() => {
              isReady = true;
              peer.sendJson({ op: 'ready' });
            }, startMs);
            // Only after the service's answer: whoever waits for this line may rely on it.
            log('Successfully opened websocket connection to: 127.0.0.1:443');
            log('Starting websocket pinger');
            log('Set up control channel successfully');
            break;
          case 'start-session':
            if (isReady) worker.write(`${message['sessionId']}\n`);
            break;
          case 'run-command':
            if (isReady) runCommand(config, String(message['commandId']), surroundings);
            break;
        }
      },
      closed: () => {
        clearTimeout(starting);
        setTimeout(connect, retryMs(failures, Math.random()) * config.agentScale);
        failures += 1;
      },
    });
    log(
      `Setting up websocket for controlchannel for instance: ${config.instanceId}, requestId: ${randomUUID()}`,
    );
    log(`Opening websocket connection to: ${url}`);
    peer.sendJson({ hello: 'agent' });
  };
  connect();
  return () => {
    hasHungUp = true;
    channel.destroy();
  };
}

/** How long a real agent waits for its next try, after so many that failed. */
export function retryMs(failures: number, random: number): number {
  const [least, most] = RETRY_MS;
  return (least + random * (most - least)) * 2 ** failures;
}

function writeLog(config: HostConfig, level: string, text: string): void {
  const folder = `${config.root}/var/log/amazon/ssm`;
  mkdirSync(folder, { recursive: true });
  const time = new Date().toISOString().replace('T', ' ').replace(/\..*$/, '');
  appendFileSync(`${folder}/amazon-ssm-agent.log`, `${time} ${level} ${text}\n`, { mode: 0o600 });
}

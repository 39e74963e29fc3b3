/**
 * Runs one AWS-RunShellScript as the agent's document worker does: the commands in _script.sh, `sh -c` as root. The worker's
 * process is a shell script; the manager speaks for it.
 */
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { frameSocket } from '../frames.ts';
import { signalProcess } from '../signal-process.ts';
import type { HostConfig, Surroundings } from './config.ts';

/** The worker's process; its arguments are the command's id and the script. Not exec: who looks for the worker goes by its name. */
export const WORKER = {
  name: 'ssm-document-worker',
  text: '#!/bin/sh\nsh -c "$2"\nexit $?\n',
} as const;

/** The agent keeps 24,000 and 8,000 characters; the lab must see that there were more. */
const KEEP_BYTES = 128 * 1024;

export function runCommand(config: HostConfig, commandId: string, surroundings: Surroundings): void {
  const peer = frameSocket(createConnection(config.labSocket), {
    json: (job) => {
      if (job['op'] === 'run') start(job);
      else if (job['op'] === 'cancel') stop?.('Cancelled');
    },
    // The lab is gone, but the script runs on, as on an instance without network.
    closed: () => {},
  });
  peer.sendJson({ hello: 'command', commandId });
  let stop: ((details: string) => void) | undefined;

  function start(job: Record<string, unknown>): void {
    const folder = `${config.root}/var/lib/amazon/ssm/${config.instanceId}/document/orchestration/${commandId}/awsrunShellScript/0.awsrunShellScript`;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const script = `${folder}/_script.sh`;
    writeFileSync(script, String(job['script']), { mode: 0o700 });
    chmodSync(script, 0o700);
    const child = spawn(`${config.program}/${WORKER.name}`, [commandId, script], {
      cwd: String(job['workingDirectory'] || '') || (config.root === '' ? '/usr/bin' : '/'),
      env: {
        ...surroundings.env,
        AWS_SSM_INSTANCE_ID: config.instanceId,
        AWS_SSM_REGION_NAME: config.region,
        AWS_SSM_PLATFORM_NAME: 'Debian GNU/Linux',
        AWS_SSM_PLATFORM_VERSION: '12',
        SSM_COMMAND_ID: commandId,
      },
      // An own process group, so that a timeout ends the script's children too.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let details = '';
    stop = (why) => {
      details = why;
      if (child.pid !== undefined) signalProcess(-child.pid, 'SIGKILL');
    };
    const timer = setTimeout(() => stop?.('ExecutionTimedOut'), Number(job['executionTimeoutMs']));
    const out = keep(child.stdout);
    const err = keep(child.stderr);
    child.on('error', (error) => report(1, '', `failed to run commands: ${error.message}`));
    // Not 'close': a background process that holds the pipes must not keep the command in progress.
    child.on('exit', (code) => {
      clearTimeout(timer);
      stop = undefined;
      // Somebody on the host ended the worker: nobody is left who could report.
      if (code === null && details === '') return peer.close();
      const status = code ?? 137;
      setTimeout(() => report(status, out(), err() + (status === 0 ? '' : complain(status))), 20);
    });
    function report(code: number, stdout: string, stderr: string): void {
      writeFileSync(`${folder}/stdout`, stdout, { mode: 0o600 });
      writeFileSync(`${folder}/stderr`, stderr, { mode: 0o600 });
      peer.sendJson({ op: 'finished', code, details, stdout, stderr });
      peer.close();
    }
  }
}

/** The agent adds this to a failed script's errors [measured]. */
const complain = (status: number): string => `failed to run commands: exit status ${status}`;

function keep(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    if (size < KEEP_BYTES) chunks.push(chunk);
    size += chunk.length;
  });
  return () => Buffer.concat(chunks).subarray(0, KEEP_BYTES).toString('utf8');
}

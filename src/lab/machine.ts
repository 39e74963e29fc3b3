/**
 * The program inside a lab host: init (answers systemctl and systemd-run), agent and workers.
 * `node machine.js ROLE CONFIG …`: each role is its own process, as on a real instance.
 */
import { readFileSync } from 'node:fs';
import { runAgent } from './machine/agent.ts';
import { runCommandWorker } from './machine/command-worker.ts';
import type { HostConfig } from './machine/config.ts';
import { runManager } from './machine/manager.ts';
import { runSessionWorker } from './machine/session-worker.ts';

const [role = '', configPath = '', ...args] = process.argv.slice(2);
const config = JSON.parse(readFileSync(configPath, 'utf8')) as HostConfig;

const roles: Record<string, () => void> = {
  manager: () => runManager(config, configPath),
  agent: () => runAgent(config, configPath),
  'command-worker': () => runCommandWorker(config, args[0] ?? ''),
  'session-worker': () => void runSessionWorker(config, args[0] ?? ''),
};

const run = roles[role];
if (run === undefined) throw new Error(`no such role: ${role}`);
run();

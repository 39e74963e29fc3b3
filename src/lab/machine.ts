/**
 * The program inside a lab host, `node machine.js ROLE CONFIG …`: its manager, which speaks for the agent and for the workers of
 * commands too, and a worker for each session, a process of its own as on a real instance.
 */
import { readFileSync } from 'node:fs';
import type { HostConfig } from './machine/config.ts';
import { runManager } from './machine/manager.ts';
import { runSessionWorker } from './machine/session-worker.ts';

const [role = '', configPath = '', ...args] = process.argv.slice(2);
const config = JSON.parse(readFileSync(configPath, 'utf8')) as HostConfig;

const roles: Record<string, () => void> = {
  manager: () => runManager(config, configPath),
  'session-worker': () => void runSessionWorker(config, args[0] ?? ''),
};

const run = roles[role];
if (run === undefined) throw new Error(`no such role: ${role}`);
run();

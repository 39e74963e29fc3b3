/** A host's units: the agent's, loaded from files, and transient ones. Loaded text changes only at daemon-reload. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { signalProcess } from '../signal-process.ts';
import { AGENT, speakForAgent } from './agent.ts';
import { type HostConfig, SERVICE_PATH } from './config.ts';
import { takeFault } from './faults.ts';
import { loadUnit, readEnvironment, type Unit } from './unit-file.ts';

/** Of a real agent, from the end of its control channel to its exit [measured]. */
const STOP_MS = 7000;
/** Shorter than in a real unit: tests wait for it. */
const RESTART_DELAY_MS = 200;
/** systemd gives up after 5 starts in 10 s. */
const START_LIMIT = 5;
const START_LIMIT_WINDOW_MS = 10_000;

export interface Service {
  readonly name: string;
  child: ChildProcess | undefined;
  invocationId: string;
  activeState: 'active' | 'inactive' | 'failed' | 'activating';
  isStopping: boolean;
  starts: number[];
}

export class ServiceTable {
  unit: Unit;
  readonly agent: Service;
  readonly transient = new Map<string, Service>();
  private hangUp = (): void => {};

  constructor(
    private readonly config: HostConfig,
    private readonly configPath: string,
  ) {
    this.unit = loadUnit(config.unit, config.root);
    this.agent = newService(config.unit);
  }

  reload(): void {
    this.unit = loadUnit(this.config.unit, this.config.root);
  }

  startAgent(isBoot = false): void {
    const { agent, config, unit } = this;
    agent.isStopping = false;
    agent.starts = [...agent.starts.filter((at) => at > Date.now() - START_LIMIT_WINDOW_MS), Date.now()];
    agent.invocationId = randomBytes(16).toString('hex');
    const shouldExit = takeFault(config, 'agent-exit');
    const isMute = takeFault(config, 'agent-return');
    const own = readEnvironment(unit, config.root);
    if (own === undefined) {
      agent.activeState = 'failed';
      return;
    }
    // Not the manager's environment: a session may only see the unit's.
    const env = environmentOf(config, agent, Object.fromEntries(own));
    const cwd = config.root === '' ? unit.workingDirectory : '/';
    const sessionWorker = [
      config.nodePath,
      `${config.program}/machine.js`,
      'session-worker',
      this.configPath,
    ];
    const child = spawn(`${config.program}/${AGENT.name}`, shouldExit ? ['exit'] : sessionWorker, {
      env,
      cwd,
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
    });
    const worker = child.stdio[3] as Writable;
    for (const pipe of [child.stdin, worker]) pipe?.on('error', () => {});
    agent.child = child;
    agent.activeState = 'active';
    if (!shouldExit) {
      const inherited = { ...env, JOURNAL_STREAM: '8:20000', SYSTEMD_EXEC_PID: String(child.pid) };
      this.hangUp = speakForAgent(config, worker, { env: inherited, cwd }, isMute, isBoot);
    }
    child.on('exit', (code, signal) => {
      worker.destroy();
      if (agent.child !== child) return;
      agent.child = undefined;
      this.hangUp();
      if (agent.isStopping) {
        agent.activeState = 'inactive';
        return;
      }
      agent.activeState = code === 0 && signal === null ? 'inactive' : 'failed';
      if (unit.restart === 'no' || agent.starts.length >= START_LIMIT) return;
      agent.activeState = 'activating';
      setTimeout(() => agent.activeState === 'activating' && this.startAgent(), RESTART_DELAY_MS);
    });
  }

  /** KillMode `process` leaves sessions and running commands alone; any other does not. */
  async stopAgent(): Promise<void> {
    const { agent } = this;
    agent.isStopping = true;
    agent.starts = [];
    const child = agent.child;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      this.hangUp();
      await new Promise((resolve) => setTimeout(resolve, STOP_MS * this.config.agentScale));
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
      await gone;
      clearTimeout(timer);
    }
    if (this.unit.killMode !== 'process') await killMarked(`INVOCATION_ID=${agent.invocationId}`);
    agent.activeState = 'inactive';
  }

  /** With a service's environment, and nothing of the caller's. */
  startTransient(name: string, argv: readonly string[], env: Record<string, string>, cwd: string): void {
    const service = newService(name);
    this.transient.set(name, service);
    service.invocationId = randomBytes(16).toString('hex');
    const journal = `${this.config.root}/var/log/journal`;
    mkdirSync(journal, { recursive: true });
    const output = openSync(`${journal}/${name}.log`, 'a', 0o640);
    const [file = '', ...args] = argv;
    const child = spawn(file, args, {
      cwd,
      env: environmentOf(this.config, service, env),
      detached: true,
      stdio: ['ignore', output, output],
    });
    closeSync(output);
    service.child = child;
    service.activeState = 'active';
    const finish = async (isClean: boolean): Promise<void> => {
      // KillMode=control-group: the children end with the main process.
      await killMarked(`INVOCATION_ID=${service.invocationId}`);
      service.child = undefined;
      service.activeState = isClean ? 'inactive' : 'failed';
      if (isClean) this.transient.delete(name);
    };
    child.on('error', () => void finish(false));
    child.on('exit', (code) => void finish(code === 0));
  }
}

function newService(name: string): Service {
  return { name, child: undefined, invocationId: '', activeState: 'inactive', isStopping: false, starts: [] };
}

/** What systemd gives a service, and the unit's own variables. */
const environmentOf = (config: HostConfig, { invocationId }: Service, own: Record<string, string>) => ({
  LANG: 'C.UTF-8',
  PATH: SERVICE_PATH,
  INVOCATION_ID: invocationId,
  ...own,
  ...rootMark(config),
});

/** Without a sandbox every process of a host carries its tree: scripts need it, and it marks them. */
export function rootMark(config: HostConfig): Record<string, string> {
  return config.root === '' ? {} : { SSM_KEEPALIVE_ROOT: config.root };
}

/** In place of a cgroup: ends every process that was started with this assignment in its environment. */
export async function killMarked(assignment: string): Promise<void> {
  // A second look: a process between fork and exec shows no environment.
  for (let quietPasses = 0; quietPasses < 2; ) {
    quietPasses = killOnce(assignment) ? 0 : quietPasses + 1;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

function killOnce(assignment: string): boolean {
  let hasFound = false;
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue;
    try {
      const environment = readFileSync(`/proc/${entry}/environ`, 'latin1');
      if (!environment.split('\0').includes(assignment) || isZombie(entry)) continue;
      signalProcess(Number(entry), 'SIGKILL');
      hasFound = true;
    } catch {
      // Gone meanwhile, or not ours to read.
    }
  }
  return hasFound;
}

function isZombie(pid: string): boolean {
  return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
}

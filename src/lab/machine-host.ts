/** A host with processes: starts its sandbox, listens for its manager, agent and workers, and gives them work. */
import { type ChildProcess, type IOType, spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { type Clock, sleep, systemClock } from '../clock.ts';
import { EndingClock } from './ending-clock.ts';
import { type FrameSocket, frameSocket } from './frames.ts';
import type { ExecOptions, Host, Job, Run, WorkerLink } from './host.ts';
import { type HostConfig, type HostFault, SERVICE_PATH } from './machine/config.ts';
import type { ExecRequest, ExecResult } from './machine/exec.ts';
import { type HostSpec, type LabOptions, REGION } from './options.ts';
import { endedAs, judgeExit, type RunDetails, type RunResult } from './run-result.ts';
import { INSIDE, isRoot, SECCOMP_FD, sandboxArgs } from './sandbox.ts';
import { seccompFilter } from './seccomp.ts';
import { signalProcess } from './signal-process.ts';
import { makeTree, SESSION_USER, UNIT_NAMES } from './tree.ts';

const START_LIMIT_MS = 20_000;
/** A hundred sessions may start at once. */
const WORKER_LIMIT_MS = 60_000;
/** On a busy machine a rooted host's manager takes seconds to find and end its processes. */
const KILL_LIMIT_MS = 10_000;
const KILLED: ExecResult = { code: 137, stdout: '', stderr: '' };
/** A real agent's times are multiplied by this, unless the lab's options say otherwise. */
const AGENT_SCALE = 0.05;
/** The service calls an agent online for so long after it lost its channel; a real one for minutes. */
const STALE_PING_MS = 20_000;
/** Without a sandbox, scripts run on this machine with SSM_KEEPALIVE_ROOT: only their files are shown. */
const NOT_SHOWN_ROOTED = ['absolute paths', 'entries', 'agent restart', 'user', 'missing Python'];

export class MachineHost extends EventEmitter implements Host {
  readonly kind: 'sandbox' | 'rooted';
  readonly notFaithful: readonly string[];
  lastPingAt: number;
  /** Processes take real time, so not the account's clock. */
  private readonly patience = new EndingClock(systemClock);
  private server: Server | undefined;
  private child: ChildProcess | undefined;
  private runFolder = '';
  private readonly sockets = new Set<Socket>();
  private manager: FrameSocket | undefined;
  private agent: FrameSocket | undefined;
  private awaySince = Number.NEGATIVE_INFINITY;
  private readonly agentScale: number;
  private readonly jobs = new Map<
    string,
    { job: Job; began: () => void; finish: (result: RunResult) => void; peer?: FrameSocket }
  >();
  private readonly workers = new Map<string, (link: WorkerLink) => void>();
  /** Programs that the lab runs in the host. */
  private readonly answers = new Map<number, (result: ExecResult) => void>();
  private nextAnswer = 1;

  constructor(
    readonly spec: HostSpec,
    private readonly folder: string,
    private readonly program: string,
    isRooted: boolean,
    private readonly clock: Clock,
    private readonly options: Pick<LabOptions, 'agentScale' | 'droppedJobs'>,
  ) {
    super();
    this.lastPingAt = clock.now();
    this.agentScale = options.agentScale ?? AGENT_SCALE;
    this.kind = isRooted ? 'rooted' : 'sandbox';
    this.notFaithful = isRooted ? NOT_SHOWN_ROOTED : isRoot() ? [] : ['user'];
  }

  get isConnected(): boolean {
    return this.agent !== undefined;
  }

  get isOnline(): boolean {
    return this.isConnected || systemClock.now() - this.awaySince < STALE_PING_MS * this.agentScale;
  }

  /** Resolves when the host's agent takes jobs. */
  async start(): Promise<void> {
    mkdirSync(join(this.folder, 'faults'), { recursive: true });
    makeTree(join(this.folder, 'tree'), this.spec);
    this.runFolder = makeRunFolder(this.folder);
    writeFileSync(join(this.runFolder, 'host.json'), JSON.stringify(this.config()));
    await this.listen(join(this.runFolder, 'lab.sock'));
    if (this.patience.hasEnded) throw new Error(`host ${this.spec.name} was stopped while starting`);
    const child = this.spawnHost();
    this.child = child;
    let complaint = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString('utf8')).slice(-2000);
    });
    await new Promise<void>((resolve, reject) => {
      const cancel = this.patience.after(START_LIMIT_MS, () =>
        reject(new Error(`host ${this.spec.name} did not start: ${complaint}`)),
      );
      this.once('online', () => {
        cancel();
        resolve();
      });
      child.once('error', (error) => reject(new Error(`the host cannot be started: ${error.message}`)));
      child.once('exit', () => {
        reject(new Error(`host ${this.spec.name} ended while starting: ${complaint}`));
      });
    });
  }

  private spawnHost(): ChildProcess {
    const stdio: IOType[] = ['ignore', 'ignore', 'pipe'];
    if (this.kind === 'rooted') {
      const args = [join(this.program, 'machine.js'), 'manager', join(this.runFolder, 'host.json')];
      return spawn(process.execPath, args, { stdio, env: { PATH: SERVICE_PATH }, detached: true });
    }
    const places = { folder: this.folder, program: this.program, run: this.runFolder };
    const child = spawn('bwrap', sandboxArgs(this.spec, places), {
      stdio: [...stdio, 'pipe'],
      env: { PATH: SERVICE_PATH },
      // Ctrl-C at the lab's terminal is not for the host; it ends with its lab all the same.
      detached: true,
    });
    const filter = child.stdio[SECCOMP_FD] as Writable;
    filter.on('error', () => {});
    filter.end(seccompFilter());
    return child;
  }

  /** Kills the host's first process; that ends its process namespace. */
  async stop(): Promise<void> {
    const child = this.child;
    this.child = undefined;
    this.patience.end();
    this.workers.clear();
    // Without a pid it never started and has no exit event.
    if (child?.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      // A rooted host's manager ends all its processes when the lab hangs up.
      if (this.kind === 'rooted') for (const socket of this.sockets) socket.destroy();
      // Kills bwrap's child, not bwrap: bwrap then reaps it and leaves no zombie.
      for (const pid of childrenOf(child.pid)) signalProcess(pid, 'SIGKILL');
      const cancel = systemClock.after(KILL_LIMIT_MS, () => child.kill('SIGKILL'));
      await gone;
      cancel();
    }
    // The kernel closes the manager's socket when the namespace is gone.
    while (this.manager !== undefined && this.sockets.size > 0) await sleep(systemClock, 5);
    this.manager = undefined;
    for (const answer of this.answers.values()) answer(KILLED);
    this.answers.clear();
    // A process that outlived the first may hold the other end.
    child?.stderr?.destroy();
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => (this.server ? this.server.close(() => resolve()) : resolve()));
    if (this.runFolder !== '') rmSync(this.runFolder, { recursive: true, force: true });
    // Running scripts do not report any more; the service gives them up after their time.
    this.jobs.clear();
  }

  run(job: Job, began: () => void): Run {
    const { commandId } = job;
    const result = new Promise<RunResult>((finish) => this.jobs.set(commandId, { job, began, finish }));
    this.agent?.sendJson({ op: 'run-command', commandId });
    const cancel = (): void => {
      const peer = this.jobs.get(commandId)?.peer;
      if (peer === undefined) this.finishJob(commandId, endedAs('Cancelled'));
      else peer.sendJson({ op: 'cancel' });
    };
    return { result, cancel };
  }

  async openWorker(sessionId: string): Promise<WorkerLink> {
    if (this.agent === undefined) throw new Error(`${this.spec.id} is not connected`);
    this.agent.sendJson({ op: 'start-session', sessionId });
    return new Promise((resolve, reject) => {
      const cancel = this.patience.after(WORKER_LIMIT_MS, () => {
        this.workers.delete(sessionId);
        reject(new Error('the session worker did not start'));
      });
      this.workers.set(sessionId, (link) => {
        cancel();
        resolve(link);
      });
    });
  }

  async exec(argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    const manager = this.manager;
    if (manager === undefined) throw new Error(`host ${this.spec.name} is not running`);
    const isUser = options.user !== undefined && options.user !== 'root' && isRoot();
    const env = { PATH: SERVICE_PATH, LANG: 'C.UTF-8', HOME: isUser ? SESSION_USER.home : '/root' };
    const request: ExecRequest = {
      argv,
      env: options.env ?? env,
      ...(isUser ? { uid: SESSION_USER.uid, gid: SESSION_USER.gid } : {}),
      cwd: options.cwd,
      input: options.input,
    };
    const id = this.nextAnswer++;
    const answer = new Promise<ExecResult>((resolve) => this.answers.set(id, resolve));
    manager.sendJson({ id, request: { ...request } });
    return answer;
  }

  failNext(fault: HostFault, times = 1): void {
    const path = join(this.folder, 'faults', fault);
    // The host can write here: a link that it left must not lead out.
    rmSync(path, { force: true });
    writeFileSync(path, String(times), { flag: 'wx' });
  }

  private config(): HostConfig {
    const isRooted = this.kind === 'rooted';
    const root = isRooted ? join(this.folder, 'tree') : '';
    const self = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    // In a sandbox without root there is one user alone, who is root inside.
    const mapped = isRooted ? self : isRoot() ? {} : { uid: 0, gid: 0 };
    const [folder, program, run] = isRooted
      ? [this.folder, this.program, this.runFolder]
      : [INSIDE, `${INSIDE}/program`, `${INSIDE}/run`];
    return {
      instanceId: this.spec.id,
      region: REGION,
      agentScale: this.agentScale,
      unit: UNIT_NAMES[this.spec.unit ?? 'package'],
      root,
      user: { ...SESSION_USER, ...mapped, home: root + SESSION_USER.home },
      nodePath: isRooted ? process.execPath : `${INSIDE}/node`,
      program,
      labSocket: `${run}/lab.sock`,
      callsPath: `${run}/calls`,
      faultsPath: `${folder}/faults`,
    };
  }

  private listen(path: string): Promise<void> {
    this.server = createServer((socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
      this.greet(socket);
    });
    return new Promise((resolve) => this.server?.listen(path, resolve));
  }

  /** The first message names the role; each role has its own conversation. */
  private greet(socket: Socket): void {
    let onJson = (message: Record<string, unknown>): void => {
      if (message['hello'] === 'manager') onJson = this.meetManager(peer);
      else if (message['hello'] === 'agent') {
        onJson = (next) => next['op'] === 'ready' && this.meetReadyAgent(peer);
        onClosed = this.meetAgent(peer);
      } else if (message['hello'] === 'command') {
        const commandId = String(message['commandId']);
        onJson = this.meetCommand(peer, commandId);
        onClosed = () => {
          // If the whole host is gone, nothing can report that.
          if (this.child !== undefined && this.jobs.get(commandId)?.peer === peer) {
            this.finishJob(commandId, endedAs('Failed', 'the document worker ended'));
          }
        };
      } else if (message['hello'] === 'session') {
        const link: WorkerLink = { peer, onJson: () => {}, onData: () => {}, onClosed: () => {} };
        onJson = (next) => link.onJson(next);
        onData = (bytes) => link.onData(bytes);
        onClosed = () => link.onClosed();
        const sessionId = String(message['sessionId']);
        const take = this.workers.get(sessionId);
        this.workers.delete(sessionId);
        if (take === undefined) peer.close();
        else take(link);
      }
    };
    let onData = (_bytes: Buffer): void => {};
    let onClosed = (): void => {};
    const peer = frameSocket(socket, {
      json: (message) => onJson(message),
      data: (bytes) => onData(bytes),
      closed: () => onClosed(),
    });
  }

  private meetManager(peer: FrameSocket): (message: Record<string, unknown>) => void {
    this.manager = peer;
    return (message) => {
      const id = Number(message['id']);
      this.answers.get(id)?.(message['result'] as ExecResult);
      this.answers.delete(id);
    };
  }

  private meetAgent(peer: FrameSocket): () => void {
    this.agent = peer;
    this.lastPingAt = this.clock.now();
    peer.sendJson({ op: 'welcome' });
    return () => {
      if (this.agent !== peer) return;
      this.agent = undefined;
      this.awaySince = systemClock.now();
    };
  }

  /** The agent drops what comes before it is ready. */
  private meetReadyAgent(peer: FrameSocket): void {
    if (this.options.droppedJobs !== 'expire') {
      for (const [commandId, { peer: worker }] of this.jobs) {
        if (worker === undefined) peer.sendJson({ op: 'run-command', commandId });
      }
      for (const sessionId of this.workers.keys()) peer.sendJson({ op: 'start-session', sessionId });
    }
    this.emit('online');
  }

  private meetCommand(peer: FrameSocket, commandId: string): (message: Record<string, unknown>) => void {
    const entry = this.jobs.get(commandId);
    // The agent may get a message twice: the second worker has nothing to do.
    if (entry === undefined || entry.peer !== undefined) {
      peer.close();
      return () => {};
    }
    entry.peer = peer;
    entry.began();
    const { script, workingDirectory, executionTimeoutMs } = entry.job;
    peer.sendJson({ op: 'run', script, workingDirectory, executionTimeoutMs });
    return (message) => {
      if (message['op'] !== 'finished') return;
      const code = Number(message['code']);
      const details = (String(message['details']) || judgeExit(code)) as RunDetails;
      const [stdout, stderr] = [String(message['stdout']), String(message['stderr'])];
      this.finishJob(commandId, { details, code, stdout, stderr });
    };
  }

  private finishJob(commandId: string, result: RunResult): void {
    this.jobs.get(commandId)?.finish(result);
    this.jobs.delete(commandId);
  }
}

function childrenOf(pid: number | undefined): number[] {
  try {
    return (readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').match(/\d+/g) ?? []).map(Number);
  } catch {
    return [];
  }
}

/** Below the lab's folder, unless its path is too long for a unix socket (107 bytes). */
function makeRunFolder(folder: string): string {
  const own = join(folder, 'run');
  if (Buffer.byteLength(own) > 90) return mkdtempSync('/tmp/ssm-keepalive-lab-');
  rmSync(own, { recursive: true, force: true });
  mkdirSync(own, { mode: 0o700 });
  return own;
}

/** The command line in the test's own process, and as a process of its own. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { run } from '../../src/cli/run.ts';
import type { Clock } from '../../src/clock.ts';
import type { Invocation } from '../../src/commands/command.ts';
import type { Environment } from '../../src/environment.ts';
import { Interruption } from '../../src/interruption.ts';
import type { Io } from '../../src/terminal/io.ts';
import { EagerClock } from './clock.ts';

export const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

export interface CliResult {
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Of the user that tests play: nothing of this machine's AWS settings. */
export const USER_ENV: Readonly<Record<string, string>> = {
  PATH: process.env['PATH'] ?? '',
  HOME: '/nonexistent',
  AWS_EC2_METADATA_DISABLED: 'true',
};

/** Polls come so many times as often. */
const EAGERNESS = 20;

/** Whatever reads process.env during a run, the SDK among it, reads the variables of that run. */
export const variablesOfRun = new AsyncLocalStorage<NodeJS.ProcessEnv>();
const own = process.env;
const current = () => variablesOfRun.getStore() ?? own;
process.env = new Proxy(own, {
  get: (_, name) => Reflect.get(current(), name),
  set: (_, name, value) => Reflect.set(current(), name, value),
  has: (_, name) => Reflect.has(current(), name),
  deleteProperty: (_, name) => Reflect.deleteProperty(current(), name),
  ownKeys: () => Reflect.ownKeys(current()),
  getOwnPropertyDescriptor: (_, name) => {
    const found = Reflect.getOwnPropertyDescriptor(current(), name);
    return found && { ...found, configurable: true };
  },
});

export function makeEnvironment(change: Partial<Environment> = {}): Environment {
  const startedAt = performance.now();
  return {
    variables: { ...USER_ENV },
    folder: process.cwd(),
    version: '0.0.0-test',
    program: [CLI],
    elapsed: () => performance.now() - startedAt,
    listenForInterrupts: () => new Interruption(),
    ...change,
  };
}

/** Nobody listens and there is no terminal, unless `change` says otherwise. */
export function makeIo(change: Partial<Io> = {}): Io {
  return {
    out: () => {},
    err: () => {},
    openTerminal: () => undefined,
    columns: 80,
    hasColor: false,
    clock: new EagerClock(EAGERNESS),
    ...change,
  };
}

/** For a test that calls a command itself. */
export function makeInvocation(change: Partial<Invocation> = {}): Invocation {
  return { words: [], own: {}, interruption: new Interruption(), environment: makeEnvironment(), ...change };
}

/**
 * Runs the command line in this process, as a user without a terminal would. Several at a time do not disturb each other.
 * Signals, pipes, start-up and what a process leaves with are for startCli.
 */
export async function runCli(
  args: readonly string[],
  env: Record<string, string> = {},
  {
    cwd = process.cwd(),
    interruption = new Interruption(),
    clock = new EagerClock(EAGERNESS),
    onOut = () => {},
    terminal = {},
  }: {
    cwd?: string;
    interruption?: Interruption;
    clock?: Clock;
    onOut?: (text: string) => void;
    terminal?: Partial<Pick<Io, 'ask' | 'errColumns'>>;
  } = {},
): Promise<CliResult> {
  const said = { stdout: '', stderr: '' };
  const io = makeIo({
    ...terminal,
    clock,
    out: (text) => {
      said.stdout += text;
      onOut(text);
    },
    err: (text) => {
      said.stderr += text;
    },
  });
  const variables = { ...USER_ENV, ...env };
  const environment = makeEnvironment({ variables, folder: cwd, listenForInterrupts: () => interruption });
  const status = await variablesOfRun.run(variables, () => run(args, io, environment));
  return { status, ...said };
}

/** `lab up` as a process of its own, which starts the lab's; every other line in this one. */
export function runLabCli(line: string, env: Record<string, string>): Promise<CliResult> {
  return (line.startsWith('lab up') ? runCliProcess : runCli)(line.split(' '), env);
}

/** Runs the built command line as a process of its own. */
export async function runCliProcess(
  args: readonly string[],
  env: Record<string, string> = {},
  { cwd }: { cwd?: string } = {},
): Promise<CliResult> {
  const result = await execa(process.execPath, [CLI, ...args], {
    reject: false,
    extendEnv: false,
    env: { ...USER_ENV, ...env },
    stdin: 'ignore',
    stripFinalNewline: false,
    ...(cwd ? { cwd } : {}),
  });
  return { status: result.exitCode, stdout: result.stdout, stderr: result.stderr };
}

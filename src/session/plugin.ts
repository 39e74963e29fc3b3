/** The official session-manager-plugin, found and started as the AWS CLI does it [aws-cli, sessionmanager.py]. */
import { execFileSync, spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';
import { isAtLeast } from '../version-order.ts';

const NAME = 'session-manager-plugin';
/** Newer plugins read StartSession's answer from this variable, so its token is not in the process list. */
const RESPONSE_VARIABLE = 'AWS_SSM_START_SESSION_RESPONSE';
const FIRST_WITH_VARIABLE = '1.2.497.1';
/** Signals of keys. The plugin handles them; this process ignores them while it waits. */
const KEY_SIGNALS = ['SIGINT', 'SIGQUIT', 'SIGTSTP'] as const;
const VERSION_LIMIT_MS = 5000;
const PASSED_ON = ['SIGTERM', 'SIGHUP'] as const;

export interface PluginRun {
  readonly path: string;
  readonly session: { readonly SessionId: string; readonly StreamUrl: string; readonly TokenValue: string };
  readonly region: string;
  readonly profile: string;
  /** StartSession's input, under the service's names. */
  readonly parameters: object;
  readonly endpoint: string;
  readonly env: NodeJS.ProcessEnv;
}

/** The plugin's path; undefined: PATH has none. */
export function findPlugin(env: NodeJS.ProcessEnv): string | undefined {
  const names = process.platform === 'win32' ? [`${NAME}.exe`] : [NAME];
  return (
    (env['PATH'] ?? '')
      .split(delimiter)
      // A relative one is the working folder, whose files others may have put there.
      .filter(isAbsolute)
      .flatMap((folder) => names.map((name) => join(folder, name)))
      .find(isProgram)
  );
}

/** Its arguments and environment for one session. */
export function pluginCommand(run: PluginRun): { args: string[]; env: NodeJS.ProcessEnv } {
  const { SessionId, TokenValue, StreamUrl } = run.session;
  const response = JSON.stringify({ SessionId, TokenValue, StreamUrl });
  const takesVariable = isAtLeast(readPluginVersion(run.path, run.env), FIRST_WITH_VARIABLE);
  const args = [
    takesVariable ? RESPONSE_VARIABLE : response,
    run.region,
    'StartSession',
    run.profile,
    JSON.stringify(run.parameters),
    run.endpoint,
  ];
  return { args, env: takesVariable ? { ...run.env, [RESPONSE_VARIABLE]: response } : run.env };
}

/** Resolves with the exit status, or 128 plus the number of the signal that ended it. */
export async function runPlugin(run: PluginRun): Promise<number> {
  const { args, env } = pluginCommand(run);
  const ignore = (): void => {};
  for (const signal of KEY_SIGNALS) process.on(signal, ignore);
  const child = spawn(run.path, args, { stdio: 'inherit', env });
  const passOn = (signal: NodeJS.Signals): void => void child.kill(signal);
  for (const signal of PASSED_ON) process.on(signal, passOn);
  try {
    return await new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code, signal) => resolve(code ?? 128 + (signal ? osConstants.signals[signal] : 0)));
    });
  } finally {
    for (const signal of KEY_SIGNALS) process.off(signal, ignore);
    for (const signal of PASSED_ON) process.off(signal, passOn);
  }
}

/** The output of --version; empty if it does not start or does not answer in time. */
export function readPluginVersion(path: string, env: NodeJS.ProcessEnv, limitMs = VERSION_LIMIT_MS): string {
  try {
    return execFileSync(path, ['--version'], {
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: limitMs,
      // Until then no Ctrl-C is heard here, and it may ignore SIGTERM.
      killSignal: 'SIGKILL',
    }).trim();
  } catch {
    return '';
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

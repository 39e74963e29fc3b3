import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describeUnfaithful, explainLabFailure } from '../../accounts/connection.ts';
import { formatDuration } from '../../duration.ts';
import { refuse, UsageError, UserError } from '../../errors.ts';
import type { LabOptions, LabState } from '../../lab/index.ts';
import { nearestName } from '../../nearest.ts';
import { oneOf, seconds } from '../../settings/readers.ts';
import type { Io } from '../../terminal/io.ts';
import { safe } from '../../terminal/safe-text.ts';
import { quoteCommand } from '../../terminal/shell-word.ts';
import { wordTable } from '../../word-table.ts';
import type { Command, Invocation } from '../command.ts';
import { readOwnFlag } from '../own-flag.ts';

const ACTIONS = ['up', 'down', 'hosts'] as const;
const POLICY = oneOf('input', 'output', 'any');
const SIZES = oneOf('changed', 'every', 'none');
const TIME = seconds(1, Number.POSITIVE_INFINITY, 'a time from 1s, e.g. 5s or 20m');

type Lab = typeof import('../../lab/index.ts');

const OTHER_WORDS = wordTable<string>({
  start: 'up',
  stop: 'down',
  list: 'hosts',
  ls: 'hosts',
  status: 'hosts',
});

/** Starts, stops and shows the stand-in account. */
export const lab: Command = async (settings, io, invocation) => {
  const [word = ''] = invocation.words;
  const action = ACTIONS.find((known) => known === word);
  if (!action) {
    const known = nearestName(word, [...ACTIONS, ...Object.keys(OTHER_WORDS)]) ?? '';
    const nearest = OTHER_WORDS[word] ?? OTHER_WORDS[known] ?? known;
    throw new UsageError({
      what: word ? `there is no  lab ${word}` : 'lab needs to know what to do',
      why: `expected one of ${ACTIONS.join(', ')}`,
      next: nearest
        ? quoteCommand`did you mean  ssm-keepalive lab ${nearest}`
        : 'run  ssm-keepalive lab --help',
    });
  }
  refuseOtherFlags(action, invocation.own);
  const labModule = await import('../../lab/index.ts');
  const dir = labModule.defaultLabDir(invocation.environment.variables);
  const isJson = settings.common.output === 'json';
  if (action === 'up') return startLab(labModule, dir, invocation, io, isJson);
  if (action === 'down') return stopLab(labModule, dir, invocation, io);
  return showHosts(labModule, dir, io, isJson);
};

/** Refuses flags of other actions: they would have no effect. @throws UsageError */
function refuseOtherFlags(action: (typeof ACTIONS)[number], own: Invocation['own']): void {
  for (const [flag, value] of Object.entries(own)) {
    const home = flag === 'forget' ? 'down' : 'up';
    refuse(value !== undefined && value !== false && action !== home, {
      what: `lab ${action} takes no --${flag}`,
      why: `it belongs to  lab ${home}`,
      next: `leave --${flag} out`,
    });
  }
}

async function startLab(
  labModule: Lab,
  dir: string,
  invocation: Invocation,
  io: Io,
  isJson: boolean,
): Promise<number> {
  const options = readOptions(invocation.own);
  const running = await labModule.labStatus(dir);
  const given = Object.keys(invocation.own).map((name) => `--${name}`);
  if (running && given.length > 0) {
    throw new UserError({
      code: 'lab-running',
      what: 'the lab is already up, and takes its settings when it starts',
      why: `process ${running.pid} runs it at ${running.endpoint}`,
      next: `leave ${given.join(' and ')} out, or stop it first with  ssm-keepalive lab down`,
    });
  }
  if (!invocation.own['foreground']) {
    // A second terminal needs the variables too.
    const up =
      running ?? (await labModule.labUp({ ...options, dir }).catch((error) => explainLabFailure(error)));
    describeLab(up, labModule, dir, io, isJson);
    return 0;
  }
  const open = await labModule.startLab({ ...options, dir }).catch((error) => explainLabFailure(error));
  const state = await labModule.labStatus(dir);
  if (state) describeLab(state, labModule, dir, io, isJson);
  io.err('ssm-keepalive: the lab runs until Ctrl-C\n');
  await new Promise<void>((resolve) => {
    // Signals alone keep no process alive; the listening endpoint does.
    invocation.interruption.onRequest(resolve);
  });
  await open.stop().catch((error) => explainLabFailure(error, 'the lab could not keep what happened'));
  return 0;
}

function readOptions(own: Invocation['own']): Partial<LabOptions> {
  const readTime = (flag: string, example: string) =>
    readOwnFlag(own, flag, TIME, `${example} to see sessions end soon`);
  const options = {
    idleSeconds: readTime('idle', '5s'),
    maxSeconds: readTime('max', '1m'),
    minuteSeconds: readTime('minute', '1s'),
    policy: readOwnFlag(own, 'policy', POLICY, 'input, as the service documents it'),
    sizes: readOwnFlag(own, 'sizes', SIZES, 'changed, as the service documents it'),
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function describeLab(state: LabState, labModule: Lab, dir: string, io: Io, isJson: boolean): void {
  const variables = labModule.labEnv(state);
  if (isJson) {
    const { credentials: _, ...shown } = state;
    io.out(`${JSON.stringify({ ...shown, env: variables }, null, 2)}\n`);
    return;
  }
  io.err(
    safe`ssm-keepalive: the lab is up (process ${state.pid}); sessions end after ${formatDuration(state.idleSeconds)} without ${
      state.policy === 'any' ? 'input or output' : state.policy
    }. Stop it with  ssm-keepalive lab down\n` + describeUnfaithful(state.notFaithful),
  );
  const [host] = labModule.readInventory(dir).hosts;
  io.err(
    safe`ssm-keepalive: open a session with  ${quoteCommand`ssm-keepalive connect ${host?.name ?? ''} --lab`}\n`,
  );
  io.err(safe`ssm-keepalive: the files of its hosts are below ${join(dir, 'hosts')}\n`);
  io.err('ssm-keepalive: for the AWS CLI and other tools; --lab needs none of these:\n');
  for (const [name, value] of Object.entries(variables))
    io.out(quoteCommand`export ${`${name}=${value}`}` + '\n');
}

async function stopLab(labModule: Lab, dir: string, invocation: Invocation, io: Io): Promise<number> {
  const wasUp = await labModule.labDown(dir);
  if (invocation.own['forget']) {
    labModule.forgetFolder(dir);
    // The default folder is the only one of its parent, which is ours too.
    if (!invocation.environment.variables['SSM_KEEPALIVE_LAB_DIR']) labModule.removeIfEmpty(dirname(dir));
  }
  const hosts = invocation.own['forget']
    ? '; its hosts are deleted'
    : existsSync(dir)
      ? '; its hosts stay (--forget deletes them)'
      : '';
  io.err(safe`ssm-keepalive: ${wasUp ? 'the lab is down' : 'no lab was up'}${hosts}\n`);
  return 0;
}

async function showHosts(labModule: Lab, dir: string, io: Io, isJson: boolean): Promise<number> {
  const state = await labModule.labStatus(dir);
  const hosts = labModule.readInventory(dir).hosts.map(({ id, name, tags, python = true }) => ({
    id,
    name,
    tags,
    python,
  }));
  if (isJson) {
    io.out(
      `${JSON.stringify({ isUp: state !== undefined, endpoint: state?.endpoint ?? null, hosts }, null, 2)}\n`,
    );
    return 0;
  }
  for (const { id, name, tags, python } of hosts) {
    const words = Object.entries(tags).flatMap(([key, value]) => (key === 'Name' ? [] : `${key}=${value}`));
    io.out(safe`${id}  ${name.padEnd(6)}  ${words.join(' ').padEnd(18)}${python ? '' : '  no Python'}\n`);
  }
  io.err(
    state
      ? safe`ssm-keepalive: up at ${state.endpoint}\n` + describeUnfaithful(state.notFaithful)
      : 'ssm-keepalive: not up; --lab starts it for one command\n',
  );
  return 0;
}

import { connect as openConnection } from '../../accounts/connection.ts';
import { UsageError, UserError } from '../../errors.ts';
import { makeInterruptible } from '../../fleet/interruptible.ts';
import { startSession, terminateSession, toStartParameters } from '../../fleet/sessions.ts';
import { findPlugin, runPlugin } from '../../session/plugin.ts';
import type { Settings } from '../../settings/settings.ts';
import { describeSystemError } from '../../system-error.ts';
import type { TerminalStreams } from '../../terminal/io.ts';
import { safe } from '../../terminal/safe-text.ts';
import type { Command } from '../command.ts';
import { chooseOneInstance, requireInstanceWord } from '../instance-word.ts';
import { warnOfLabPlugin } from '../lab-plugin.ts';
import { type ConnectOptions, readConnectOptions } from './connect-options.ts';
import type { ConnectTask } from './connect-task.ts';
import { describeSpan } from './connect-text.ts';
import { runOwnClient } from './embedded-client.ts';

/** Opens a shell on one instance, with the official plugin if it is installed, else with our own client. */
export const connect: Command = async (settings, io, { words, own, interruption, environment }) => {
  const options = readConnectOptions(own);
  requireInstanceWord('connect', words[0], settings);
  const streams = io.openTerminal?.();
  const plugin = choosePlugin(options, settings, environment.variables, streams !== undefined);
  if (plugin !== undefined && settings.common.isLab) io.err(warnOfLabPlugin(plugin, environment.variables));
  if (streams === undefined && options.client !== 'plugin')
    throw noTerminal(findPlugin(environment.variables) !== undefined);
  const connection = await openConnection(settings, io, environment);
  try {
    const opener = makeInterruptible(connection.client, interruption, {
      kind: () => 'read',
      whatAfterRead: 'no session was opened',
      nextAfterChange: '',
    });
    const instanceId = await chooseOneInstance(opener, 'connect', words[0], settings);
    const request = { instanceId, reason: options.reason, documentName: options.document };
    const session = await startSession(opener, request);
    const task = { client: connection.client, session, instanceId, options, settings, io };
    if (plugin !== undefined)
      return await runOfficial({
        ...task,
        plugin,
        variables: environment.variables,
        parameters: toStartParameters(request),
      });
    return await runOwnClient({ ...task, streams: streams as TerminalStreams, interruption });
  } finally {
    await connection.close();
  }
};

async function runOfficial(
  task: ConnectTask & {
    readonly plugin: string;
    readonly parameters: object;
    readonly variables: NodeJS.ProcessEnv;
  },
): Promise<number> {
  const { client, session, plugin, parameters, variables, settings, io } = task;
  const began = io.clock.now();
  try {
    // The plugin calls ResumeSession itself, so it needs the lab's credentials too.
    const labVariables = settings.common.isLab
      ? (await import('../../lab/index.ts')).labEnv({
          endpoint: session.endpoint,
          credentials: await client.config.credentials(),
        })
      : {};
    const status = await runPlugin({
      path: plugin,
      session,
      region: await client.config.region(),
      profile: settings.common.profile ?? '',
      parameters,
      endpoint: session.endpoint,
      env: { ...variables, ...labVariables },
    });
    if (!settings.common.isQuiet)
      io.err(
        safe`ssm-keepalive: session ${session.SessionId} lived ${describeSpan(io.clock.now() - began)}\n`,
      );
    return status === 0 ? 0 : 1;
  } catch (error) {
    // The AWS CLI does the same: without a client the session is useless.
    await terminateSession(client, session.SessionId);
    throw new UserError(
      {
        code: 'plugin-failed',
        what: 'the official session-manager-plugin could not be started',
        why: describeSystemError(error),
        next: 'reinstall it, or use ours with  --client own',
      },
      { cause: error },
    );
  }
}

function choosePlugin(
  { client }: ConnectOptions,
  { common }: Settings,
  variables: NodeJS.ProcessEnv,
  hasTerminal: boolean,
): string | undefined {
  if (client === 'own') return undefined;
  const path = findPlugin(variables);
  if (path === undefined && client === 'plugin') {
    throw new UserError({
      code: 'no-plugin',
      what: 'the official session-manager-plugin was not found',
      why: 'no folder of PATH has a program of that name',
      next:
        'install it (AWS user guide, "Install the Session Manager plugin")' +
        (hasTerminal ? ', or use ours with  --client own' : ': ours needs a terminal'),
    });
  }
  const isOurChoice = path !== undefined && client === 'auto' && common.isLab;
  return isOurChoice && warnOfLabPlugin(path, variables) !== '' ? undefined : path;
}

function noTerminal(hasPlugin: boolean): UsageError {
  return new UsageError({
    code: 'no-terminal',
    what: 'connect needs a terminal',
    why: 'standard input and output are not both one',
    next:
      'run it in a terminal; for one command use  aws ssm send-command, or pipe through the official plugin' +
      (hasPlugin ? ' with  --client plugin' : ', which is not installed here'),
  });
}

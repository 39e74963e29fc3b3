import type { SSMClient } from '@aws-sdk/client-ssm';
import { SHELL_PROFILE } from '../bundle/index.ts';
import { formatDuration, parseDuration } from '../duration.ts';
import { UsageError, UserError } from '../errors.ts';
import {
  describePreferences,
  findPrevious,
  mergePreferences,
  type PreferenceChanges,
  type Preferences,
  readPreferences,
  readVersion,
  savePreferences,
  undoPreferences,
} from '../fleet/preferences.ts';
import { nearestName } from '../nearest.ts';
import type { Settings } from '../settings.ts';
import { connect } from './connection.ts';
import { repeatConnection } from './delivery-text.ts';
import type { Command, Invocation } from './index.ts';
import type { Io } from './io.ts';

/** Longest line that the agent's typing into a terminal survives everywhere [facts of the service: keep it under 512]. */
const LONGEST_PROFILE = 512;

/** The account's session document in one Region: shows it, merges fields into it, or goes back to the version before ours. */
export const preferences: Command = async (settings, io, invocation) => {
  const [action = 'get'] = invocation.words;
  const act = { get: show, set, undo }[action];
  if (!act) {
    throw new UsageError({
      what: `preferences has no action ${JSON.stringify(action)}`,
      why: 'it knows get, set and undo',
      next: `did you mean  ssm-keepalive preferences ${nearestName(action, ['get', 'set', 'undo']) ?? 'get'}`,
    });
  }
  const changes = readChanges(invocation.own);
  const isChange = Object.keys(changes).length > 0;
  if (isChange !== (action === 'set')) {
    throw new UsageError({
      what: isChange ? `${action} changes no field` : 'set was given nothing to change',
      why: 'fields are changed by set: --idle, --max, --shell-profile',
      next: 'run  ssm-keepalive preferences set --idle 60',
    });
  }
  const connection = await connect(settings, io);
  try {
    return await act(connection.client, changes, settings, io, invocation);
  } finally {
    await connection.close();
  }
};

type Act = (
  client: SSMClient,
  changes: PreferenceChanges,
  settings: Settings,
  io: Io,
  invocation: Invocation,
) => Promise<number>;

function readChanges(own: Invocation['own']): PreferenceChanges {
  const { idle, max, 'shell-profile': profile } = own as Record<string, string | undefined>;
  return {
    ...(idle === undefined ? {} : { idleSessionTimeout: readMinutes('--idle', idle, 60) }),
    ...(max === undefined
      ? {}
      : { maxSessionDuration: max === 'none' ? '' : readMinutes('--max', max, 1440) }),
    ...(profile === undefined ? {} : { shellProfile: readProfile(profile) }),
  };
}

/** Whole minutes from 1 to what the service takes; a bare number is minutes. */
function readMinutes(flag: string, text: string, most: number): string {
  const seconds = parseDuration(text, 'm') ?? Number.NaN;
  const minutes = seconds / 60;
  if (Number.isInteger(minutes) && minutes >= 1 && minutes <= most) return String(minutes);
  throw new UsageError({
    code: 'bad-setting',
    what: `${flag} cannot be ${JSON.stringify(text)}`,
    why: `the service takes whole minutes from 1 to ${most}${flag === '--max' ? ' (24h), or none' : ''}`,
    next: `give ${flag} ${flag === '--max' ? '12h or none' : '60'}`,
  });
}

function readProfile(text: string): string {
  if (text === 'none') return '';
  const line = text === 'ours' ? SHELL_PROFILE : text;
  if (line.length <= LONGEST_PROFILE && !/[\r\n]/.test(line)) return line;
  throw new UsageError({
    code: 'bad-setting',
    what: '--shell-profile cannot be that',
    why: `it is typed into every terminal: one line of at most ${LONGEST_PROFILE} characters`,
    next: 'put the rest into a file on the instances and source that',
  });
}

const show: Act = async (client, _changes, settings, io) => {
  const found = await readPreferences(client);
  if (settings.common.output === 'json') io.out(`${JSON.stringify(describe(found), null, 2)}\n`);
  else
    io.out(
      found
        ? tell(found)
        : 'no session document was saved here: the idle timeout is 20 minutes, the default\n',
    );
  return 0;
};

function describe(found: Preferences | undefined): Record<string, unknown> {
  if (!found) return { exists: false };
  const previous = findPrevious(found) ?? null;
  const { content, version, latestVersion } = found;
  return { exists: true, version, latestVersion, previous, ...describePreferences(content), content };
}

function tell(found: Preferences): string {
  const { idleSessionTimeout, maxSessionDuration, shellProfile } = describePreferences(found.content);
  const minutes = (text: string) => (/^\d+$/.test(text) ? formatDuration(Number(text) * 60) : text);
  return [
    `idle timeout      ${minutes(idleSessionTimeout) || '20m (the default)'}`,
    `maximum duration  ${minutes(maxSessionDuration) || 'none'}`,
    `shell profile     ${shellProfile || 'none'}`,
    `version           ${found.version}`,
    '',
  ].join('\n');
}

const set: Act = async (client, changes, settings, io, { own }) => {
  const before = await readPreferences(client);
  const content = mergePreferences(before?.content, changes);
  if (content === before?.content) {
    io.err('ssm-keepalive: nothing to do, that is how it is\n');
    return report(settings, io, { changed: false, version: before.version });
  }
  io.err(diff(before?.content, content));
  await confirm(own['yes'] === true, settings, io);
  const version = await savePreferences(client, before, content);
  io.err(
    `ssm-keepalive: version ${version} is in force for new sessions; back with  ssm-keepalive preferences undo${repeatConnection(settings)}\n`,
  );
  return report(settings, io, { changed: true, version });
};

const undo: Act = async (client, _changes, settings, io, { own }) => {
  const found = await readPreferences(client);
  const previous = found && findPrevious(found);
  if (!found || previous === undefined) {
    throw new UserError({
      code: 'nothing-to-undo',
      what: 'there is nothing to undo',
      why: found
        ? `version ${found.version}, which is in force, was made by somebody else`
        : 'this account and Region have no session document',
      next: `look with  ssm-keepalive preferences get${repeatConnection(settings)}`,
    });
  }
  io.err(
    previous === 'none'
      ? 'ssm-keepalive: the document was created by us and will be deleted: the service’s defaults apply then\n'
      : diff(found.content, await readVersion(client, previous)),
  );
  await confirm(own['yes'] === true, settings, io);
  await undoPreferences(client, previous);
  io.err('ssm-keepalive: undone; new sessions follow it\n');
  return report(settings, io, { changed: true, version: previous === 'none' ? null : previous });
};

function report(settings: Settings, io: Io, facts: Record<string, unknown>): number {
  if (settings.common.output === 'json') io.out(`${JSON.stringify(facts, null, 2)}\n`);
  return 0;
}

/** Only the lines that differ: a session document is short, and what changes stands on lines of its own. */
function diff(before: string | undefined, after: string): string {
  const old = (before ?? '').split('\n');
  const lines = after.split('\n');
  const gone = old.filter((line) => line !== '' && !lines.includes(line)).map((line) => `- ${line.trim()}\n`);
  const come = lines.filter((line) => line !== '' && !old.includes(line)).map((line) => `+ ${line.trim()}\n`);
  return [...gone, ...come].join('');
}

async function confirm(isConfirmed: boolean, settings: Settings, io: Io): Promise<void> {
  if (isConfirmed) return;
  if (!io.ask) {
    throw new UserError(
      {
        code: 'not-confirmed',
        what: 'nothing was changed',
        why: 'this is for every session of the account in this Region, and there is no terminal to ask on',
        next: 'add --yes',
      },
      { exitStatus: 2 },
    );
  }
  const answer = await io.ask(
    'ssm-keepalive: for every new session of this account in this Region. Type yes to go on: ',
  );
  if (answer.trim().toLowerCase() === 'yes') return;
  throw new UserError({
    code: 'not-confirmed',
    what: 'nothing was changed',
    why: 'the answer was not yes',
    next: `look with  ssm-keepalive preferences get${repeatConnection(settings)}`,
  });
}

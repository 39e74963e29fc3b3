/** Rules that concern several settings together. */
import { formatDuration } from '../duration.ts';
import { refuse, UsageError } from '../errors.ts';
import { isExposed, refuseExposed } from '../exposed-address.ts';
import { DEFAULT_IDLE_TIMEOUT_SECONDS } from '../fleet/account.ts';
import { ARM_NAMES } from '../session/measure/arms.ts';
import { quoteCommand } from '../terminal/shell-word.ts';
import { FLAGS, type FlagName, type RawFlags } from './flags.ts';
import { longestIntervalSeconds, type Settings } from './shape.ts';

/** Nobody works at a session without a key for a day. A longer time needs --override-idle-policy. */
const LONGEST_IDLE_SECONDS = 86_400;

/** Refuses settings that are valid alone and wrong together. @throws UsageError */
export function refuseConflicts(
  settings: Settings,
  label: (name: FlagName) => string,
  typed: RawFlags,
): void {
  if (settings.measure.fromFile !== undefined) refuseMeasuring(typed, label('from'));
  const { arms, client } = settings.measure;
  refuse(client === 'plugin' && arms.includes('size') && arms.length < ARM_NAMES.length, {
    what: `${label('arm')} size and ${label('client')} plugin were both given`,
    why: 'the plugin sends a size only when it has changed',
    next: 'leave the arm size out, or measure with --client own',
  });
  const { tags } = settings.targets;
  refuse(tags.length > 5, {
    what: `${label('tag')} names ${tags.length} keys`,
    why: 'the service takes at most 5',
    next: 'leave some out, or tag the instances with one key for this',
  });
  const repeated = tags.find((tag, index) => tags.findIndex((other) => other.key === tag.key) !== index);
  if (repeated) {
    throw new UsageError({
      what: `${label('tag')} names the key ${JSON.stringify(repeated.key)} twice`,
      why: 'two --tag must both hold, and one key has one value on an instance',
      next: quoteCommand`put the values together: --tag ${`${repeated.key}=${tags
        .filter((tag) => tag.key === repeated.key)
        .flatMap((tag) => tag.values)
        .join(',')}`}`,
    });
  }
  const valueCount = Math.max(0, ...tags.map((tag) => tag.values.length));
  refuse(valueCount > 50, {
    what: `${label('tag')} gives ${valueCount} values for one key`,
    why: 'the service takes at most 50',
    next: 'run it twice, with half of the values each',
  });
  const [first, second] = targetForms(settings.targets);
  if (first && second) {
    throw new UsageError({
      what: isByName(settings.targets)
        ? 'names and ids were both given'
        : `${label(first)} and ${label(second)} were both given`,
      why: 'the service takes one kind of target in a command',
      next: isByName(settings.targets) ? 'give names alone, or ids alone' : 'give one of the two',
    });
  }
  refuse(
    settings.common.isLab &&
      (settings.common.endpointUrl !== undefined || settings.common.profiles.length > 0),
    {
      what: `${label('lab')} and ${label(settings.common.endpointUrl ? 'endpoint-url' : 'profile')} were both given`,
      why: 'the lab is an account of its own, at an address of its own',
      next: 'leave one of the two out',
    },
  );
  refuseAccountConflicts(settings, label);
  const { endpointUrl, allowsUnencrypted } = settings.common;
  if (endpointUrl && isExposed(endpointUrl) && !allowsUnencrypted)
    throw refuseExposed({ label: label('endpoint-url'), address: endpointUrl });
  const { commandIds, isDryRun, shouldWait, isFollow } = settings.delivery;
  const change = isDryRun ? '--dry-run' : shouldWait ? isFollow && label('follow') : '--no-wait';
  refuse(commandIds.length > 0 && change !== false, {
    what: `--command-id and ${change} were both given`,
    why: 'a command that was sent before can only be watched',
    next: 'leave one of the two out',
  });
  refuse(settings.delivery.every !== undefined && !settings.delivery.isFollow, {
    what: `${label('every')} was given without --follow`,
    why: 'it is the association of --follow that is repeated',
    next: 'add --follow, or leave --every out',
  });
  const { keeper, wrap, intervalSeconds, maxIdleSeconds, overrideIdlePolicy, idleTimeoutSeconds } =
    settings.keeper;
  refuse(maxIdleSeconds > LONGEST_IDLE_SECONDS && !overrideIdlePolicy, {
    code: 'bad-setting',
    what: `${label('max-idle')} ${formatDuration(maxIdleSeconds)} is more than 24h`,
    why: 'a session that nobody attends would stay open for days',
    next: `make it 24h or less, or insist with --override-idle-policy`,
  });
  refuse(wrap === 'tmux' && keeper === 'prompt', {
    code: 'bad-setting',
    what: `${label('wrap')} tmux and ${label('keeper')} ${keeper} were both given`,
    why: 'tmux runs inside the relay: without the relay nothing keeps its session alive',
    next: `leave one of the two out, or give ${label('keeper')} relay`,
  });
  const longest = longestIntervalSeconds(idleTimeoutSeconds ?? DEFAULT_IDLE_TIMEOUT_SECONDS);
  refuse(intervalSeconds > longest, {
    code: 'bad-setting',
    what: `${label('interval')} ${formatDuration(intervalSeconds)} is too long`,
    why: `with an idle timeout of ${formatDuration(idleTimeoutSeconds ?? DEFAULT_IDLE_TIMEOUT_SECONDS)}${
      idleTimeoutSeconds === undefined ? ', the default,' : ''
    } expected at most ${longest}s`,
    next:
      idleTimeoutSeconds === undefined
        ? 'give a shorter --interval, or say the account’s longer value with --idle-timeout MINUTES'
        : 'give a shorter --interval',
  });
  refuse(maxIdleSeconds < intervalSeconds, {
    code: 'bad-setting',
    what: `${label('max-idle')} ${formatDuration(maxIdleSeconds)} is shorter than ${label('interval')} ${formatDuration(intervalSeconds)}`,
    why: 'no heartbeat would ever be sent: expected at least the interval',
    next: 'give a longer --max-idle or a shorter --interval',
  });
}

/** Rules for the flags that select accounts, Regions and the role. @throws UsageError */
function refuseAccountConflicts({ accounts, common }: Settings, label: (name: FlagName) => string): void {
  const { ids, isOrganization, units, role, externalId, isAllRegions, excluded } = accounts;
  const kinds = (
    [
      ['accounts', ids.length > 0],
      ['organization', isOrganization],
      ['ou', units.length > 0],
    ] as const
  ).flatMap(([name, isGiven]) => (isGiven ? [name] : []));
  const [kind, otherKind] = kinds;
  if (kind && otherKind) {
    throw new UsageError({
      what: `${label(kind)} and ${label(otherKind)} were both given`,
      why: 'each of the two names all accounts that are meant',
      next: 'give one of the two; --exclude leaves accounts out',
    });
  }
  if (kind && role === undefined) {
    throw new UsageError({
      what: `${label(kind)} was given without --role`,
      why: 'in another account the command works as a role of that account',
      next: `add --role NAME, e.g. --role OrganizationAccountAccessRole`,
    });
  }
  const lone = role !== undefined ? 'role' : externalId !== undefined ? 'external-id' : undefined;
  // A variable or a file may set it for other runs, so only a typed flag is refused.
  const isTyped = (name: FlagName) => label(name) === `--${name}`;
  if (!kind && lone && isTyped(lone)) {
    throw new UsageError({
      what: `${label(lone)} was given, and no account to use it in`,
      why: 'the role is assumed in the accounts that --accounts, --organization or --ou name',
      next: 'add --accounts ID…; for one role a profile with role_arn does it too',
    });
  }
  if (kind && common.profiles.length > 1) {
    throw new UsageError({
      what: `${label(kind)} and ${common.profiles.length} profiles were given`,
      why: 'the credentials of one profile assume the role in every account',
      next: 'give one --profile',
    });
  }
  refuse(isAllRegions && common.regions.length > 0, {
    what: `${label('all-regions')} and ${label('region')} were both given`,
    why: 'the Regions are either named or looked up',
    next: 'give one of the two; --exclude leaves Regions out',
  });
  const known = [...ids, ...common.regions];
  const idle = excluded.find((name) => {
    const isFound = /^\d/.test(name) ? isOrganization || units.length > 0 : isAllRegions;
    return !isFound && !known.includes(name);
  });
  if (idle !== undefined && isTyped('exclude')) {
    throw new UsageError({
      what: `${label('exclude')} ${idle} was given, and nothing to leave it out of`,
      why: 'none of --accounts, --organization, --ou, --region and --all-regions names or finds it',
      next: 'check it, or leave it out',
    });
  }
}

/** `yes`: how it was given. Where a file that was only found says where a command acts, nobody has seen that. @throws UsageError */
export function refuseUnseenYes(yes: string, { targets, common }: Settings): void {
  const { foundIn } = targets;
  if (foundIn === undefined) return;
  throw new UsageError({
    code: 'not-confirmed',
    what: `${yes} was given, and ${foundIn} says ${common.configFile?.reach.join(' ')}`,
    why: 'that file was only found in this folder; you did not name it',
    next: quoteCommand`name it: --config ${foundIn}; or give these settings as flags`,
  });
}

/** With --from nothing is measured, so refuses the flags of a measurement. @throws UsageError */
function refuseMeasuring(typed: RawFlags, from: string): void {
  const shows: readonly FlagName[] = ['from', 'report'];
  const useless = FLAGS.find(
    ({ name, group }) => group === 'Measure' && typed[name] !== undefined && !shows.includes(name),
  );
  if (useless === undefined) return;
  throw new UsageError({
    what: `${from} and --${useless.name} were both given`,
    why: `${from} shows an earlier measurement and opens no session`,
    next: 'leave one of the two out',
  });
}

/** The flags that say which instances are meant. */
function targetForms({ tags, instanceIds, resourceGroup, isAll }: Settings['targets']): FlagName[] {
  const given: readonly (readonly [FlagName, boolean])[] = [
    ['tag', tags.length > 0],
    ['instance-id', instanceIds.length > 0],
    ['resource-group', resourceGroup !== undefined],
    ['all', isAll],
  ];
  return given.flatMap(([name, isGiven]) => (isGiven ? [name] : []));
}

/** A name is the tag Name, so it does not stand beside an id. */
const isByName = ({ tags, instanceIds }: Settings['targets']) =>
  instanceIds.length > 0 && tags.length > 0 && tags.every(({ key }) => key === 'Name');

/** For commands that need instances. @throws UsageError if no target was given. */
export function requireTargets(settings: Settings): void {
  const isGiven = targetForms(settings.targets).length > 0 || settings.delivery.commandIds.length > 0;
  refuse(!isGiven, {
    code: 'no-target',
    what: 'no target',
    why: 'nothing says which instances are meant',
    next: 'add a name or an id, --tag KEY=VALUE, --resource-group NAME or --all',
  });
}

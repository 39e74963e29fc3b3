import { type OpenService, openService } from '../../accounts/connection.ts';
import { type AccountEnd, describeAccount, goOnInEach, workInEach } from '../../accounts/each.ts';
import { UsageError, UserError } from '../../errors.ts';
import { makeInterruptible, type Weight } from '../../fleet/interruptible.ts';
import { type PreferenceChanges, readPreferences } from '../../fleet/preferences.ts';
import { nearestName } from '../../nearest.ts';
import { confirmedUnseen, type Settings } from '../../settings/settings.ts';
import type { Io } from '../../terminal/io.ts';
import { say } from '../../terminal/safe-text.ts';
import type { Command, Invocation } from '../command.ts';
import { refuseInterrupted } from '../ctrl-c.ts';
import { renderFailedAccounts } from '../deliver/failure-report.ts';
import { repeatConnection } from '../repeat.ts';
import { type ChangeDone, type PlannedChange, planSet, planUndo } from './preference-changes.ts';
import { readChanges } from './preference-flags.ts';
import { reportFacts, reportPreferences } from './preference-report.ts';

const ACTIONS = ['get', 'set', 'undo'] as const;
type Action = (typeof ACTIONS)[number];

/**
 * The session document of every account and Region that the settings name: shows it, merges fields into it, or goes back to
 * the version before ours. Everything is read and shown before the one question; one that fails stops no other.
 */
export const preferences: Command = async (settings, io, invocation) => {
  const action = readAction(invocation.words[0]);
  const changes = readChanges(invocation.own);
  refuseUnmeant(action, changes);
  const { foundIn } = settings.targets;
  if (action !== 'get' && invocation.own['yes'] === true && foundIn !== undefined)
    throw confirmedUnseen('--yes', foundIn);
  const opened = await openService(settings, io, invocation.environment);
  // Until something is being saved the first Ctrl-C ends every call.
  let weight: Weight = 'nothing';
  const service: OpenService = {
    ...opened,
    clientFor: (account) =>
      makeInterruptible(opened.clientFor(account), invocation.interruption, {
        weight: () => weight,
        nothing: action === 'get' ? 'the session preferences were not read' : 'nothing was changed',
        look: `look with  ssm-keepalive preferences get${repeatConnection(settings)}`,
      }),
  };
  const onSaving = () => {
    weight = 'effect';
  };
  try {
    if (action === 'get') {
      const found = await workInEach(settings, service, ({ client }) => readPreferences(client));
      return reportPreferences(found, settings, io);
    }
    const plans = await workInEach(settings, service, (account) =>
      action === 'set' ? planSet(account, changes) : planUndo(account),
    );
    return await changeAll(action, plans, settings, io, invocation, onSaving);
  } finally {
    await opened.close();
  }
};

function readAction(word = 'get'): Action {
  const action = ACTIONS.find((known) => known === word);
  if (action) return action;
  throw new UsageError({
    what: `preferences has no action ${JSON.stringify(word)}`,
    why: 'it knows get, set and undo',
    next: `did you mean  ssm-keepalive preferences ${nearestName(word, ACTIONS) ?? 'get'}`,
  });
}

function refuseUnmeant(action: Action, changes: PreferenceChanges): void {
  const isChange = Object.keys(changes).length > 0;
  if (isChange === (action === 'set')) return;
  throw new UsageError({
    what: isChange ? `${action} changes no field` : 'set was given nothing to change',
    why: 'fields are changed by set: --idle, --max, --shell-profile',
    next: 'run  ssm-keepalive preferences set --idle 60',
  });
}

async function changeAll(
  action: Action,
  plans: readonly AccountEnd<PlannedChange>[],
  settings: Settings,
  io: Io,
  { own, interruption }: Invocation,
  onSaving: () => void,
): Promise<number> {
  // Before the question: who says yes should know where it will not hold.
  const failed = plans.filter((end) => 'error' in end);
  io.err(renderFailedAccounts(failed.map(describeAccount)));
  const changing = plans.flatMap((end) =>
    'outcome' in end && end.outcome.shown !== '' ? [end.outcome] : [],
  );
  io.err(showChanges(changing));
  if (changing.length > 0 && own['yes'] !== true) await confirmChanges(changing, settings, io);
  if (changing.length > 0) refuseInterrupted(interruption, 'nothing was changed');
  onSaving();
  const ends = await goOnInEach(plans, async ({ label, make }) => {
    const done = await make();
    io.err(say`ssm-keepalive: ${label && `${label}: `}${done.said}\n`);
    return done;
  });
  const facts = ({ changed, version }: ChangeDone) => ({ changed, version });
  return reportFacts(
    action,
    ends,
    facts,
    settings,
    io,
    failed.map(({ name }) => name),
  );
}

/** Accounts that change alike are told together: Regions often do, and nobody reads the same lines seventeen times. */
function showChanges(changing: readonly PlannedChange[]): string {
  const labelsOf = new Map<string, string[]>();
  for (const { label, shown } of changing) labelsOf.set(shown, [...(labelsOf.get(shown) ?? []), label]);
  return [...labelsOf]
    .map(([shown, labels]) =>
      labels[0] === '' ? shown : say`${labels.join(', ')}:\n` + shown.replace(/^(?=.)/gm, '  '),
    )
    .join('');
}

/** One question for all. @throws UserError when nobody can be asked, or the answer was no. */
async function confirmChanges(changing: readonly PlannedChange[], settings: Settings, io: Io): Promise<void> {
  const [{ label } = { label: '' }] = changing;
  const { foundIn } = settings.targets;
  const found =
    foundIn === undefined ? '' : ` (${foundIn} says ${settings.common.configFile?.reach.join(' ')})`;
  const reach = `${
    changing.length > 1 ? `${changing.length} accounts and Regions` : label || 'the account in this Region'
  }${found}`;
  if (!io.ask) {
    throw new UserError(
      {
        code: 'not-confirmed',
        what: 'nothing was changed',
        why: `this is for every session of ${reach}, and there is no terminal to ask on`,
        next: 'add --yes',
      },
      { exitStatus: 2 },
    );
  }
  const answer = await io.ask(say`ssm-keepalive: for every new session of ${reach}. Type yes to go on: `);
  if (answer.trim().toLowerCase() === 'yes') return;
  throw new UserError({
    code: 'not-confirmed',
    what: 'nothing was changed',
    why: 'the answer was not yes',
    next: `look with  ssm-keepalive preferences get${repeatConnection(settings)}`,
  });
}

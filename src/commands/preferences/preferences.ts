import type { SSMClient } from '@aws-sdk/client-ssm';
import { type AccountAtWork, describeAccount, listOutcomes, Workplace } from '../../accounts/account-work.ts';
import { openService } from '../../accounts/connection.ts';
import { describePlaces, isOfOrganization } from '../../accounts/names.ts';
import { refuse, UsageError } from '../../errors.ts';
import { placeOf } from '../../fleet/client.ts';
import { type CallKind, makeInterruptible } from '../../fleet/interruptible.ts';
import { type PreferenceChanges, readPreferences } from '../../fleet/preferences.ts';
import { groupBy } from '../../groups.ts';
import { refuseInterrupted } from '../../interruption.ts';
import { nearestName } from '../../nearest.ts';
import { refuseUnseenYes, type Settings } from '../../settings/settings.ts';
import { repeatConnection } from '../../settings/told-connection.ts';
import type { Io } from '../../terminal/io.ts';
import { safe } from '../../terminal/safe-text.ts';
import { quoteCommand } from '../../terminal/shell-word.ts';
import type { Command, Invocation } from '../command.ts';
import { renderFailedAccounts } from '../deliver/failure-report.ts';
import { requireYes } from '../question.ts';
import { readChanges, repeatChanges } from './preference-flags.ts';
import { applyChange, type ChangeDone, planSet, planUndo } from './preference-plan.ts';
import { reportFacts, reportPreferences } from './preference-report.ts';

const ACTIONS = ['get', 'set', 'undo'] as const;
type Action = (typeof ACTIONS)[number];

const LOOK = 'look with  ssm-keepalive preferences get';

/** Shows, changes or restores the session document of every account and Region: a plan for each, one question, then apply. */
export const preferences: Command = async (settings, io, { own, words, interruption, environment }) => {
  const action = readAction(words[0], own);
  const changes = readChanges(own);
  refuseUnmeant(action, changes, own);
  refuse(action !== 'get' && isOfOrganization(settings.accounts), {
    what: `preferences ${action} takes no whole organization`,
    why: 'one wrong answer would reach every session there is',
    next: 'name the accounts: --accounts ID… --role NAME',
  });
  if (action !== 'get' && own['yes'] === true) refuseUnseenYes('--yes', settings);
  // While something is being saved, Ctrl-C waits for the service's answer.
  const interruptible = ({ client }: AccountAtWork, kind: CallKind) =>
    makeInterruptible(client, interruption, {
      kind: () => kind,
      whatAfterRead: action === 'get' ? 'the session preferences were not read' : 'nothing was changed',
      nextAfterChange: LOOK,
    });
  const service = await openService(settings, io, environment);
  try {
    const workplace = new Workplace(settings, service, interruption);
    const inEach = <T>(work: (client: SSMClient) => Promise<T>) =>
      workplace.workInEach((account) => work(interruptible(account, 'read')));
    if (action === 'get')
      return reportPreferences(
        await inEach(readPreferences),
        service.sessionDefaults.idleSeconds,
        settings,
        io,
      );
    const plans = await inEach((client) =>
      Promise.all([action === 'set' ? planSet(client, changes) : planUndo(client), placeOf(client)]),
    );
    // Printed before the question: the answer does not apply to these accounts.
    const failed = plans.filter((end) => 'error' in end);
    io.err(renderFailedAccounts(failed.map(describeAccount)));
    const changing = listOutcomes(plans)
      .map(({ account: { label }, outcome: [{ shown }, place] }) => ({ label, shown, place }))
      .filter(({ shown }) => shown !== '');
    if (own['dry-run'] === true) {
      io.out(settings.common.output === 'json' ? '' : showChanges(changing) + 'nothing was changed\n');
      const describePlan = ([{ shown }]: readonly [{ shown: string }, unknown]) => ({
        dryRun: true,
        changes: shown,
      });
      return reportFacts(action, plans, describePlan, settings, io, []);
    }
    io.err(showChanges(changing));
    if (changing.length > 0 && own['yes'] !== true) await confirmChanges(changing, settings, io);
    if (changing.length > 0) refuseInterrupted(interruption, 'nothing was changed');
    const ends = await workplace.goOnInEach(plans, async ([plan], account) => {
      const done = await applyChange(interruptible(account, 'change'), plan);
      io.err(
        safe`ssm-keepalive: ${account.label && `${account.label}: `}${describeDone(action, done, account)}\n`,
      );
      return done;
    });
    const unreported = ends.filter((end) => !failed.some(({ account }) => account === end.account));
    return reportFacts(action, ends, (done) => done, settings, io, unreported);
  } finally {
    await service.close();
  }
};

function describeDone(action: Action, { changed, version }: ChangeDone, { settings }: AccountAtWork): string {
  if (!changed) return 'nothing to do, that is how it is';
  if (action === 'undo') return 'undone; new sessions follow it';
  return `version ${version} is in force for new sessions; back with  ssm-keepalive preferences undo${repeatConnection(settings)}`;
}

function readAction(word = 'get', own: Invocation['own'] = {}): Action {
  const action = ACTIONS.find((known) => known === word);
  if (action) return action;
  throw new UsageError({
    what: `preferences has no action ${JSON.stringify(word)}`,
    why: 'it knows get, set and undo',
    next:
      quoteCommand`did you mean  ssm-keepalive preferences ${nearestName(word, ACTIONS) ?? 'get'}` +
      repeatChanges(own),
  });
}

function refuseUnmeant(action: Action, changes: PreferenceChanges, own: Invocation['own']): void {
  refuse(action === 'get' && own['dry-run'] === true, {
    what: 'get takes no --dry-run',
    why: 'it changes nothing',
    next: 'leave --dry-run out',
  });
  const isChange = Object.keys(changes).length > 0;
  refuse(isChange !== (action === 'set'), {
    what: isChange ? `${action} changes no field` : 'set was given nothing to change',
    why: 'fields are changed by set: --idle, --max, --shell-profile',
    next: `run  ssm-keepalive preferences set${repeatChanges(own) || ' --idle 60'}`,
  });
}

interface ShownChange {
  /** The profile and Region, if there is one account. */
  readonly place: string | undefined;
  readonly label: string;
  readonly shown: string;
}

/** Shows equal changes once, with all their accounts: Regions often have the same change. */
function showChanges(changing: readonly ShownChange[]): string {
  return groupBy(changing, ({ shown }) => shown)
    .map((group) => {
      const [{ label, shown }] = group;
      const labels = group.map((change) => change.label).join(', ');
      return label === '' ? shown : safe`${labels}:\n` + shown.replace(/^(?=.)/gm, '  ');
    })
    .join('');
}

/** One question for all. @throws UserError if there is no terminal, or the answer was not yes */
async function confirmChanges(changing: readonly ShownChange[], settings: Settings, io: Io): Promise<void> {
  const { foundIn } = settings.targets;
  const found =
    foundIn === undefined ? '' : ` (${foundIn} says ${settings.common.configFile?.reach.join(' ')})`;
  const places = changing.map(({ label, place = 'this account and Region' }) => ({ label: label || place }));
  const where = `${describePlaces(places)}${found}`;
  const what = 'nothing was changed';
  await requireYes(io, `for every new session${where}. Type yes to go on`, {
    withoutTerminal: {
      what,
      why: `this is for every session${where}`,
      next:
        foundIn === undefined ? 'add --yes' : quoteCommand`add --yes and name the file: --config ${foundIn}`,
    },
    refused: { what, next: LOOK },
  });
}

import {
  type AccountAtWork,
  type AccountEnd,
  explainRegionOff,
  Workplace,
} from '../../accounts/account-work.ts';
import { openService } from '../../accounts/connection.ts';
import { isLookedUp } from '../../accounts/names.ts';
import { renderBundle } from '../../bundle/index.ts';
import { NoMatchError } from '../../fleet/choose.ts';
import { explainNoMatch } from '../../fleet/nearest-tags.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Io } from '../../terminal/io.ts';
import type { Invocation } from '../command.ts';
import { type Applied, Apply, makeDeliveryClient } from './apply.ts';
import { confirmPlans } from './confirm.ts';
import { describeInterrupt } from './ctrl-c.ts';
import { reportDelivery } from './delivery-report.ts';
import { describeDone, warnBefore } from './notes.ts';
import { makePlan, type Verb } from './plan.ts';
import { namePlans, reportPlans, writePlanned } from './plan-report.ts';
import { refuseMisuse } from './refusals.ts';
import { completeNext } from './repair-text.ts';
import { makeScreen } from './screen.ts';
import { SentCommands } from './sent-commands.ts';
import { GROUPED_HOSTS, mergeAlike } from './verdict-groups.ts';

/**
 * install, uninstall and status: a plan for each account and Region, one question over all plans, then each plan is carried out,
 * all at the same time, and every instance gets its verdict. `--command-id` has no plan: its commands were sent before.
 */
export async function runVerb(
  verb: Verb,
  settings: Settings,
  io: Io,
  { interruption, environment }: Invocation,
): Promise<number> {
  refuseMisuse(verb, settings);
  const bundle = renderBundle(settings.keeper);
  const { isDryRun, commandIds } = settings.delivery;
  const service = await openService(settings, io, environment);
  const screen = makeScreen(settings, io);
  const works = new Set<Apply | SentCommands>();
  /** The accounts and Regions whose failure was told at once. */
  const shown = new Set<string>();
  let isMany = false;
  const undo = interruption.onRequest(() => {
    screen.stop();
    io.err(describeInterrupt([...works].map(({ phase }) => phase)));
  });

  /** Explains a failure; with several accounts reports it at once. */
  async function explainFailure<T>(account: AccountAtWork, work: Promise<T>): Promise<T> {
    return work.catch(async (error: unknown) => {
      const { client, settings: own } = account;
      const connection = service.connectionFor(own.common);
      const explained =
        error instanceof NoMatchError && !account.isFound
          ? await explainNoMatch(error, client, connection, own.targets, interruption.requestSignal)
          : explainRegionOff(error, account.name);
      if (!account.isFound || !(error instanceof NoMatchError)) screen.showFailure(account, explained);
      shown.add(account.label);
      throw explained;
    });
  }

  async function plan(account: AccountAtWork) {
    const client = makeDeliveryClient(account.client, interruption, () => 'read');
    const planned = await makePlan(client, verb, account.settings, bundle, account);
    screen.say(account, warnBefore(planned, account.settings));
    return isDryRun && settings.common.output === 'ndjson' ? writePlanned(planned, account, io) : planned;
  }

  async function carryOut(account: AccountAtWork, work: Apply | SentCommands): Promise<Applied> {
    works.add(work);
    try {
      const applied = await explainFailure(account, work.run());
      const { result } = applied;
      if (!result) return applied;
      const verdicts = result.verdicts.map((verdict) => completeNext(verdict, account.settings));
      screen.showVerdicts(account, verdicts);
      return { ...applied, result: { ...result, verdicts: isMany ? mergeAlike(verdicts) : verdicts } };
    } finally {
      // With it goes its client.
      works.delete(work);
      screen.say(account, describeDone(work, verb, account.settings));
    }
  }

  try {
    const workplace = new Workplace(settings, service, interruption);
    const plans =
      commandIds.length > 0
        ? []
        : dropEmpty(
            await workplace.workInEach((account) => explainFailure(account, plan(account))),
            settings,
          );
    for (const end of plans)
      if ('error' in end && !shown.has(end.account.label)) screen.showFailure(end.account, end.error);
    isMany = plans.length > GROUPED_HOSTS && settings.targets.instanceIds.length === 0;
    if (isDryRun) return reportPlans(verb, settings, bundle, plans, io);
    await confirmPlans(verb, namePlans(plans), settings, io);
    if (isMany) screen.countAccounts(plans.filter((end) => 'outcome' in end).length);
    const ends =
      commandIds.length > 0
        ? await workplace.workInEach((account) =>
            carryOut(account, new SentCommands(verb, account, interruption, screen.listen(account))),
          )
        : await workplace.goOnInEach(plans, (planned, account) =>
            carryOut(account, new Apply(planned, account.client, interruption, screen.listen(account))),
          );
    screen.stop();
    return reportDelivery(
      {
        verb,
        settings,
        bundle,
        isInterrupted: interruption.isRequested,
        isLeft: interruption.leaveSignal.aborted,
        canOpen: !service.isPassing,
      },
      ends,
      io,
      screen.lines,
    );
  } finally {
    screen.stop();
    undo();
    await service.close();
  }
}

/** Of accounts and Regions that nobody named most have no such instance. @throws NoMatchError where none has */
function dropEmpty<T>(ends: AccountEnd<T>[], settings: Settings): AccountEnd<T>[] {
  if (!isLookedUp(settings)) return ends;
  const rest = ends.filter((end) => !('error' in end) || !(end.error instanceof NoMatchError));
  if (rest.length > 0) return rest;
  throw new NoMatchError(settings.targets, {
    why: `none of these ${ends.length} accounts and Regions has such an instance`,
  });
}

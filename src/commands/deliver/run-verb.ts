import { type AccountAtWork, goOnInEach, workInEach } from '../../accounts/account-work.ts';
import { openService } from '../../accounts/connection.ts';
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
import { namePlans, reportPlans } from './plan-report.ts';
import { refuseMisuse } from './refusals.ts';
import { makeScreen } from './screen.ts';
import { SentCommands } from './sent-commands.ts';

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
  const works: (Apply | SentCommands)[] = [];
  const undo = interruption.onRequest(() => {
    screen.stop();
    io.err(describeInterrupt(works.map(({ doing }) => doing)));
  });

  /** A failure in the words that help most; where others go on it is told at once. */
  async function settle<T>(account: AccountAtWork, work: Promise<T>): Promise<T> {
    return work.catch(async (error: unknown) => {
      const { client, settings: own } = account;
      const connection = service.connectionFor(own.common);
      const told =
        error instanceof NoMatchError
          ? await explainNoMatch(error, client, connection, own.targets, interruption.requestSignal)
          : error;
      screen.tellFailure(account, told);
      throw told;
    });
  }

  async function plan(account: AccountAtWork) {
    const client = makeDeliveryClient(account.client, interruption, () => 'nothing');
    return makePlan(client, verb, account.settings, bundle);
  }

  async function carryOut(account: AccountAtWork, work: Apply | SentCommands): Promise<Applied> {
    works.push(work);
    try {
      const applied = await settle(account, work.run());
      screen.tellVerdicts(account, applied.result?.verdicts ?? []);
      return applied;
    } finally {
      screen.say(account, describeDone(work, verb, account.settings));
    }
  }

  try {
    const plans =
      commandIds.length > 0
        ? []
        : await workInEach(settings, service, (account) => settle(account, plan(account)));
    for (const end of plans)
      if ('outcome' in end) screen.say(end.account, warnBefore(end.outcome, end.account.settings));
    if (isDryRun) return reportPlans(verb, settings, bundle, plans, io);
    await confirmPlans(verb, namePlans(plans), settings, io);
    const ends =
      commandIds.length > 0
        ? await workInEach(settings, service, (account) =>
            carryOut(account, new SentCommands(verb, account, interruption, screen.listen(account))),
          )
        : await goOnInEach(plans, (planned, account) =>
            carryOut(account, new Apply(planned, account.client, interruption, screen.listen(account))),
          );
    screen.stop();
    return reportDelivery(verb, settings, bundle, ends, io, interruption.isRequested, screen.lines);
  } finally {
    screen.stop();
    undo();
    await service.close();
  }
}

import { openService } from '../../accounts/connection.ts';
import { type AccountAtWork, workInEach } from '../../accounts/each.ts';
import { type AccountName, listAccounts } from '../../accounts/names.ts';
import { renderBundle } from '../../bundle/index.ts';
import { UsageError } from '../../errors.ts';
import { NoMatchError } from '../../fleet/choose.ts';
import { makeInterruptible } from '../../fleet/interruptible.ts';
import type { Verdict } from '../../fleet/judge.ts';
import { explainNoMatch } from '../../fleet/nearest-tags.ts';
import { requireTargets, type Settings } from '../../settings/settings.ts';
import type { Io } from '../../terminal/io.ts';
import { say } from '../../terminal/safe-text.ts';
import type { Invocation } from '../command.ts';
import { describeInterrupt, type UnderWay } from '../ctrl-c.ts';
import { CommonDecision } from './common-decision.ts';
import { confirmEdits, confirmReach, type Reach } from './confirm.ts';
import { deliver, type Outcome } from './deliver.ts';
import { describeEnd, reportDelivery } from './delivery-report.ts';
import { refuseUnfollowable } from './follow.ts';
import { refuseUnwatchedCanary } from './install-checks.ts';
import { makeResultLines } from './ndjson.ts';
import { makeProgress } from './progress.ts';
import type { Verb } from './verb.ts';

/**
 * Brings one of the three scripts to every target in every account, all accounts at the same time, and reports a verdict for
 * each instance. One account's failure is told beside the others' results; where there is only one it is thrown.
 * Returns the exit status of all of them together.
 */
export async function deliverToAll(
  verb: Verb,
  settings: Settings,
  io: Io,
  { interruption, environment }: Invocation,
): Promise<number> {
  requireTargets(settings);
  const bundle = renderBundle(settings.keeper);
  refuseUnwatchedCanary(verb, settings);
  if (verb !== 'status') refuseUnfollowable(settings);
  const accounts = listAccounts(settings);
  refuseSharedCommand(settings, accounts);
  const lines = settings.common.output === 'ndjson' ? makeResultLines(io) : undefined;
  const progress = makeProgress(io, settings.common.isQuiet);
  const decision = new CommonDecision<Reach>(accounts.length, async (reaches) => {
    progress.stop();
    await confirmReach(verb, reaches, settings, io);
    await confirmEdits(reaches, settings, io);
  });
  const service = await openService(settings, io, environment);
  const stages = new Map<AccountName, UnderWay>();
  const undo = interruption.onRequest(() => {
    progress.stop();
    io.err(describeInterrupt([...stages.values()]));
  });
  async function deliverTo({ client: raw, name, label, settings: own }: AccountAtWork): Promise<Outcome> {
    let hasJoined = false;
    const isOne = label === '';
    stages.set(name, 'looking');
    const client = makeInterruptible(raw, interruption, {
      weight: () => (stages.get(name) === 'looking' ? 'nothing' : 'effect'),
      nothing: 'nothing was sent',
      look: 'look with  ssm-keepalive status, then run it again: nothing is done twice',
    });
    try {
      const part = progress.forAccount(label);
      const tell = (verdict: Verdict) => lines?.tellRow(isOne ? verdict : { ...verdict, account: name });
      const outcome = await deliver({
        client,
        verb,
        bundle,
        interruption,
        enter: (stage) => stages.set(name, stage),
        settings: own,
        progress: {
          onEvent: (event) => (event.kind === 'verdict' ? tell(event.verdict) : part.onEvent(event)),
        },
        note: (text) => {
          progress.stop();
          io.err((label && say`${label}: `) + text);
        },
        confirm: (reach) => {
          hasJoined = true;
          const edit = label && reach.edit ? `${label}: ${reach.edit}` : reach.edit;
          return decision.join({ ...reach, edit });
        },
      });
      // Of an id that this account does not know another may know more.
      if (outcome.kind === 'result')
        for (const verdict of outcome.result.verdicts)
          if (isOne || verdict.class !== 'not registered') tell(verdict);
      return outcome;
    } catch (error) {
      const { common } = own;
      const told =
        error instanceof NoMatchError
          ? await explainNoMatch(
              error,
              client,
              service.connectionFor(common),
              own.targets,
              interruption.requestSignal,
            )
          : error;
      if (!isOne) lines?.tellFailedAccount(describeEnd({ name, error: told }));
      throw told;
    } finally {
      stages.delete(name);
      if (!hasJoined) decision.leave();
    }
  }

  try {
    const ends = await workInEach(settings, service, deliverTo);
    progress.stop();
    if (decision.refusal !== undefined) throw decision.refusal;
    return reportDelivery(verb, settings, bundle, ends, io, interruption.isRequested, lines);
  } finally {
    progress.stop();
    undo();
    await service.close();
  }
}

/** A command lives in one account and Region: anywhere else its id means nothing. */
function refuseSharedCommand({ delivery }: Settings, accounts: readonly AccountName[]): void {
  if (delivery.commandIds.length === 0 || accounts.length === 1) return;
  throw new UsageError({
    what: `--command-id was given with ${accounts.length} accounts and Regions`,
    why: 'a command lives in the account and Region that it was sent in',
    next: 'give the one --profile and --region that its line named when it was sent',
  });
}

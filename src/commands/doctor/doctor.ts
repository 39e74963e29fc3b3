import {
  type AccountEnd,
  describeAccount,
  isSeveral,
  listOutcomes,
  Workplace,
} from '../../accounts/account-work.ts';
import { openService } from '../../accounts/connection.ts';
import { examine } from '../../doctor/index.ts';
import { ServiceError } from '../../fleet/service-errors.ts';
import { INTERRUPTED, makeInterrupted } from '../../interruption.ts';
import { seconds } from '../../settings/readers.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Io } from '../../terminal/io.ts';
import { safe } from '../../terminal/safe-text.ts';
import type { Command } from '../command.ts';
import { renderFailedAccounts } from '../deliver/failure-report.ts';
import { writeLine } from '../deliver/ndjson.ts';
import { chooseOneInstance, requireInstanceWord } from '../instance-word.ts';
import { readOwnFlag } from '../own-flag.ts';
import {
  countAll,
  describeEachFinding,
  describeExamined,
  dropDetails,
  renderDoctorOfEach,
} from './doctor-accounts-report.ts';
import { gatherEvidence, NOTHING_FOUND } from './doctor-facts.ts';
import { describeFindings, describeRun, type Examined } from './doctor-report.ts';

const DAY_SECONDS = 86_400;
/** The service remembers ended sessions for 30 days [user guide]. */
const SINCE = seconds(1, 30 * DAY_SECONDS, 'a time up to 30d: the service remembers sessions no longer');

/** Finds out why sessions die, in every account and Region of the settings. Changes nothing and says what to do. */
export const doctor: Command = async (settings, io, { words, own, interruption, environment }) => {
  const sinceSeconds = readOwnFlag(own, 'since', SINCE, '7d') ?? 7 * DAY_SECONDS;
  const { isQuiet } = settings.common;
  const isLines = settings.common.output === 'ndjson';
  if (words[0] !== undefined) requireInstanceWord('doctor', words[0], settings);
  // Refused calls are part of the report, so they are not listed again at the end.
  const service = await openService(settings, { ...io, noteDenial: () => {} }, environment);
  let isAsking = false;
  let hasWritten = false;
  // Off the line where the terminal has shown ^C.
  const undo = interruption.onRequest(() => io.err('\n'));
  try {
    const workplace = new Workplace(settings, service, interruption);
    const ends = await workplace.workInEach(async (account): Promise<Examined> => {
      const { client } = account;
      let unfound: unknown;
      const instanceId =
        words[0] === undefined
          ? undefined
          : await chooseOneInstance(client, 'doctor', words[0], account.settings).catch((error) => {
              if (!(error instanceof ServiceError)) throw error;
              unfound = error;
              return undefined;
            });
      const evidence = await gatherEvidence(client, {
        instanceId,
        sinceSeconds,
        maySend: own['no-send'] !== true,
        settings: account.settings,
        interruption,
        variables: environment.variables,
        onSend: () => {
          isAsking = true;
          if (!isQuiet)
            io.err(safe`ssm-keepalive: asking ${instanceId} with the status script, which only reads\n`);
        },
      });
      const results = examine(evidence, instanceId !== undefined);
      // Without credentials no name can be looked up, and the report says what to do.
      const isTold = results.some(({ check, level }) => check === 'credentials' && level === 'todo');
      if (unfound !== undefined && !isTold) throw unfound;
      const examined = { instanceId, evidence, results };
      if (!isLines) return examined;
      writeLine(io, 'account', describeExamined(examined, account.name));
      hasWritten = true;
      return dropDetails(examined);
    });
    // While the instance is being asked, all else is known and is reported even after Ctrl-C.
    if (interruption.isRequested && !isAsking && !hasWritten) throw makeInterrupted(NOTHING_FOUND);
    const hasWork = ends.some(
      (end) => 'error' in end || end.outcome.results.some(({ level }) => level === 'todo'),
    );
    const exitStatus = interruption.isRequested ? INTERRUPTED : hasWork ? 1 : 0;
    report(ends, exitStatus, settings, own['explain'] === true, io);
    return exitStatus;
  } finally {
    undo();
    await service.close();
  }
};

const toJson = (facts: object) => `${JSON.stringify(describeRun(facts), null, 2)}\n`;

function report(
  ends: readonly AccountEnd<Examined>[],
  exitStatus: number,
  { common }: Settings,
  isExplained: boolean,
  io: Io,
): void {
  if (common.output === 'ndjson') {
    for (const end of ends) if ('error' in end) writeLine(io, 'account', describeAccount(end));
    writeLine(io, 'summary', describeRun({ exitStatus, summary: countAll(ends) }));
    if (isSeveral(ends)) io.err(renderFailedAccounts(ends.map(describeAccount)));
    return;
  }
  if (common.output !== 'json') io.out(renderDoctorOfEach(ends, isExplained, io));
  else if (isSeveral(ends)) io.out(toJson({ exitStatus, ...describeEachFinding(ends) }));
  else
    for (const { outcome } of listOutcomes(ends)) {
      const { instanceId = null, evidence, results } = outcome;
      const { region = null } = evidence.facts.credentials ?? {};
      io.out(toJson({ instanceId, region, exitStatus, ...describeFindings(results, evidence) }));
    }
  if (isSeveral(ends)) io.err(renderFailedAccounts(ends.map(describeAccount)));
}

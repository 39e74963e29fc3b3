import { type AccountEnd, describeAccount, Workplace } from '../../accounts/account-work.ts';
import { openService } from '../../accounts/connection.ts';
import { examine } from '../../doctor/index.ts';
import { parseDuration } from '../../duration.ts';
import { UsageError } from '../../errors.ts';
import { INTERRUPTED, makeInterrupted } from '../../interruption.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Io } from '../../terminal/io.ts';
import { say } from '../../terminal/safe-text.ts';
import type { Command, Invocation } from '../command.ts';
import { renderFailedAccounts } from '../deliver/failure-report.ts';
import { chooseOneInstance, requireInstanceWord } from '../instance-word.ts';
import { type Examined, renderDoctorJsonOfEach, renderDoctorOfEach } from './doctor-accounts-report.ts';
import { gatherEvidence, NOTHING_FOUND } from './doctor-facts.ts';
import { renderDoctor, renderDoctorJson } from './doctor-report.ts';

/** As long as the service remembers ended sessions [user guide]. */
const LONGEST_SINCE_SECONDS = 30 * 86_400;

/** Finds out why sessions die, in every account and Region of the settings. Changes nothing and says what to do. */
export const doctor: Command = async (settings, io, { words, own, interruption, environment }) => {
  const sinceSeconds = readSince(own);
  const { isQuiet } = settings.common;
  if (words[0] !== undefined) await requireInstanceWord('doctor', words[0], settings);
  // Refused calls are part of the report, so they are not listed again at the end.
  const service = await openService(settings, { ...io, noteDenial: () => {} }, environment);
  let isAsking = false;
  try {
    const workplace = new Workplace(settings, service, interruption);
    const ends = await workplace.workInEach(async (account): Promise<Examined> => {
      const { client } = account;
      const instanceId =
        words[0] === undefined
          ? undefined
          : await chooseOneInstance(client, 'doctor', words[0], account.settings);
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
            io.err(say`ssm-keepalive: asking ${instanceId} with the status script, which only reads\n`);
        },
      });
      return { instanceId, evidence, results: examine(evidence, instanceId !== undefined) };
    });
    // While the instance is being asked, all else is known and is reported even after Ctrl-C.
    if (interruption.isRequested && !isAsking) throw makeInterrupted(NOTHING_FOUND);
    const hasWork = ends.some(
      (end) => 'error' in end || end.outcome.results.some(({ level }) => level === 'todo'),
    );
    const exitStatus = interruption.isRequested ? INTERRUPTED : hasWork ? 1 : 0;
    report(ends, exitStatus, settings, own['explain'] === true, io);
    return exitStatus;
  } finally {
    await service.close();
  }
};

function report(
  ends: readonly AccountEnd<Examined>[],
  exitStatus: number,
  { common }: Settings,
  isExplained: boolean,
  io: Io,
): void {
  const isJson = common.output === 'json';
  const [first] = ends;
  if (ends.some(({ account }) => account.label !== '')) {
    io.out(isJson ? renderDoctorJsonOfEach(ends, exitStatus) : renderDoctorOfEach(ends, isExplained, io));
    io.err(renderFailedAccounts(ends.map(describeAccount)));
  } else if (first && 'outcome' in first) {
    const { instanceId, evidence, results } = first.outcome;
    const facts = { instanceId, region: evidence.facts.credentials?.region, exitStatus };
    io.out(
      isJson ? renderDoctorJson(results, evidence, facts) : renderDoctor(results, evidence, isExplained, io),
    );
  }
}

function readSince(own: Invocation['own']): number {
  const text = own['since'] === undefined ? '7d' : String(own['since']);
  const seconds = parseDuration(text);
  if (seconds && seconds <= LONGEST_SINCE_SECONDS) return seconds;
  throw new UsageError({
    code: 'bad-setting',
    what: `--since cannot be ${JSON.stringify(text)}`,
    why: 'expected a time up to 30d, which is as long as the service remembers sessions',
    next: 'give --since 7d',
  });
}

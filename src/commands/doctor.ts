import { examine } from '../doctor/index.ts';
import { parseDuration } from '../duration.ts';
import { UsageError, UserError } from '../errors.ts';
import { connect } from './connection.ts';
import { gatherEvidence } from './doctor-facts.ts';
import { type DoctorFacts, renderDoctor, renderDoctorJson } from './doctor-report.ts';
import type { Command, Invocation } from './index.ts';
import { chooseOneInstance } from './one-instance.ts';

/** The exit status after Ctrl-C, as shells expect it. */
const INTERRUPTED = 130;
const INTERRUPTED_EARLY = new UserError(
  { code: 'interrupted', what: 'nothing was found out', why: 'you interrupted it', next: 'run it again' },
  { exitStatus: INTERRUPTED },
);
/** As long as the service remembers ended sessions [user guide]. */
const LONGEST_SINCE_SECONDS = 30 * 86_400;

/** Why do my sessions die? Looks, changes nothing, and says what to do. */
export const doctor: Command = async (settings, io, { words, own, interruption }) => {
  const sinceSeconds = readSince(own);
  const { isLab, isQuiet, output } = settings.common;
  // What it may not look at is part of what it reports.
  const connection = await connect(settings, { ...io, noteDenial: () => {} });
  const { client } = connection;
  const stop = new AbortController();
  const undo = interruption.onRequest(() => stop.abort());
  let isAsking = false;
  try {
    const instanceId =
      words[0] === undefined ? undefined : await chooseOneInstance(client, 'doctor', words[0], isLab);
    const evidence = await gatherEvidence(client, {
      instanceId,
      sinceSeconds,
      maySend: own['no-send'] !== true,
      settings,
      interruption,
      stop: stop.signal,
      variables: process.env,
      onSend: () => {
        isAsking = true;
        if (!isQuiet)
          io.err(`ssm-keepalive: asking ${instanceId} with the status script, which only reads\n`);
      },
    });
    // Once the instance is being asked the rest is known, and is told.
    if (interruption.isRequested && !isAsking) throw INTERRUPTED_EARLY;
    const results = examine(evidence, instanceId !== undefined);
    const hasWork = results.some(({ level }) => level === 'todo');
    const facts: DoctorFacts = {
      instanceId,
      region: evidence.facts.credentials?.region,
      exitStatus: interruption.isRequested ? INTERRUPTED : hasWork ? 1 : 0,
    };
    io.out(
      output === 'json' ? renderDoctorJson(results, evidence, facts) : renderDoctor(results, evidence, io),
    );
    return facts.exitStatus;
  } finally {
    undo();
    await connection.close();
  }
};

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

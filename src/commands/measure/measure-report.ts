import { formatDuration } from '../../duration.ts';
import {
  type ArmRun,
  type Conclusion,
  describeConclusion,
  describeHeadline,
  describeInstance,
  describeOutcome,
  describeWhere,
  describeWhyTimesDiffer,
  formatBytes,
  formatTime,
  gatherWords,
  livedSeconds,
  type MeasureFacts,
  type MeasurePlan,
  nameRun,
} from '../../session/measure/index.ts';
import type { Settings } from '../../settings/settings.ts';
import { repeatForAws } from '../../settings/told-connection.ts';
import type { Io } from '../../terminal/io.ts';
import { renderTable } from '../../terminal/plain-table.ts';
import { makeColors, safe, showLine } from '../../terminal/safe-text.ts';
import { quoteCommand } from '../../terminal/shell-word.ts';
import { wrapText } from '../../terminal/wrap.ts';

/** Says, before any session is opened, how many there will be and how long it takes. */
export function describeCost(
  facts: Pick<MeasureFacts, 'instanceId' | 'hostName' | 'isLab' | 'region' | 'idleTimeoutSeconds'>,
  plan: MeasurePlan,
): string {
  const { isLab, region, idleTimeoutSeconds } = facts;
  const count = plan.arms.length * plan.repeat;
  const rounds = Math.ceil(count / Math.min(plan.parallel, count));
  const pace = plan.parallel >= count ? (count === 1 ? '' : ', all at once') : `, ${plan.parallel} at a time`;
  const idle =
    idleTimeoutSeconds === undefined
      ? 'not known, 20 minutes unless somebody changed it'
      : formatDuration(idleTimeoutSeconds);
  return [
    safe`ssm-keepalive: ${count} ${count === 1 ? 'session' : 'sessions'} on ${describeInstance(facts)} ${isLab ? 'of the lab' : `in ${region}`}${pace}`,
    `  watches for at most ${formatDuration(plan.limitSeconds * rounds)} after a set-up of some seconds; Ctrl-C ends it early`,
    `  idle timeout: ${idle}`,
    '',
  ].join('\n');
}

/** The width of the table with its bytes. */
const FULL_COLUMNS = 70;

/** The sessions, the service's words, the conclusions, and last the result in one sentence; within `io.columns`. */
export function renderMeasureTable(
  runs: readonly ArmRun[],
  conclusion: Conclusion,
  facts: MeasureFacts,
  io: Io,
): string {
  const colors = makeColors(io.hasColor);
  const paint = ({ outcome }: ArmRun) =>
    outcome === 'alive' ? colors.green : outcome === 'timed-out' ? colors.yellow : colors.red;
  const columns: readonly (readonly [head: string, read: (run: ArmRun) => string])[] = [
    ['ARM', (run) => nameRun(run, runs)],
    ['LIVED', (run) => formatTime(livedSeconds(run))],
    ...(io.columns < FULL_COLUMNS
      ? []
      : ([
          ['TO HOST', ({ bytesOut }) => formatBytes(bytesOut)],
          ['FROM HOST', ({ bytesIn }) => formatBytes(bytesIn)],
        ] satisfies [string, (run: ArmRun) => string][])),
    ['QUERIES', ({ queries, answers }) => (queries > 0 ? `${answers}/${queries}` : '-')],
    ['HOW IT ENDED', (run) => paint(run)(describeOutcome(run))],
  ];
  const table = renderTable(
    {
      head: columns.map(([head]) => head),
      colAligns: columns.map((_, at) => (at === 0 || at === columns.length - 1 ? 'left' : 'right')),
    },
    runs.map((run) => columns.map(([, read]) => read(run))),
  );
  const write = (text: string, indent: number) => wrapText(showLine(text), io.columns - 1, indent);
  const differ = describeWhyTimesDiffer(runs);
  return [
    table,
    write('Bytes and QUERIES (answered of asked) count from the end of the set-up.', 0),
    ...gatherWords(runs).map(({ names, text, isQuote }) =>
      write(`${names.join(', ')}: ${isQuote ? `“${text}”` : text}`, 2),
    ),
    '',
    write(`What this shows on ${describeWhere(facts)}:`, 0),
    ...describeConclusion(conclusion).map(({ about, says, why }) =>
      write(`  ${about.padEnd(19)}${says}${why ? ` (${why})` : ''}`, 21),
    ),
    ...(differ ? ['', write(differ, 0)] : []),
    '',
    write(describeHeadline(runs, conclusion, facts), 2),
    '',
  ].join('\n');
}

/** Sessions that may still be open, each with the command that ends it; empty: none. */
export function renderLeftOpen(runs: readonly ArmRun[], settings: Settings, labEndpoint: string): string {
  const open = runs.filter(({ leftOpen }) => leftOpen !== undefined);
  const flags = repeatForAws(settings, labEndpoint);
  return open
    .map(
      ({ sessionId, leftOpen }) =>
        safe`ssm-keepalive: session ${sessionId} may still be open\n  why:  ${leftOpen}\n  next: ${quoteCommand`aws ssm terminate-session --session-id ${sessionId ?? ''}` + flags}\n`,
    )
    .join('');
}

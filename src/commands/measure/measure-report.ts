import {
  type ArmRun,
  type Conclusion,
  isQuote,
  livedSeconds,
  type MeasureFacts,
  type MeasurePlan,
  nameRun,
  sayBytes,
  sayConclusion,
  sayOutcome,
  sayTime,
  sayWhere,
  silence,
} from '../../session/measure/index.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Io } from '../../terminal/io.ts';
import { makeTable, trimLines } from '../../terminal/plain-table.ts';
import { makeColors, say, showLine } from '../../terminal/safe-text.ts';
import { repeatConnection } from '../repeat.ts';

/** Said before anything is opened. */
export function sayCost(
  instanceId: string,
  region: string,
  plan: MeasurePlan,
  idleTimeoutSeconds: number | undefined,
): string {
  const count = plan.arms.length * plan.repeat;
  const rounds = Math.ceil(count / Math.min(plan.parallel, count));
  const pace = plan.parallel >= count ? (count === 1 ? '' : ', all at once') : `, ${plan.parallel} at a time`;
  const idle =
    idleTimeoutSeconds === undefined
      ? 'not known, 20 minutes unless somebody changed it'
      : sayMinutes(idleTimeoutSeconds);
  return [
    say`ssm-keepalive: ${count} ${count === 1 ? 'session' : 'sessions'} on ${instanceId} in ${region}${pace}`,
    `  takes at most ${sayMinutes(plan.limitSeconds * rounds)}, ${sayMinutes(plan.limitSeconds * count)} of session time; Ctrl-C ends it early`,
    `  idle timeout: ${idle}`,
    '',
  ].join('\n');
}

function sayMinutes(seconds: number): string {
  const minutes = Math.ceil(seconds / 60);
  return minutes === 1 ? '1 minute' : `${minutes} minutes`;
}

/** The sessions, what the service said, and what it shows; within `io.columns`. */
export function renderMeasureTable(
  runs: readonly ArmRun[],
  conclusion: Conclusion,
  facts: MeasureFacts,
  io: Io,
): string {
  const colors = makeColors(io.hasColor);
  const table = makeTable({
    head: ['ARM', 'LIVED', 'TO HOST', 'FROM HOST', 'QUERIES', 'HOW IT ENDED'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'left'],
  });
  for (const run of runs) {
    const { outcome } = run;
    const paint = outcome === 'alive' ? colors.green : outcome === 'timed-out' ? colors.yellow : colors.red;
    table.push([
      nameRun(run, runs),
      sayTime(livedSeconds(run)),
      sayBytes(run.bytesOut),
      sayBytes(run.bytesIn),
      run.queries > 0 ? `${run.answers}/${run.queries}` : '-',
      paint(sayOutcome(run)),
    ]);
  }
  return [
    trimLines(table.toString()),
    ...sayWords(runs).flatMap((line) => wrap(line, io.columns, '  ')),
    '',
    ...wrap(`What this shows on ${sayWhere(facts)}:`, io.columns, ''),
    ...sayConclusion(conclusion).flatMap(({ about, says, why }) =>
      wrap(`  ${about.padEnd(19)}${says}${why ? ` (${why})` : ''}`, io.columns, ' '.repeat(21)),
    ),
    '',
  ].join('\n');
}

/** Every sentence once, with the arms that got it. */
function sayWords(runs: readonly ArmRun[]): string[] {
  const byWords = new Map<string, string[]>();
  for (const run of runs) {
    if (run.words === '') continue;
    const words = isQuote(run) ? `“${run.words}”` : run.words;
    byWords.set(words, [...(byWords.get(words) ?? []), nameRun(run, runs)]);
  }
  return [...byWords].map(([words, names]) => `${names.join(', ')}: ${words}`);
}

function wrap(text: string, columns: number, indent: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of showLine(text).split(/(?<=\S) (?=\S)/)) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length > Math.max(40, columns - 1) && line.trim() !== '') {
      lines.push(line);
      line = indent + word;
    } else line = longer;
  }
  return [...lines, line];
}

/** One JSON document for programs; its keys are stable and named in docs/json.md. */
export function renderMeasureJson(
  runs: readonly ArmRun[],
  conclusion: Conclusion,
  facts: MeasureFacts,
  exitStatus: number,
): string {
  const document = {
    command: 'measure',
    ...facts,
    startedAt: facts.startedAt.toISOString(),
    accountId: facts.accountId ?? null,
    idleTimeoutSeconds: facts.idleTimeoutSeconds ?? null,
    document: facts.document ?? null,
    exitStatus,
    conclusion: { ...conclusion, untouchedSeconds: conclusion.untouchedSeconds ?? null },
    sessions: runs.map((run) => {
      const from = run.startedAt ?? 0;
      const seconds = (at: number) => Math.round((at - from) / 10) / 100;
      return {
        arm: run.arm,
        repeat: run.repeat,
        sessionId: run.sessionId || null,
        outcome: run.outcome ?? null,
        words: run.words,
        startedAt: run.startedAt === undefined ? null : new Date(run.startedAt).toISOString(),
        begunSeconds: run.settledAt === undefined ? null : seconds(run.settledAt),
        livedSeconds: Math.round(livedSeconds(run) * 100) / 100,
        silentInputSeconds: Math.round(silence(run, 'input') * 100) / 100,
        silentOutputSeconds: Math.round(silence(run, 'output') * 100) / 100,
        bytesToHost: run.bytesOut,
        bytesFromHost: run.bytesIn,
        queries: run.queries,
        answers: run.answers,
        reconnects: run.reconnects,
        leftOpen: run.leftOpen ?? null,
        inputAt: run.inputAt.map(seconds),
        outputAt: run.outputAt.map(seconds),
      };
    }),
  };
  return `${JSON.stringify(document, null, 2).replace(/\[\n\s+([-\d.,\s]+?)\n\s+\]/g, (_, list: string) => `[${list.replace(/\s+/g, ' ')}]`)}\n`;
}

/** Sessions that the service may still hold, with the way to end each; empty when there are none. */
export function renderLeftOpen(runs: readonly ArmRun[], settings: Settings): string {
  const open = runs.filter(({ leftOpen }) => leftOpen !== undefined);
  const flags = repeatConnection({ ...settings, common: { ...settings.common, isLab: false } });
  return open
    .map(
      ({ sessionId, leftOpen }) =>
        say`ssm-keepalive: session ${sessionId} may still be open\n  why:  ${leftOpen}\n  next: aws ssm terminate-session --session-id ${sessionId}${flags}\n`,
    )
    .join('');
}

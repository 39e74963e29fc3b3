/** What `doctor` prints of several accounts and Regions: the checks of each below its name, the answers once. */

import { type AccountEnd, describeAccount } from '../../accounts/account-work.ts';
import { type AccountName, labelAccount } from '../../accounts/names.ts';
import { PRODUCT_VERSION } from '../../bundle/version.ts';
import { ANSWERS, type CheckResult, ENDINGS, type Evidence, type Level } from '../../doctor/index.ts';
import type { Io } from '../../terminal/io.ts';
import { say } from '../../terminal/safe-text.ts';
import { describeWhere, GROUPED_HOSTS } from '../deliver/verdict-groups.ts';
import {
  countLevels,
  describeFindings,
  renderAnswers,
  renderCheck,
  renderFindings,
  renderTodo,
  summarize,
} from './doctor-report.ts';

/** What was seen and found in one account and Region. */
export interface Examined {
  readonly instanceId: string | undefined;
  readonly evidence: Evidence;
  readonly results: readonly CheckResult[];
}

export function renderDoctorOfEach(
  ends: readonly AccountEnd<Examined>[],
  isExplained: boolean,
  io: Io,
): string {
  const examined = ends.flatMap((end) =>
    'outcome' in end
      ? [{ name: end.account.name, label: labelAccount(end.account.name), ...end.outcome }]
      : [],
  );
  if (examined.length > GROUPED_HOSTS) return renderTogether(examined, isExplained, io);
  return [
    ...(isExplained ? renderAnswers(io) : []),
    ...examined.map(
      ({ label, results, evidence }) => say`${label}:\n` + renderFindings(results, evidence, io),
    ),
    ...examined.flatMap(({ label, results }) => {
      const lines = renderTodo(results, io);
      return lines.length > 0 ? [say`${label}:`, ...lines] : [];
    }),
    ...examined.map(({ label, results }) => summarize(results, io, label)),
    '',
  ].join('\n');
}

interface Labelled extends Examined {
  readonly name: AccountName;
}

/** Of many accounts what was found alike is one line, with how many those are; what is well everywhere comes last. */
function renderTogether(examined: readonly Labelled[], isExplained: boolean, io: Io): string {
  const groups = new Map<string, { readonly result: CheckResult; readonly names: AccountName[] }>();
  for (const { name, results } of examined) {
    for (const result of results) {
      const { check, level, next } = result;
      // What a check found has names and numbers of its own account in it where all is well.
      const key = [check, level, level === 'ok' ? '' : result.finding, next].join('\n');
      const group = groups.get(key) ?? { result, names: [] };
      groups.set(key, group);
      group.names.push(name);
    }
  }
  const ranks: readonly Level[] = ['todo', 'unknown', 'note', 'ok'];
  const sorted = [...groups.values()].sort(
    (one, other) =>
      ranks.indexOf(one.result.level) - ranks.indexOf(other.result.level) ||
      other.names.length - one.names.length,
  );
  const lines = sorted.map(({ result, names }): CheckResult => {
    const finding = result.level === 'ok' ? '' : `: ${result.finding}`;
    return { ...result, finding: `${describeWhere(names)}${finding}`, evidence: [] };
  });
  return [
    ...(isExplained ? renderAnswers(io) : []),
    ...lines.map((line) => renderCheck(line, io)),
    '',
    summarize(
      examined.flatMap(({ results }) => results),
      io,
      `${examined.length} accounts and Regions`,
    ),
    '',
  ].join('\n');
}

/** One document; keys are stable and documented in docs/json.md. */
export function renderDoctorJsonOfEach(ends: readonly AccountEnd<Examined>[], exitStatus: number): string {
  const document = {
    command: 'doctor',
    version: PRODUCT_VERSION,
    exitStatus,
    summary: countLevels(ends.flatMap((end) => ('outcome' in end ? end.outcome.results : []))),
    accounts: ends.map((end) => ({
      ...describeAccount(end),
      ...('outcome' in end ? describeFindings(end.outcome.results, end.outcome.evidence) : {}),
    })),
    answers: [...ANSWERS, ...ENDINGS],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

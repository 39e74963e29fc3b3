/** What `doctor` prints of several accounts and Regions: the checks of each below its name, the answers once. */

import { type AccountEnd, describeAccount } from '../../accounts/account-work.ts';
import { labelAccount } from '../../accounts/names.ts';
import { PRODUCT_VERSION } from '../../bundle/version.ts';
import { ANSWERS, type CheckResult, ENDINGS, type Evidence } from '../../doctor/index.ts';
import type { Io } from '../../terminal/io.ts';
import { say } from '../../terminal/safe-text.ts';
import {
  countLevels,
  describeFindings,
  renderAnswers,
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
    'outcome' in end ? [{ label: labelAccount(end.account.name), ...end.outcome }] : [],
  );
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

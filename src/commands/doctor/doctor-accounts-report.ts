/** The output of `doctor` for several accounts and Regions. */

import { type AccountEnd, describeEach, listOutcomes, nameFields } from '../../accounts/account-work.ts';
import type { AccountName } from '../../accounts/names.ts';
import type { CheckResult, Level } from '../../doctor/index.ts';
import { groupBy } from '../../groups.ts';
import type { Io } from '../../terminal/io.ts';
import { describeWhere, GROUPED_HOSTS } from '../deliver/verdict-groups.ts';
import {
  countLevels,
  describeFindings,
  type Examined,
  renderAnswers,
  renderCheck,
  renderDoctor,
  summarize,
} from './doctor-report.ts';

/** The checks of each account below its name, the answers once. */
export function renderDoctorOfEach(
  ends: readonly AccountEnd<Examined>[],
  isExplained: boolean,
  io: Io,
): string {
  const examined = listOutcomes(ends).map(({ account, outcome }) => ({ ...account, ...outcome }));
  return examined.length > GROUPED_HOSTS
    ? renderTogether(examined, isExplained, io)
    : renderDoctor(examined, isExplained, io);
}

interface Labelled extends Examined {
  readonly name: AccountName;
}

/** With many accounts, equal findings share one line with the number of accounts; what there is to do comes last. */
function renderTogether(examined: readonly Labelled[], isExplained: boolean, io: Io): string {
  const all = examined.flatMap(({ name, results }) => results.map((result) => ({ name, result })));
  // If a check is ok, its finding may have names and numbers of its own account.
  const findingOf = ({ level, finding }: CheckResult) => (level === 'ok' ? '' : `: ${finding}`);
  const groups = groupBy(all, ({ result }) =>
    [result.check, result.level, findingOf(result), result.next].join('\n'),
  );
  const ranks: readonly Level[] = ['ok', 'note', 'unknown', 'todo'];
  const rankOf = ([{ result }]: (typeof groups)[number]) => ranks.indexOf(result.level);
  groups.sort((one, other) => rankOf(one) - rankOf(other));
  const lines = groups.map((group): CheckResult => {
    const [{ result }] = group;
    const where = describeWhere(group.map(({ name }) => name));
    return { ...result, finding: `${where}${findingOf(result)}`, evidence: [] };
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

export const countAll = (ends: readonly AccountEnd<Examined>[]) =>
  countLevels(listOutcomes(ends).flatMap(({ outcome }) => outcome.results));

/** One account and Region as a line of `--output ndjson`. */
export function describeExamined({ instanceId, evidence, results }: Examined, name: AccountName): object {
  const { region = null, ...fields } = nameFields(name);
  return {
    ...fields,
    region: evidence.facts.credentials?.region ?? region,
    error: null,
    instanceId: instanceId ?? null,
    ...describeFindings(results, evidence),
  };
}

/** What the summary and the exit status need: thousands of places would fill the memory. */
export function dropDetails({ instanceId, results }: Examined): Examined {
  const bare = results.map(({ check, level }) => ({ check, level, finding: '', evidence: [], next: '' }));
  return { instanceId, evidence: { facts: {}, gaps: {}, connection: '' }, results: bare };
}

/** The facts of all accounts, for programs. */
export function describeEachFinding(ends: readonly AccountEnd<Examined>[]): object {
  return {
    summary: countAll(ends),
    accounts: describeEach(ends, ({ results, evidence }) => describeFindings(results, evidence)),
  };
}

/** The output of `doctor`: a line for each check, with evidence and advice; ended sessions; the answers. */

import { PRODUCT_VERSION } from '../../bundle/version.ts';
import {
  ANSWERS,
  type Answer,
  type CheckResult,
  ENDINGS,
  type Evidence,
  groupSessions,
  type Level,
  type SessionGroup,
} from '../../doctor/index.ts';
import type { Io } from '../../terminal/io.ts';
import { renderTable } from '../../terminal/plain-table.ts';
import { makeColors, safe } from '../../terminal/safe-text.ts';
import { wrapText } from '../../terminal/wrap.ts';

const LEVELS: readonly Level[] = ['ok', 'note', 'todo', 'unknown'];
const MARKS: Readonly<Record<Level, string>> = { ok: 'ok', note: 'note', todo: 'TO DO', unknown: '?' };
const MARK_WIDTH = 7;
/** Of the longest, `just-in-time access`, and a gap. */
const NAME_WIDTH = 21;
const DETAIL_INDENT = 8;
/** The width of the table of sessions; a narrower terminal gets sentences. */
const TABLE_COLUMNS = 76;
const MOST_GROUPS = 10;
/** A terminal of 24 lines, and its prompt below. */
const LINES_IN_SIGHT = 23;

/** The evidence and the results of one account and Region. */
export interface Examined {
  readonly instanceId: string | undefined;
  readonly evidence: Evidence;
  readonly results: readonly CheckResult[];
}

/** The checks with something to do come last, so that nobody has to scroll. `label` is empty if there is only one account. */
export function renderDoctor(
  examined: readonly (Pick<Examined, 'evidence' | 'results'> & { readonly label: string })[],
  isExplained: boolean,
  io: Io,
): string {
  return [
    ...(isExplained ? renderAnswers(io) : []),
    ...examined.map(
      ({ label, results, evidence }) => (label && safe`${label}:\n`) + renderFindings(results, evidence, io),
    ),
    ...keepInSight(isExplained, io, (hasEvidence) => [
      ...examined.flatMap(({ label, results, evidence }) => {
        const lines = renderTodo(results, io, hasEvidence);
        if (label) return lines.length > 0 ? [safe`${label}:`, ...lines] : [];
        const isAsked = results.some(({ check }) => check === 'instance');
        return isAsked ? lines : [...lines, tellStatus(evidence, io)];
      }),
      ...examined.map(({ label, results }) => summarize(results, io, label)),
    ]),
    '',
  ].join('\n');
}

/** The checks with nothing to do, then the sessions that ended at a limit. */
function renderFindings(results: readonly CheckResult[], evidence: Evidence, io: Io): string {
  return [
    ...results.filter((result) => !isTodo(result)).map((result) => renderCheck(result, io)),
    '',
    ...renderGroups(groupsOf(evidence).filter(isAtLimit), io),
  ].join('\n');
}

/** The last lines: without evidence if they would not fit in a small terminal, unless the user wants all of it. */
function keepInSight(isExplained: boolean, io: Io, render: (hasEvidence: boolean) => string[]): string[] {
  const all = render(true);
  const isShort = all.join('\n').split('\n').length <= LINES_IN_SIGHT;
  if (isExplained || isShort || io.outColumns === undefined) return all;
  return [...render(false), 'what was seen:  --explain'];
}

function renderTodo(results: readonly CheckResult[], io: Io, hasEvidence: boolean): string[] {
  return results
    .filter(isTodo)
    .map((result) => renderCheck(hasEvidence ? result : { ...result, evidence: [] }, io));
}

/** Without an INSTANCE the account alone is looked at. */
const tellStatus = ({ connection }: Evidence, io: Io): string =>
  wrapText(
    `no instance was looked at; all of them:  ssm-keepalive status --all${connection} ; one:  ssm-keepalive doctor INSTANCE${connection}`,
    io.columns,
    2,
  );

const isTodo = ({ level }: CheckResult) => level === 'todo';

/** Common suspicions; they are the same for every account. */
export function renderAnswers(io: Io): string[] {
  return [
    'Does that end a session?',
    ...ANSWERS.map((answer) => renderAnswer(answer, io)),
    '',
    'What ends one:',
    ...ENDINGS.map((answer) => renderAnswer(answer, io)),
    '',
  ];
}

export function renderCheck({ check, level, finding, evidence, next }: CheckResult, io: Io): string {
  const colors = makeColors(io.hasColor);
  const paint = { ok: colors.green, note: String, todo: colors.red, unknown: colors.yellow }[level];
  // Wrapped before colours are added: they have no width on the screen.
  const [first = '', ...more] = wrapText(
    `${MARKS[level].padEnd(MARK_WIDTH)}${check.padEnd(NAME_WIDTH - 2)}  ${finding}`,
    io.columns,
    MARK_WIDTH + NAME_WIDTH,
  ).split('\n');
  const head = `${paint(first.slice(0, MARK_WIDTH))}${first.slice(MARK_WIDTH)}`;
  const detail = (label: string, text: string) =>
    wrapText(`${' '.repeat(DETAIL_INDENT - 1)}${label} ${text}`, io.columns, DETAIL_INDENT + 5);
  return [
    head,
    ...more,
    // A check that is ok needs no evidence on the screen; --output json has it.
    ...(level === 'ok' ? [] : evidence.map((seen) => detail('seen:', seen))),
    ...(next ? [detail('next:', next)] : []),
  ].join('\n');
}

function renderAnswer({ question, answer, basis }: Answer, io: Io): string {
  return wrapText(`  ${question}${question.endsWith('?') ? '' : ':'} ${answer} [${basis}]`, io.columns, 4);
}

const isAtLimit = ({ atIdleTimeout, atMaximum }: SessionGroup) => atIdleTimeout + atMaximum > 0;

function groupsOf({ facts }: Evidence): SessionGroup[] {
  return facts.history ? groupSessions(facts.history, facts.limits) : [];
}

function renderGroups(groups: readonly SessionGroup[], io: Io): string[] {
  if (groups.length === 0) return [];
  const shown = groups.slice(0, MOST_GROUPS);
  const rest = groups.length - shown.length;
  const rows =
    io.columns >= TABLE_COLUMNS ? groupTable(shown) : shown.map((group) => groupSentence(group, io));
  return [
    'Sessions that ended, and at which limit:',
    ...rows,
    ...(rest > 0 ? [`  and ${rest} more, with --output json`] : []),
    '',
  ];
}

function groupTable(groups: readonly SessionGroup[]): string[] {
  const head = ['USER', 'INSTANCE', 'ENDED', 'IDLE', 'MAXIMUM', 'LAST'];
  const rows = groups.map((group) => [
    shorten(group.user, 22),
    shorten(group.instanceId, 20),
    String(group.sessions),
    String(group.atIdleTimeout),
    String(group.atMaximum),
    showTime(group.lastEndedAt),
  ]);
  return renderTable({ head }, rows)
    .split('\n')
    .map((line) => `  ${line}`);
}

function groupSentence(group: SessionGroup, io: Io): string {
  const { user, instanceId, sessions, atIdleTimeout, atMaximum, lastEndedAt } = group;
  return wrapText(
    `  ${user} on ${instanceId}: of ${sessions} ${atIdleTimeout} at the idle timeout, ${atMaximum} at the maximum, the last ${showTime(lastEndedAt)}`,
    io.columns,
    4,
  );
}

const showTime = (iso: string) => iso.slice(0, 16).replace('T', ' ');
const shorten = (text: string, most: number) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

export function countLevels(results: readonly CheckResult[]): Record<Level, number> {
  const of = (level: Level) => results.filter((result) => result.level === level).length;
  return Object.fromEntries(LEVELS.map((level) => [level, of(level)])) as Record<Level, number>;
}

/** The last line; `label` names the account if there are several. */
export function summarize(results: readonly CheckResult[], io: Io, label = ''): string {
  const { ok, note, todo, unknown } = countLevels(results);
  const parts = [
    todo > 0 ? `${todo} to do` : 'nothing to do',
    note > 0 ? `${note} to know` : '',
    unknown > 0 ? `${unknown} not checked` : '',
    `${ok} ok`,
  ];
  return wrapText(
    `ssm-keepalive doctor: ${label && `${label}: `}${parts.filter(Boolean).join(', ')}`,
    io.columns,
  );
}

/** The JSON document with these facts of the run; keys are stable and documented in docs/json.md. */
export function describeRun(facts: object): object {
  return { command: 'doctor', version: PRODUCT_VERSION, ...facts, answers: [...ANSWERS, ...ENDINGS] };
}

/** The findings in one account, for programs. */
export function describeFindings(results: readonly CheckResult[], evidence: Evidence): object {
  const { permissions, history } = evidence.facts;
  return {
    summary: countLevels(results),
    checks: results.map(({ check, level, finding, evidence: seen, next }) => ({
      check,
      level,
      finding,
      evidence: seen,
      next,
    })),
    permissions: permissions ?? [],
    history: history ? { since: history.since, isCut: history.isCut, groups: groupsOf(evidence) } : null,
  };
}

import type { AccountResult } from '../../accounts/account-work.ts';
import { labelAccount, narrowSettings } from '../../accounts/names.ts';
import { attribute, isGood, KEEPS_NOTHING } from '../../fleet/judge.ts';
import { groupBy } from '../../groups.ts';
import type { Settings } from '../../settings/settings.ts';
import { repeatConnection } from '../../settings/told-connection.ts';
import { safe } from '../../terminal/safe-text.ts';
import { quoteCommand } from '../../terminal/shell-word.ts';
import { nameSome } from './verdict-groups.ts';
import { countRows, type Row, type RunFacts } from './verdict-json.ts';
import { nameHost } from './verdict-report.ts';

/** So many ids stand in a told command. */
const MOST_TOLD = 8;
/** At most this many kinds of failure are printed; `--output json` has every instance. */
const MOST_KINDS = 12;

/** Failures with why and next, equal ones once; then what was not touched. Empty if all is well. */
export function renderFailures(rows: readonly Row[], facts: RunFacts): string {
  const bad = rows.filter((row) => !isGood(row));
  const lines: string[] = [];
  if (bad.length > 0) {
    const all = countRows(rows);
    const total = all === 1 ? 'this instance' : `${countRows(bad)} of ${all} instances`;
    const isLimited = bad.every(({ verdict }) => verdict === 'limited');
    lines.push(
      isLimited
        ? safe`ssm-keepalive: ${bad.every(({ class: kind }) => KEEPS_NOTHING.includes(kind)) ? 'no new session' : 'not every session'} is kept on ${total}`
        : facts.command === 'status'
          ? safe`ssm-keepalive: there is something to do for ${total}`
          : safe`ssm-keepalive: ${facts.command} did not succeed on ${total}`,
    );
    const kinds = groupBy(
      bad,
      ({ instanceId, class: kind, why, next }) => [kind, why, next.replaceAll(instanceId, '')].join('\n'),
      countRows,
    );
    for (const kind of kinds.slice(0, MOST_KINDS)) lines.push(...describeKind(kind));
    const omitted = kinds.slice(MOST_KINDS).reduce((sum, kind) => sum + countRows(kind), 0);
    if (omitted > 0)
      lines.push(`  and ${omitted} more, each for a reason of its own; all of them:  --output json`);
  }
  for (const [label, stopped] of listStops(facts))
    lines.push(safe`ssm-keepalive: ${label}the other instances were not touched, because ${stopped}`);
  if (facts.missingCount > 0) {
    lines.push(
      safe`ssm-keepalive: the service counted ${facts.missingCount} more ${facts.missingCount === 1 ? 'instance' : 'instances'} than it lists; run status to see them`,
    );
  }
  return lines.length > 0 ? lines.join('\n') + '\n' : '';
}

/** Without the list of what was installed an uninstall knows no file; a file like /etc/zsh/zprofile is the system's own. */
const explainLeft = (first: Row, files: string, ids: readonly string[], settings: Settings): string => {
  if (first.verdict !== 'unchanged')
    return safe`  why:  edited since the install, or not ours: ${files}\n  next: look at it there, and delete it if nobody needs it: status says partial until then, and an install replaces no file that it does not know`;
  const connection = repeatConnection(first.account ? narrowSettings(settings, first.account) : settings);
  const run = (command: string) => quoteCommand`ssm-keepalive ${command} --instance-id ${ids}` + connection;
  const next = first.alike
    ? 'run install for these instances, then uninstall: that removes what is ours in them'
    : `to remove what is ours in them, run  ${run('install')} ; then  ${run('uninstall')}`;
  return safe`  why:  the list of what was installed is gone there, so these were not touched: ${files}\n  next: ${next}`;
};

/** The files that an uninstall left, equal lists of an account once. */
export function describeLeft(rows: readonly Row[], settings: Settings): string {
  const left = rows.flatMap((row) =>
    row.report?.left.length ? [{ ...row, files: row.report.left.join(', ') }] : [],
  );
  const nameGroup = ({ files, verdict, account }: (typeof left)[number]) =>
    [verdict, account ? labelAccount(account) : '', files].join('\n');
  return groupBy(left, nameGroup, countRows)
    .map(
      (group) =>
        safe`ssm-keepalive: left alone on ${nameSome(group)}\n` +
        explainLeft(group[0], group[0].files, listTold(group), settings) +
        '\n',
    )
    .join('');
}

function describeKind(kind: readonly [Row, ...Row[]]): string[] {
  const [first] = kind;
  const count = countRows(kind);
  const who =
    count === 1
      ? `${nameHost(first)}: ${first.class}`
      : `${count} instances, ${first.class}: ${nameSome(kind)}`;
  return [
    safe`  ${who}`,
    safe`    why:  ${attribute(first, 'why')}`,
    safe`    next: ${attribute(first, 'next').replaceAll(first.instanceId, listTold(kind).join(' '))}`,
  ];
}

/** For a command: the ids, or where they are too many to type what stands for them. */
const listTold = (kind: readonly Row[]): string[] =>
  kind.some(({ alike }) => alike) || countRows(kind) > MOST_TOLD
    ? ['ID…']
    : kind.map(({ instanceId }) => instanceId);

function listStops({ stopped, accounts }: RunFacts): [label: string, stopped: string][] {
  if (!accounts) return stopped ? [['', stopped]] : [];
  return accounts.flatMap((account): [string, string][] =>
    account.stopped ? [[`${labelAccount(account)}: `, account.stopped]] : [],
  );
}

/** Above this number, accounts with the same failure are printed together. */
const MOST_SEPARATE = 8;
const NAMED_ACCOUNTS = 3;

/** Accounts that failed as a whole, with why and next. If there are many, equal failures are printed once. */
export function renderFailedAccounts(accounts: readonly AccountResult[]): string {
  const failed = accounts.filter(({ error }) => error !== null);
  const isMany = failed.length > MOST_SEPARATE;
  return groupBy(failed, (account) => (isMany ? describeError(account, true) : labelAccount(account)))
    .map((group) => {
      const labels = group.slice(0, NAMED_ACCOUNTS).map(labelAccount);
      const others = group.length - labels.length;
      const who =
        group.length === 1
          ? labels[0]
          : `${group.length} accounts and Regions (${labels.join(', ')}${others > 0 ? ` and ${others} more` : ''})`;
      return safe`ssm-keepalive: ${who}: ` + describeError(group[0], group.length > 1);
    })
    .join('');
}

/** `isCommon`: without the names of one account. */
function describeError({ error, account, region }: AccountResult, isCommon: boolean): string {
  if (!error) return '';
  const common = (text: string) =>
    [
      [account, 'ID'],
      [region, 'REGION'],
    ].reduce(
      (words, [own, other]) => (own && other && isCommon ? words.replaceAll(own, other) : words),
      text,
    );
  const [what, why, next] = [error.what, error.why, error.next].map(common);
  return safe`${what}\n  why:  ${why}\n  next: ${next}\n`;
}

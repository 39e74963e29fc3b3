import { wordTable } from '../word-table.ts';
import { type Invocation, normalizeStatus } from './invocation.ts';
import { describeDrifted, hasEdits, type ReportLine, readReportLine } from './report-line.ts';

/** The result on one instance. `class`, `why` and `next` are empty if nothing is wrong. */
export interface Verdict {
  readonly instanceId: string;
  readonly name: string;
  readonly verdict: string;
  readonly class: string;
  readonly why: string;
  readonly next: string;
  /** The host's own report, if it came. */
  readonly report: ReportLine | undefined;
}

export type Judgement = Pick<Verdict, 'verdict' | 'class' | 'why' | 'next'>;

const THROTTLED = failed(
  'throttled',
  'the account had too many commands under way, so this instance was not reached',
  'wait for the others to end, then run the command again: finished instances report unchanged',
);

/** An instance without Linux is skipped: a mixed fleet must not fail because of it. */
export const WRONG_PLATFORM: Judgement = {
  verdict: 'skipped',
  class: 'wrong platform',
  why: 'it does not run Linux: there are keepers for Linux shells alone',
  next: 'nothing; to give its sessions more time, raise the account’s timeout with  ssm-keepalive preferences set --idle 60',
};

/** An agent's message about a script for another platform [agent source, runpluginutil]. The status may be Success. */
const NOT_FOR_PLATFORM =
  /^(Step execution skipped due to |Plugin with name \S+ is not supported in current platform)/;

/** If the script did not report. Keys as `normalizeStatus` returns them [service model, StatusDetails]. */
/** Of a script that changes something. */
const CUT_SHORT = '; the next install or uninstall completes or undoes what was cut short';

const STATUSES = wordTable<Judgement>({
  undeliverable: failed(
    'offline',
    'the agent lost its connection, so the command was never delivered',
    'start its agent and run the command again for this instance',
  ),
  deliverytimedout: failed(
    'delivery timed out',
    'the instance did not take the command in time',
    'check that its agent is online, then run the command again; an agent that restarts drops commands for about 10 s',
  ),
  executiontimedout: failed(
    'execution timed out',
    'the script did not finish in time and was ended',
    'see what holds it on the instance (disk, network file systems), then run the command again: the next install or uninstall completes or undoes what was cut short',
  ),
  timedout: failed(
    'timed out',
    'the service gave up waiting for this instance',
    'check that its agent is online, then run the command again',
  ),
  invalidplatform: WRONG_PLATFORM,
  accessdenied: failed(
    'access denied',
    'these credentials may not send commands to this instance',
    'allow ssm:SendCommand on it, or leave it out',
  ),
  rateexceeded: THROTTLED,
  ratelimitexceeded: THROTTLED,
  cancelled: failed(
    'cancelled',
    'the command was cancelled before it ended here',
    `run the command again${CUT_SHORT}`,
  ),
  terminated: failed(
    'not sent',
    'others failed first, and --max-errors stopped the service from sending it here',
    'mend the failures above, then run the command again',
  ),
  pending: unfinished('the command has not reached it yet'),
  delayed: unfinished('the service is still trying to deliver the command'),
  inprogress: unfinished('the script is still running there'),
  cancelling: unfinished('it is being cancelled'),
});

export function failed(kind: string, why: string, next: string): Judgement {
  return { verdict: 'failed', class: kind, why, next };
}

function unfinished(why: string): Judgement {
  return {
    verdict: 'unfinished',
    class: 'not finished',
    why,
    next: 'take the command up again with --command-id',
  };
}

/** What each script may report: with another verdict it is not known what ran there. */
const VERDICTS: Readonly<Record<Script, readonly ReportLine['verdict'][]>> = {
  install: ['installed', 'updated', 'unchanged', 'limited', 'skipped', 'failed'],
  uninstall: ['removed', 'unchanged', 'skipped', 'failed'],
  status: ['status', 'skipped', 'failed'],
};

export type Script = 'install' | 'uninstall' | 'status';

function ofOtherScript({ verdict }: ReportLine, sent: Script): Judgement {
  return failed(
    'no report',
    `what ran there reported ${verdict}, which ${sent} never does`,
    'find out which script was sent; status tells what is installed there',
  );
}

/** From the instance's invocation alone: a command can be Success although an instance got nothing. */
export function judgeInvocation(invocation: Invocation, sent: Script): Verdict {
  const { instanceId, name } = invocation;
  const found = readReportLine(invocation.output);
  if (found && !VERDICTS[sent].includes(found.verdict))
    return { instanceId, name, report: undefined, ...ofOtherScript(found, sent) };
  return { instanceId, name, report: found, ...judge(invocation, found, sent) };
}

function judge(invocation: Invocation, report: ReportLine | undefined, sent: Script): Judgement {
  const status = normalizeStatus(invocation.statusDetails);
  const known = STATUSES[status];
  if (NOT_FOR_PLATFORM.test(invocation.output)) return WRONG_PLATFORM;
  if (status === 'success') return judgeSuccess(report, sent);
  // The script's own reason is better than the status.
  if (status === 'failed') return judgeFailure(invocation, report, sent);
  if (known && sent === 'status') return { ...known, next: known.next.replace(CUT_SHORT, '') };
  return (
    known ?? {
      verdict: 'unknown',
      class: 'unknown status',
      why: `the service says ${JSON.stringify(invocation.statusDetails)}, which this version does not know`,
      next: 'look the status up in the service’s documentation; run status to see the instance itself',
    }
  );
}

function judgeSuccess(report: ReportLine | undefined, sent: Script): Judgement {
  if (!report) {
    return failed(
      'no report',
      'the script ended well, but its report did not come back',
      'run status for this instance',
    );
  }
  if (report.verdict === 'failed') return judgeReport(report, sent);
  if (report.verdict === 'status') return judgeState(report);
  return { verdict: report.verdict, class: report.class, why: report.why, next: report.next };
}

/** Classes of a host on which no new session of a user is kept, whatever keeper is there. */
export const KEEPS_NOTHING: readonly string[] = ['switched off', 'closed folder', 'capped'];

/** What its root has to do first on a changed host that also keeps nothing for another reason; empty on others. */
export const firstThere = ({ state, class: kind, next }: ReportLine): string =>
  state === 'drifted' && KEEPS_NOTHING.includes(kind) ? `${SAID}${next}; then, ` : '';

/** The verdict of a status script: the state that it found. */
function judgeState(report: ReportLine): Judgement {
  const { state = 'unknown' } = report;
  // Sessions there may also go unkept for a second reason: both are told.
  const isBoth = state === 'drifted' && KEEPS_NOTHING.includes(report.class);
  const { kind, why, next } = {
    ...{ kind: report.class, why: '', next: '' },
    ...(state === 'partial' && {
      kind: report.busy ? 'at work' : report.partial || report.left.length === 0 ? 'half done' : 'files left',
      why: 'an install or uninstall was cut short between two entries; sessions meet a whole keeper or none',
      next: 'run install or uninstall again: it completes or undoes what is half done',
    }),
    ...(state === 'drifted' && {
      kind: 'drifted',
      why: `${isBoth ? `${report.why}; ` : ''}not as installed: ${describeDrifted(report)}`,
      next: `run install again to repair it${hasEdits(report) ? ' (what was edited in these files is lost)' : ''}, or uninstall (edited files stay)`,
    }),
  };
  // Another limit of a changed host, such as a missing Python, may be a result of the change.
  const said = state === 'drifted' && report.class !== '' ? { why: '', next: '' } : report;
  return {
    verdict: state,
    class: kind,
    why: said.why || why,
    next: isBoth ? firstThere(report) + next : said.next || next,
  };
}

function judgeFailure(invocation: Invocation, report: ReportLine | undefined, sent: Script): Judgement {
  if (report) return judgeReport(report, sent);
  const { exitCode = -1 } = invocation;
  const exit = exitCode < 0 ? '' : ` with exit status ${exitCode}`;
  const lastLine = invocation.output.trim().split('\n').at(-1)?.slice(0, 200);
  return failed(
    'script failed',
    `the script ended${exit} before it could report${lastLine ? `; it last said: ${lastLine}` : ''}`,
    `run status for this instance${sent === 'status' ? ' again' : CUT_SHORT}`,
  );
}

/** A reason of the script that ends with what root has to run there; the path has no sign that a shell reads. */
const WITH_COMMAND = /^([^:]+): (ch(?:mod go-w|own root:root)|setfacl -b) (\/[\w./@+-]*)(?<!\.\.\.)$/;

function judgeReport(report: ReportLine, sent: Script): Judgement {
  // A look that failed saw nothing of the sessions.
  const tell = (why: string) =>
    sent === 'status' ? `not known whether sessions are kept: ${report.why ? SAID : ''}${why}` : why;
  const [, reason, command, path] = WITH_COMMAND.exec(report.why) ?? [];
  if (reason !== undefined)
    return failed(
      'unsafe folder',
      tell(reason),
      `as root there, before you run the same again:  ${command} ${path}`,
    );
  const step = report.step ? ` (its script was at the step “${report.step}”)` : '';
  return failed(
    report.step === 'path' ? 'unsafe folder' : report.class || `script failed`,
    tell(`${report.why || 'the script reported a failure without a reason'}${step}`),
    report.next || 'mend that on the instance, then run the command again',
  );
}

/** The mark of what the instance wrote. */
export const SAID = 'the instance says: ';

/** Why or next for people. Text that the instance wrote is marked, because its `next` is not our advice. */
export function attribute(verdict: Pick<Verdict, 'why' | 'next' | 'report'>, field: 'why' | 'next'): string {
  const said = verdict.report?.[field] ?? '';
  const text = verdict[field];
  const isSaid = said !== '' && text !== '' && (text.startsWith(said) || said.startsWith(text));
  return `${isSaid ? SAID : ''}${text}`;
}

/** True if the user has nothing to do. */
export function isGood(verdict: Verdict): boolean {
  return ['installed', 'updated', 'unchanged', 'removed', 'skipped', 'absent'].includes(verdict.verdict);
}

/** True if the env entry, which needs the agent's restart, is live. */
export function isEntryLive(verdict: Verdict): boolean {
  return verdict.report?.entries['env'] === 'live';
}

/** Checks on what the instance itself says, through the script that `status` sends. */
import { formatDuration } from '../../duration.ts';
import { SERVICE_DEFAULTS } from '../../fleet/account.ts';
import { attribute, KEEPS_NOTHING, SAID } from '../../fleet/judge.ts';
import { hasEdits, isInstalled, type ReportLine } from '../../fleet/report-line.ts';
import { countSilent, listSilentStates, SILENT_STATES } from '../../fleet/silent-sessions.ts';
import { isPromptChosen, readReported, tellInstall } from '../../settings/keeper-flags.ts';
import { fittingIntervalSeconds, longestIntervalSeconds } from '../../settings/settings.ts';
import { quoteCommand } from '../../terminal/shell-word.ts';
import { type Check, countSessions, defineCheck, notChecked, note, ok, todo } from '../check.ts';

/** On a host without the relay. Logins reach the prompt keeper through `profile`; `--keeper relay` installs none. */
const tellPromptAlone = ({ entries: { profile }, settings }: ReportLine): string =>
  'the plain sh of a session is not kept' +
  (profile === 'live' && readReported(settings)?.keeper !== 'relay'
    ? '; a login in bash, zsh or fish is, while it waits at its prompt'
    : '');
/** Settings that are lost there become the defaults, with an interval that fits. */
function tellRepair(
  { settings, drifted, kinds, class: kind, next }: ReportLine,
  install: (changes?: object) => string,
  intervalSeconds: number,
): string {
  if (!readReported(settings))
    return `its settings are not known any more; with yours as flags:  ${install({ intervalSeconds })}`;
  const first = KEEPS_NOTHING.includes(kind) ? `${SAID}${next}; then  ` : '';
  return `${first}${install()}${hasEdits({ drifted, kinds }) ? '  (what was edited in these files is lost)' : ''}`;
}

const NOT_SEEN = notChecked({ why: 'the status script could not look', next: '' });
const NOT_INSTALLED = notChecked({ why: 'the keeper is not installed', next: '' });

export const keeper: Check = defineCheck({
  name: 'keeper',
  needs: ['status'],
  isOfInstance: true,
  look({ status, limits }) {
    const { instanceId, report } = status;
    const [why, next] = [attribute(status, 'why'), attribute(status, 'next')];
    const target = quoteCommand`--instance-id ${instanceId}`;
    if (!report) return notChecked({ why, next });
    // Its script refused to look, or could not: nothing is known of what is installed there.
    if (status.verdict === 'failed') return todo(why, [], next);
    if (status.verdict === 'skipped') return notChecked({ why, next });
    const install = (changes = {}) => tellInstall(instanceId, report.settings, changes);
    const { idleSeconds } = limits ?? SERVICE_DEFAULTS;
    const intervalSeconds = fittingIntervalSeconds(idleSeconds);
    if (report.state === 'absent')
      return todo(
        'not installed: sessions here end at the idle timeout',
        ['the status script found nothing of ours'],
        `${report.interpreter ? '' : 'install Python 3 on the instance first: without it few sessions are kept; then  '}${install({ intervalSeconds })}`,
      );
    if (!isInstalled(report))
      return todo(
        `${report.state}: ${why}`,
        [],
        report.busy ? next : tellRepair(report, install, intervalSeconds),
      );
    const {
      keeper: kind,
      keeperWhy,
      intervalSeconds: everySeconds = 0,
      unattendedSeconds = 0,
      capSeconds,
      kept,
    } = report;
    const seen = [
      `${isPromptChosen(report) ? 'prompt' : kind}${keeperWhy && `: ${SAID}${keeperWhy}`}`,
      `heartbeat after ${formatDuration(everySeconds)} without input, until ${formatDuration(unattendedSeconds)} without a key press`,
    ];
    if (report.class === 'switched off')
      return todo(
        'switched off on this instance by /etc/ssm-keepalive/off: new sessions start no keeper',
        [...seen, 'root made that file'],
        'ask who made it; to keep new sessions, remove /etc/ssm-keepalive/off there',
      );
    if (report.class === 'closed folder') return todo(`no session of a user is kept: ${why}`, seen, next);
    // Heartbeats that stop so early win less than one idle timeout; before the first one they win nothing.
    if (capSeconds === unattendedSeconds && unattendedSeconds < idleSeconds + everySeconds)
      return todo(
        unattendedSeconds <= everySeconds
          ? `installed, but capped at ${formatDuration(unattendedSeconds)}: no heartbeat is ever sent`
          : `capped at ${formatDuration(unattendedSeconds)}: then heartbeats stop, and the idle timeout of ${formatDuration(idleSeconds)} ends the session`,
        [
          ...seen,
          '/etc/ssm-keepalive/max-idle, which root wrote; if it has no number, or not everybody can read it, it counts as 0',
        ],
        'ask who wrote /etc/ssm-keepalive/max-idle; then write more seconds into it, or remove it: the cap is then the --max-idle of the install',
      );
    if (isPromptChosen(report))
      return note(
        tellPromptAlone(report),
        seen,
        `${report.interpreter ? '' : 'install Python 3 on the instance; '}to keep it too:  ${install({ keeper: 'auto' })}`,
      );
    if (kind === 'none')
      return todo(
        tellPromptAlone(report),
        seen,
        'install Python 3 on the instance; the next session finds it',
      );
    if (everySeconds > longestIntervalSeconds(idleSeconds))
      return todo(
        `its heartbeats every ${formatDuration(everySeconds)} come too late for an idle timeout of ${formatDuration(idleSeconds)}`,
        seen,
        install({ intervalSeconds }),
      );
    if (kept?.unseen)
      return note(
        `${kind}; not every process named ssm-keepalive there could be looked at`,
        [...seen, `not looked at: ${SAID}${kept.unseen}`],
        'look with  ssm-keepalive status ' + target,
      );
    if ((kept?.notAnswering ?? 0) > 0)
      return note(
        `${kind}; ${kept?.count === 1 ? 'the one session gets no answer from its terminal' : `${kept?.notAnswering} of ${kept?.count} sessions get no answer from their terminal`}`,
        [...seen, ...describeSilence(report)],
        'look with  ssm-keepalive status ' + target,
      );
    return ok(
      `${kind}, heartbeat after ${formatDuration(everySeconds)}; ${countSessions(kept?.count ?? 0)} kept now`,
      [...seen, 'not looked at: ~/.config/ssm-keepalive/off, with which a user switches the keeper off'],
    );
  },
});

/** A line for each state, as `status` names it. */
function describeSilence(report: ReportLine): string[] {
  const count = countSilent(report);
  return listSilentStates([count]).map((state) => {
    const shown = count.unlisted > 0 ? '' : ` (${countSessions(count[state])})`;
    return `${state}${shown}: ${SILENT_STATES[state]}`;
  });
}

/** What keeps an entry from firing; `absent` and `off` are choices, unless nothing else is live. */
export const entries: Check = defineCheck({
  name: 'entries',
  needs: ['status'],
  isOfInstance: true,
  look({ status: { instanceId, report }, limits }) {
    if (report?.verdict !== 'status') return NOT_SEEN;
    if (report.state === 'absent') return NOT_INSTALLED;
    const tell = (changes = {}) => tellInstall(instanceId, report.settings, changes);
    const { idleSeconds } = limits ?? SERVICE_DEFAULTS;
    const install = tellRepair(
      { ...report, drifted: [], class: '' },
      tell,
      fittingIntervalSeconds(idleSeconds),
    );
    const states = Object.entries(report.entries);
    const locks = report.tmuxLocks.map(
      (file) => `logins below sshd or login are not kept: ${file} starts tmux there`,
    );
    const seen = [...states.map(([name, state]) => `${name}: ${state}`), ...locks];
    const live = states.filter(([, state]) => state === 'live').map(([name]) => name);
    if (report.entries['env'] === 'pending')
      return todo(
        'the agent has not restarted since the install, so plain sessions are not kept yet',
        [...seen, ...describeRestart(report)],
        install + '  (without --no-restart), or restart the agent there',
      );
    if (report.class === 'entry left out')
      return todo(
        'env was left out: a script that Run Command left there uses ENV, which this entry sets for such scripts',
        seen,
        tell({ insistsOnEnv: true }) + '  insists; or  ssm-keepalive preferences set --shell-profile ours',
      );
    const broken = states.filter(([, state]) => state === 'broken').map(([name]) => name);
    if (broken.length > 0)
      return todo(
        `${broken.join(', ')}: a file that it leads to is gone, so it starts no keeper`,
        seen,
        install,
      );
    if (live.length === 0) return todo('none is live: no session meets the keeper', seen, install);
    if (report.entries['env'] === 'stale')
      return note(
        `env is gone from the unit: plain sessions are kept until the agent restarts, then only ${live.join(', ')}`,
        seen,
        install,
      );
    if (report.entries['env'] !== 'live')
      return note(
        `${live.join(', ')} live, env not: the plain sh of a session reads none of these`,
        seen,
        'log in with  bash -l , or  ' + tell({ entries: ['env', 'profile'] }),
      );
    return ok(
      `${live.join(', ')} live; sessions that were open before stay as they were; scripts of Run Command see the variable ENV that env sets`,
      seen,
    );
  },
});

function describeRestart({ restart, why }: ReportLine): string[] {
  return restart && restart !== 'none' ? [`restart: ${restart}${why ? ` (${why})` : ''}`] : [];
}

export const tmout: Check = defineCheck({
  name: 'TMOUT',
  needs: ['status'],
  isOfInstance: true,
  look({ status: { report } }) {
    if (report?.verdict !== 'status') return NOT_SEEN;
    const found = report.tmout.filter(({ value }) => value !== 0);
    if (found.length === 0) return ok('no shell here logs out by itself');
    const seen = found.map(
      ({ file, value, readonly }) =>
        `${value === null ? 'computed' : `${value} s`}${readonly ? ', readonly' : ''}, by ${file}`,
    );
    const next = 'if that is no policy, take it out of the file that sets it: we respect TMOUT';
    // Only the agent's environment reaches the plain sh of a session; files are read by logins.
    return found.some(({ file }) => file.startsWith('the environment of'))
      ? todo('set for every session: its shell logs out at its prompt after that time', seen, next)
      : note('a login shell here logs out at its prompt after a time', seen, next);
  },
});

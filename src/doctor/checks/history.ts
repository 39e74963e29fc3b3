/** Checks of ended sessions: those that ended at a limit, and those of just-in-time node access. */
import { quoteCommand } from '../../terminal/shell-word.ts';
import { type Check, countSessions, defineCheck, type Finding, note, ok, todo } from '../check.ts';
import { groupSessions } from '../history-groups.ts';

/** With more ids the printed command would be too long to type. */
const MOST_IDS = 5;

export const history: Check = defineCheck({
  name: 'session history',
  needs: ['history'],
  look({ history: past, limits, instance, status }): Finding {
    const groups = groupSessions(past, limits);
    const count = (read: (group: (typeof groups)[number]) => number) =>
      groups.reduce((sum, group) => sum + read(group), 0);
    const [total, idle, maximum, failed] = [
      count(({ sessions }) => sessions),
      count(({ atIdleTimeout }) => atIdleTimeout),
      count(({ atMaximum }) => atMaximum),
      count((group) => group.failed),
    ] as const;
    const seen = [
      `${past.isCut ? 'the newest ' : ''}${countSessions(total)} that began in the last ${past.since}`,
      `what ended them: idle timeout ${idle}, maximum duration ${maximum}, a failure ${failed}, not known ${total - idle - maximum - failed} (exit, somebody, a lost connection, a timeout after typing)`,
      ...(status ? [] : ['sessions from before an install count too: --since 1h leaves older ones out']),
      limits
        ? 'a session in which somebody typed ends later: its length does not say what ended it'
        : 'the idle timeout could not be read: the default of 20 min was assumed',
    ];
    if (total === 0) return ok(`no session ${instance ? 'there ' : ''}has ended in the last ${past.since}`);
    if (idle + maximum === 0) return ok('none is as long as a limit', seen);
    const parts = [
      idle > 0 ? `${idle} ended at the idle timeout` : '',
      maximum > 0 ? `${maximum} ${idle > 0 ? '' : 'ended '}at the maximum duration` : '',
    ].filter(Boolean);
    const finding =
      total === 1 ? `one session: it ${parts[0]?.slice(2)}` : `of ${total} sessions ${parts.join(', ')}`;
    const isLive = status?.report?.state === 'installed' && status.report.entries['env'] === 'live';
    if (isLive && maximum === 0 && status.report?.keeper !== 'none')
      return note(
        `${finding}; the keeper is live now`,
        seen,
        'if one of them is newer than the install, see for yourself:  ' +
          quoteCommand`ssm-keepalive measure ${status.instanceId} --arm nothing,keeper`,
      );
    // Then the checks of the instance and of the keeper say what to do there.
    const isTold = status !== undefined || instance?.isOnline === false;
    if (isTold && maximum === 0) return note(finding, seen);
    const ids = [
      ...new Set(groups.filter(({ atIdleTimeout }) => atIdleTimeout > 0).map(({ instanceId }) => instanceId)),
    ];
    const cures = [
      isTold
        ? ''
        : ids.length > MOST_IDS
          ? `see whether these ${ids.length} instances have a keeper:  ` + 'ssm-keepalive status --all'
          : ids.length > 0
            ? quoteCommand`see whether a keeper is there:  ssm-keepalive status --instance-id ${ids}`
            : '',
      maximum === 0
        ? ''
        : limits?.maximumSeconds
          ? 'ssm-keepalive preferences set --max none  (or longer)'
          : 'raise maxSessionDuration in the document of those sessions',
    ];
    return todo(finding, seen, cures.filter(Boolean).join('; '));
  },
});

export const justInTime: Check = defineCheck({
  name: 'just-in-time access',
  needs: ['history'],
  look({ history: { sessions, since } }): Finding {
    const approved = sessions.filter(({ isJustInTime }) => isJustInTime);
    if (approved.length === 0) return ok(`no session of the last ${since} was opened by it`);
    const unlimited = approved.filter(({ maximumSeconds }) => maximumSeconds === undefined);
    const seen = [
      'the service does not end such a session when its approval ends, and a kept session does not idle out',
      `documents: ${[...new Set(approved.map(({ documentName }) => documentName))].join(', ')}`,
    ];
    const finding = `it opened ${countSessions(approved.length)} in the last ${since}`;
    if (unlimited.length === 0) return note(`${finding}; each had a maximum duration`, seen);
    return todo(
      `${finding}, ${unlimited.length} of them without a maximum duration: a kept one outlives its approval`,
      seen,
      'set maxSessionDuration in the document of those sessions (console: Settings, Just-in-time node access, Session preferences)',
    );
  },
});

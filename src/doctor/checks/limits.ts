/** Checks on what the account's session document says: idle timeout and maximum duration. */
import { formatDuration } from '../../duration.ts';
import { DEFAULT_IDLE_TIMEOUT_SECONDS } from '../../fleet/account.ts';
import { quoteCommand } from '../../terminal/shell-word.ts';
import { type Check, defineCheck, note, ok, todo } from '../check.ts';

const DOCUMENT = 'SSM-SessionManagerRunShell';
const DEFAULT_MINUTES = DEFAULT_IDLE_TIMEOUT_SECONDS / 60;

export const idleTimeout: Check = defineCheck({
  name: 'idle timeout',
  needs: ['limits'],
  look({ limits: { exists, idleSeconds, idleMinutes, idleText } }) {
    const raise = 'it can be raised to 60:  ssm-keepalive preferences set --idle 60';
    const isService = idleSeconds === DEFAULT_IDLE_TIMEOUT_SECONDS;
    const origin = isService ? 'the service’s default' : 'the lab was started with it';
    const finding = `${formatDuration(idleSeconds)} without input ends a session`;
    if (!exists) return ok(`${finding}: ${origin}`, [`there is no document ${DOCUMENT}`]);
    if (idleText !== '')
      return todo(
        `the document names ${JSON.stringify(idleText)}, which is no idle timeout`,
        [`idleSessionTimeout of ${DOCUMENT}; the service takes 1 to 60`],
        quoteCommand`ssm-keepalive preferences set --idle ${DEFAULT_MINUTES}`,
      );
    if (idleMinutes === undefined) return ok(`${finding}: ${origin}`, [`${DOCUMENT} names none`]);
    const seen = [`idleSessionTimeout of ${DOCUMENT}: ${idleMinutes}`];
    if (idleMinutes < DEFAULT_MINUTES)
      return note(
        `${finding}, less than the default ${DEFAULT_MINUTES}m: somebody chose that`,
        [...seen, 'install asks for --override-idle-policy then'],
        `ask whether it is a policy; ${raise}`,
      );
    return ok(finding, seen);
  },
});

export const maximumDuration: Check = defineCheck({
  name: 'maximum duration',
  needs: ['limits'],
  look({ limits: { exists, maximumSeconds, maximumMinutes, idleSeconds } }) {
    if (maximumSeconds === undefined)
      return ok('none is set: no session ends because of its length', [
        exists ? `${DOCUMENT} has no maxSessionDuration` : `there is no document ${DOCUMENT}`,
      ]);
    const shown = formatDuration(maximumSeconds);
    const seen = [
      maximumMinutes === undefined
        ? 'the lab was started with it'
        : `maxSessionDuration of ${DOCUMENT}: ${maximumMinutes}`,
      'no keeper can outlive it',
    ];
    if (maximumSeconds <= idleSeconds)
      return todo(
        `every session ends after ${shown}, before the idle timeout of ${formatDuration(idleSeconds)}`,
        seen,
        'ssm-keepalive preferences set --max 12h',
      );
    return note(
      `every session ends after ${shown}, whatever happens in it`,
      seen,
      'what has to last longer belongs in tmux (install --wrap tmux); longer:  ssm-keepalive preferences set --max none',
    );
  },
});

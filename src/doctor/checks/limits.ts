/** Checks on what the account's session document says: idle timeout and maximum duration. */
import { formatDuration } from '../../duration.ts';
import { DEFAULT_IDLE_TIMEOUT_SECONDS } from '../../settings/settings.ts';
import { quoteCommand } from '../../terminal/shell-word.ts';
import { type Check, defineCheck, note, ok, todo } from '../check.ts';

const DOCUMENT = 'SSM-SessionManagerRunShell';
const DEFAULT_MINUTES = DEFAULT_IDLE_TIMEOUT_SECONDS / 60;

export const idleTimeout: Check = defineCheck({
  name: 'idle timeout',
  needs: ['limits'],
  look({ limits: { exists, idleMinutes, idleText } }, connection) {
    const raise = 'it can be raised to 60:  ssm-keepalive preferences set --idle 60' + connection;
    if (!exists)
      return ok(`${DEFAULT_MINUTES} min without input ends a session: the service’s default`, [
        `there is no document ${DOCUMENT}`,
      ]);
    if (idleText !== '')
      return todo(
        `the document names ${JSON.stringify(idleText)}, which is no idle timeout`,
        [`idleSessionTimeout of ${DOCUMENT}; the service takes 1 to 60`],
        quoteCommand`ssm-keepalive preferences set --idle ${DEFAULT_MINUTES}` + connection,
      );
    if (idleMinutes === undefined)
      return ok(`${DEFAULT_MINUTES} min without input ends a session: the service’s default`, [
        `${DOCUMENT} names none`,
      ]);
    const seen = [`idleSessionTimeout of ${DOCUMENT}: ${idleMinutes}`];
    const finding = `${idleMinutes} min without input ends a session`;
    if (idleMinutes < DEFAULT_MINUTES)
      return note(
        `${finding}, less than the default ${DEFAULT_MINUTES}: somebody chose that`,
        [...seen, 'install asks for --override-idle-policy then'],
        `ask whether it is a policy; ${raise}`,
      );
    return ok(finding, seen);
  },
});

export const maximumDuration: Check = defineCheck({
  name: 'maximum duration',
  needs: ['limits'],
  look({ limits: { exists, maximumMinutes, idleMinutes = DEFAULT_MINUTES } }, connection) {
    if (maximumMinutes === undefined)
      return ok('none: however long a session lives, that ends none of them', [
        exists ? `${DOCUMENT} has no maxSessionDuration` : `there is no document ${DOCUMENT}`,
      ]);
    const shown = formatDuration(maximumMinutes * 60);
    const seen = [`maxSessionDuration of ${DOCUMENT}: ${maximumMinutes}`, 'no keeper can outlive it'];
    if (maximumMinutes <= idleMinutes)
      return todo(
        `every session ends after ${shown}, before the idle timeout of ${idleMinutes} min`,
        seen,
        'ssm-keepalive preferences set --max 12h' + connection,
      );
    return note(
      `every session ends after ${shown}, whatever happens in it`,
      seen,
      'what has to last longer belongs in tmux (install --wrap tmux); longer:  ssm-keepalive preferences set --max none' +
        connection,
    );
  },
});

/** Checks of the caller: the credentials, their permissions, and whether they last as long as a session. */

import { quoteCommand } from '../../terminal/shell-word.ts';
import { isAtLeast } from '../../version-order.ts';
import { type Check, defineCheck, notChecked, note, ok, todo } from '../check.ts';
import { RENEWS_SSO } from './client.ts';

export const credentials: Check = defineCheck({
  name: 'credentials',
  needs: ['credentials'],
  look({ credentials: { accessKeyId, source, isTemporary, expiresAt, region, now } }) {
    const seen = [`access key …${accessKeyId.slice(-4)}, from ${source}; Region ${region}`];
    if (expiresAt && expiresAt <= now)
      return todo('they have ended', [...seen, `ended ${expiresAt.toISOString()}`], 'sign in again');
    return ok(`${isTemporary ? 'temporary' : 'permanent'}, from ${source}; the service takes them`, seen);
  },
  // Without credentials nothing works, so a missing fact is the finding itself.
  explainGap: ({ why, next }) => todo(why, [], next),
});

export const permissions: Check = defineCheck({
  name: 'permissions',
  needs: ['permissions'],
  look({ permissions: all, status }) {
    // A command that was sent proves the permission to send.
    const wasSent = status?.report !== undefined;
    const states = all.map((one) =>
      one.action === 'ssm:SendCommand' && wasSent ? { ...one, state: 'allowed' as const } : one,
    );
    const refused = states.filter(({ state }) => state === 'refused');
    const allowed = states.filter(({ state }) => state === 'allowed');
    const open = states.filter(({ state }) => state === 'not checked').map(({ action }) => action);
    const unchecked = `not checked, since trying is doing: ${open.join(' ')}`;
    if (refused.length === 0) return ok(`all ${allowed.length} that were tried are allowed`, [unchecked]);
    return todo(
      `${refused.length} of ${refused.length + allowed.length} that were tried are refused`,
      [...refused.map(({ action, commands }) => `${action}, which ${joinWords(commands)} need`), unchecked],
      `ask for  ${refused.map(({ action }) => action).join(' ')} ; a policy:  ` +
        quoteCommand`ssm-keepalive policy ${refused[0]?.commands[0] ?? ''}`,
    );
  },
});

/** The service closes every session's connection about once an hour; its client has to call ResumeSession then [session-manager-plugin#135]. */
const RECYCLE_MINUTES = 60;
/** The guide and the reports do not agree. */
const TOLD = [
  'documented: once a session is established, the role’s session duration does not affect it',
  'reported: with credentials that have ended, the session is lost then (session-manager-plugin#135, #136)',
];
const RECYCLE = `about every ${RECYCLE_MINUTES} min the service closes a session’s connection, and the client has to call ResumeSession`;

export const recycle: Check = defineCheck({
  name: 'hourly recycle',
  needs: ['credentials'],
  look({ credentials, machine }) {
    const { isTemporary, expiresAt, isRenewed, isHardForPlugin, isSso, isFlagRole, source, now } =
      credentials;
    if (isFlagRole)
      return ok('no session is opened with the role of --role: ask with the credentials that do');
    const renewsSso = isSso && isAtLeast(machine?.plugin?.version ?? '', RENEWS_SSO);
    if (!isTemporary)
      return ok('the credentials do not end, so a session can be resumed every hour', [RECYCLE]);
    if (isRenewed && isHardForPlugin && !renewsSso)
      return note(
        `credentials from ${source}: the official plugin has been seen to fail to renew them`,
        [RECYCLE, 'session-manager-plugin#117', ...(isSso ? [`SSO: renewed from ${RENEWS_SSO}`] : [])],
        'if sessions break after an hour, use  ssm-keepalive connect --client own , which renews them itself',
      );
    if (isRenewed) return ok(`${source} gives new credentials when a session is resumed`, [RECYCLE]);
    if (!expiresAt)
      return note(
        `temporary credentials from ${source}, which do not say when they end`,
        [RECYCLE, ...TOLD],
        'if sessions break after an hour, sign in for longer, or name a profile that renews its credentials',
      );
    const minutes = Math.max(0, Math.floor((expiresAt.getTime() - now.getTime()) / 60_000));
    const seen = [
      RECYCLE,
      `credentials from ${source} end at ${expiresAt.toISOString()}; nothing renews them`,
      ...TOLD,
    ];
    if (minutes >= RECYCLE_MINUTES)
      return note(`a session cannot be resumed after ${describeMinutes(minutes)} from now`, seen);
    return todo(
      `the credentials end in ${describeMinutes(minutes)}, before a session’s first recycle: it is lost then`,
      seen,
      'sign in for longer (--duration-seconds, the role’s maximum session duration), or name a profile that renews its credentials instead of exporting them',
    );
  },
  explainGap: () => notChecked({ why: 'see credentials', next: '' }),
});

function describeMinutes(minutes: number): string {
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h`;
}

function joinWords(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

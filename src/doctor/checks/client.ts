/** Checks of this machine: the official plugin and proxies. */
import { isInstalled } from '../../fleet/report-line.ts';
import { isAtLeast } from '../../version-order.ts';
import { type Check, defineCheck, type Facts, note, ok, todo } from '../check.ts';
import type { MachineFacts } from '../machine.ts';

/** From this version on the plugin renews SSO credentials. */
export const RENEWS_SSO = '1.2.814.0';

/** The user guide names it as the oldest supported one. */
const OLDEST_PLUGIN = '1.2.764.0';
/** What later ones changed for sessions [release notes; session-manager-plugin#109 for SSO]. */
const CHANGES: readonly {
  readonly since: string;
  readonly what: string;
  readonly isWanted?: (facts: Partial<Facts>) => boolean;
}[] = [
  {
    since: '1.2.792.0',
    what: 'keys of international keyboards on Windows',
    isWanted: ({ machine }) => machine?.platform === 'win32',
  },
  {
    since: RENEWS_SSO,
    what: 'renewed SSO credentials at the hourly recycle',
    isWanted: ({ credentials }) => credentials?.isSso === true,
  },
  { since: '1.2.835.0', what: '~. to leave a session that hangs' },
];
/** Withdrawn on the day of its release. */
const WITHDRAWN: readonly string[] = ['1.2.889.0'];
const INSTALL = 'install it (AWS user guide, “Install the Session Manager plugin”)';

export const plugin: Check = defineCheck({
  name: 'plugin',
  needs: ['machine'],
  look(facts) {
    const { machine, limits } = facts;
    const { plugin: found } = machine;
    if (!found) {
      const seen = ['no folder of PATH has a session-manager-plugin'];
      if (limits?.hasKmsKey)
        return todo('missing, and the account’s sessions are encrypted with a KMS key', seen, INSTALL);
      return note(
        'missing: the AWS CLI opens no session without it; connect uses its own client',
        seen,
        INSTALL,
      );
    }
    const { path, version } = found;
    if (version === '')
      return todo('it does not start, so no session of the AWS CLI does', [path], `reinstall it: ${INSTALL}`);
    if (!isAtLeast(version, OLDEST_PLUGIN))
      return todo(
        `${version} is older than ${OLDEST_PLUGIN}, the oldest that the service supports`,
        [path],
        'update it',
      );
    if (WITHDRAWN.includes(version))
      return todo(`${version} was withdrawn on the day of its release`, [path], 'install another version');
    const lacking = CHANGES.filter(({ since }) => !isAtLeast(version, since));
    const seen = [path, ...lacking.map(({ since, what }) => `${what}: from ${since}`)];
    const wanted = lacking.filter(({ isWanted }) => isWanted?.(facts));
    if (wanted.length === 0) return ok(version, seen);
    return todo(
      `${version} lacks what is needed here: ${wanted.map(({ what }) => what).join(', ')}`,
      seen,
      'update it',
    );
  },
});

/** Proxies that close quiet connections have been seen to do so after 60 s; the plugin's own pings come every 5 min [session-manager-plugin#15, #109]. */
const PROXY_SECONDS = 60;

export const proxy: Check = defineCheck({
  name: 'proxy',
  needs: ['machine'],
  look({ machine, status }) {
    const { proxies, isExempt, sessionHost } = machine;
    const https = proxies.find(({ name }) => name === 'HTTPS_PROXY');
    const seen = describeProxies(machine);
    if (!https)
      return proxies.length === 0
        ? ok('none is set here')
        : ok('none for sessions: they are https, and only HTTPS_PROXY counts for that', seen);
    if (isExempt) return ok(`NO_PROXY takes ${sessionHost} out`, seen);
    const interval = isInstalled(status?.report) ? status?.report?.intervalSeconds : undefined;
    const finding = `sessions of the AWS CLI go through ${https.url}`;
    const why = `the plugin pings every 5 min; many proxies close what is quiet for ${PROXY_SECONDS} s`;
    if (interval !== undefined && interval < PROXY_SECONDS)
      return ok(`${finding}; heartbeats every ${interval} s keep it open`, [...seen, why]);
    if (interval !== undefined)
      return todo(
        `${finding}, and heartbeats come every ${interval} s only`,
        [...seen, why],
        `install with --interval 45, or add ${sessionHost} to NO_PROXY`,
      );
    return note(
      `${finding}, which may cut them after a minute of quiet`,
      [...seen, why],
      `a keeper’s heartbeats (every 45 s) keep it open; or add ${sessionHost} to NO_PROXY`,
    );
  },
});

function describeProxies({ proxies, noProxy }: MachineFacts): string[] {
  const all = proxies.map(({ name, url }) => `${name}=${url}`);
  return [...all, ...(noProxy ? [`NO_PROXY=${noProxy}`] : []), 'ssm-keepalive itself uses no proxy'];
}

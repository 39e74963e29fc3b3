/** Checks of this machine: the official plugin and proxies. */
import { isInstalled } from '../../fleet/report-line.ts';
import { type Check, defineCheck, note, ok, todo } from '../check.ts';
import type { MachineFacts } from '../machine.ts';
import { isAtLeast } from '../version.ts';

/** The user guide names it as the oldest supported one. */
const OLDEST_PLUGIN = '1.2.764.0';
const INSTALL = 'install it (AWS user guide, “Install the Session Manager plugin”)';

export const plugin: Check = defineCheck({
  name: 'plugin',
  needs: ['machine'],
  look({ machine: { plugin: found }, limits }) {
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
    return ok(version, [path]);
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

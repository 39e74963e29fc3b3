/** The facts of this machine: the official plugin with its version, and proxies. Reads PATH and variables. */
import { hidePassword } from '../exposed-address.ts';
import { findPlugin, readPluginVersion } from '../session/plugin.ts';

export interface MachineFacts {
  readonly platform: NodeJS.Platform;
  /** Undefined: PATH has none. An empty version: it printed none. */
  readonly plugin: { readonly path: string; readonly version: string } | undefined;
  /** The host to which the official plugin opens its WebSocket. */
  readonly sessionHost: string;
  readonly proxies: readonly ProxyVariable[];
  readonly noProxy: string;
  /** NO_PROXY excludes `sessionHost`. */
  readonly isExempt: boolean;
}

export interface ProxyVariable {
  readonly name: string;
  /** Without user and password. */
  readonly url: string;
}

const PROXY_VARIABLES = ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY'];

export function lookAtMachine(region: string, variables: NodeJS.ProcessEnv): MachineFacts {
  const path = findPlugin(variables);
  const sessionHost = `ssmmessages.${region}.${region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'}`;
  // Upper and lower case count; upper case wins, as in Go, the plugin's language.
  const read = (name: string) => variables[name] || variables[name.toLowerCase()] || '';
  const noProxy = read('NO_PROXY');
  return {
    platform: process.platform,
    plugin: path === undefined ? undefined : { path, version: readPluginVersion(path, variables) },
    sessionHost,
    proxies: PROXY_VARIABLES.flatMap((name) => (read(name) ? [{ name, url: hidePassword(read(name)) }] : [])),
    noProxy,
    isExempt: noProxy.split(/[\s,]+/).some((entry) => covers(entry.toLowerCase(), sessionHost)),
  };
}

/** Whether one word of NO_PROXY (`*`, or a domain, maybe with a port) covers the host [Go, httpproxy]. */
function covers(entry: string, host: string): boolean {
  if (entry === '*') return true;
  const [domain = '', port = '443'] = entry.replace(/^\*?\./, '').split(':');
  return domain !== '' && port === '443' && (host === domain || host.endsWith(`.${domain}`));
}

/** What this machine brings to a session: the official plugin, and a proxy in between. Looks at PATH and variables, and asks the plugin its version. */
import { findPlugin, readPluginVersion } from '../session/plugin.ts';

export interface MachineFacts {
  /** Undefined: PATH has none. An empty version: it could not say one. */
  readonly plugin: { readonly path: string; readonly version: string } | undefined;
  /** Where the official plugin opens its WebSocket. */
  readonly sessionHost: string;
  readonly proxies: readonly ProxyVariable[];
  readonly noProxy: string;
  /** NO_PROXY takes `sessionHost` out. */
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
  // Both ways of writing are read; upper case wins, as in Go, which the plugin is written in.
  const read = (name: string) => variables[name] || variables[name.toLowerCase()] || '';
  const noProxy = read('NO_PROXY');
  return {
    plugin: path === undefined ? undefined : { path, version: readPluginVersion(path, variables) },
    sessionHost,
    proxies: PROXY_VARIABLES.flatMap((name) =>
      read(name) ? [{ name, url: read(name).replace(/\/\/[^/@]*@/, '//…@') }] : [],
    ),
    noProxy,
    isExempt: noProxy.split(/[\s,]+/).some((entry) => covers(entry.toLowerCase(), sessionHost)),
  };
}

/** One word of NO_PROXY: `*`, or a domain, which takes in what lies below it; a port is the one of https [Go, httpproxy]. */
function covers(entry: string, host: string): boolean {
  if (entry === '*') return true;
  const [domain = '', port = '443'] = entry.replace(/^\*?\./, '').split(':');
  return domain !== '' && port === '443' && (host === domain || host.endsWith(`.${domain}`));
}

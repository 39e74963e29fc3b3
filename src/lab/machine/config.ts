/** What the processes of one host are told by the lab, in a file that only the lab writes. */
export interface HostConfig {
  readonly instanceId: string;
  readonly hostname: string;
  readonly region: string;
  /** The agent's unit: package or snap. */
  readonly unit: string;
  /** '' inside a sandbox; the tree's path where there is none. */
  readonly root: string;
  /** The account a session's shell runs as; uid 0 where user namespaces map only one user. */
  readonly user: { readonly name: string; readonly uid: number; readonly gid: number; readonly home: string };
  readonly nodePath: string;
  readonly programPath: string;
  readonly labSocket: string;
  /** Where systemctl and systemd-run ask the manager. */
  readonly callsPath: string;
  /** One file per fault to come; its content is how often. */
  readonly faultsPath: string;
}

/** Where systemd looks for a program, and the PATH it gives a service. */
export const SERVICE_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What a test can make fail once (or N times) in a host. */
const HOST_FAULTS = ['restart', 'agent-return', 'agent-exit', 'daemon-reload', 'systemd-run'] as const;
export type HostFault = (typeof HOST_FAULTS)[number];

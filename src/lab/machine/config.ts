/** The lab writes this file for the processes of one host. */
export interface HostConfig {
  readonly instanceId: string;
  readonly region: string;
  readonly unit: string;
  /** Empty in a sandbox, else the tree's path. */
  readonly root: string;
  /** Runs a session's shell; uid 0 if user namespaces map only one user. */
  readonly user: {
    readonly uid: number;
    readonly gid: number;
    readonly groups: readonly number[];
    readonly home: string;
  };
  readonly nodePath: string;
  /** The folder of machine.js and of the scripts that stand for other processes. */
  readonly program: string;
  readonly labSocket: string;
  /** systemctl and systemd-run ask the manager here. */
  readonly callsPath: string;
  /** Multiplies the times of a real agent. */
  readonly agentScale: number;
  /** One file for each fault; its content is how often. */
  readonly faultsPath: string;
}

/** systemd's search path, and a service's PATH. */
export const SERVICE_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export type HostFault = 'restart' | 'agent-return' | 'agent-exit' | 'daemon-reload' | 'systemd-run';

/** What a worker has from its agent. */
export interface Surroundings {
  readonly env: Record<string, string>;
  readonly cwd: string;
}

import type { EntryName } from './inputs.ts';

/** Where a bundle may live on an instance; the first whose every path component is root's alone. Older Debian has /usr/local as root:staff. */
export const PLACES = [
  { name: 'local', parent: '/usr/local/lib', library: '/usr/local/lib/ssm-keepalive' },
  { name: 'opt', parent: '/opt', library: '/opt/ssm-keepalive' },
] as const;
export type Place = (typeof PLACES)[number];

/** The agent's units: the package's and the snap's of Ubuntu images. */
export const AGENT_UNITS = [
  'amazon-ssm-agent.service',
  'snap.amazon-ssm-agent.amazon-ssm-agent.service',
] as const;

/** Sorted first: the inner shell then reads every other profile script once, and what they print appears once. */
export const PROFILE_STUB = '/etc/profile.d/00-ssm-keepalive.sh';

/** `zz-`: systemd lets the last drop-in win, and ours chains to the ENV it replaces. */
export const dropInPath = (unit: string) => `/etc/systemd/system/${unit}.d/zz-ssm-keepalive.conf`;

/** First in its folder: sshd takes the first value it meets. */
export const SSH_DROP_IN = '/etc/ssh/sshd_config.d/00-ssm-keepalive.conf';

/** A file outside the version directory: a constant stub, or one entry's hook. */
export interface StubFile {
  readonly place: Place;
  /** `stub` is the one all entries go through. */
  readonly entry: EntryName | 'stub' | 'ssh';
  readonly path: string;
  readonly template: string;
  readonly dialect: 'sh' | 'systemd';
}

/** Every stub for one place, in the order in which they are put in place. */
export function stubFiles(place: Place, entries: readonly EntryName[], hasSsh: boolean): StubFile[] {
  const stubs: StubFile[] = [
    { place, entry: 'stub', path: `${place.library}/entry.sh`, template: 'stub-env.sh.ejs', dialect: 'sh' },
    { place, entry: 'profile', path: PROFILE_STUB, template: 'stub-profile.sh.ejs', dialect: 'sh' },
    ...AGENT_UNITS.map(
      (unit): StubFile => ({
        place,
        entry: 'env',
        path: dropInPath(unit),
        template: 'drop-in.conf.ejs',
        dialect: 'systemd',
      }),
    ),
    // Last: what can fail in it takes nothing else along.
    { place, entry: 'ssh', path: SSH_DROP_IN, template: 'sshd.conf.ejs', dialect: 'sh' },
  ];
  return stubs.filter(
    ({ entry }) => entry === 'stub' || (entry === 'ssh' ? hasSsh : entries.includes(entry)),
  );
}

/**
 * What the account's session document types into a session to start the keeper where it is installed, and to do nothing where
 * it is not. The stub takes its place in ENV as the proof that it was meant.
 */
export const SHELL_PROFILE = `for ENV in ${PLACES.map(({ library }) => `${library}/entry.sh`).join(' ')}; do [ -r "$ENV" ] && . "$ENV" && break; done; unset ENV`;

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

/** The same for fish, which reads no sh. */
export const FISH_STUB = '/etc/fish/conf.d/00-ssm-keepalive.fish';

/**
 * Startup files of others that get a marked block, where they exist. Debian and SUSE name bash's bash.bashrc, Red Hat and
 * Amazon Linux bashrc; Debian has zsh's in a folder, the others have not. SUSE keeps the administrator's part in a file of
 * its own, which new releases have alone.
 */
export const BLOCKS: readonly { readonly entry: EntryName; readonly path: string }[] = [
  { entry: 'profile', path: '/etc/zsh/zprofile' },
  { entry: 'profile', path: '/etc/zprofile' },
  { entry: 'rc', path: '/etc/bash.bashrc' },
  { entry: 'rc', path: '/etc/bashrc' },
  { entry: 'rc', path: '/etc/bash.bashrc.local' },
  { entry: 'rc', path: '/etc/zsh/zshrc' },
  { entry: 'rc', path: '/etc/zshrc' },
];

/** `zz-`: systemd lets the last drop-in win, and ours chains to the ENV it replaces. */
export const dropInPath = (unit: string) => `/etc/systemd/system/${unit}.d/zz-ssm-keepalive.conf`;

/** First in its folder: sshd takes the first value it meets. */
export const SSH_DROP_IN = '/etc/ssh/sshd_config.d/00-ssm-keepalive.conf';

/** A file outside the version directory: a constant stub, or one entry's hook; or a block in a file that is not ours. */
export interface StubFile {
  readonly kind: 'file' | 'block';
  readonly place: Place;
  /** `stub` is the one all entries go through. */
  readonly entry: EntryName | 'stub' | 'ssh';
  readonly path: string;
  readonly template: string;
  readonly dialect: 'sh' | 'fish' | 'systemd';
}

/** Every stub for one place, in the order in which they are put in place. */
export function stubFiles(place: Place, entries: readonly EntryName[], hasSsh: boolean): StubFile[] {
  const stubs: StubFile[] = [
    sh(place, 'stub', `${place.library}/entry.sh`, 'entry/stub-env.sh.ejs'),
    sh(place, 'stub', `${place.library}/rc.sh`, 'entry/stub-rc.sh.ejs'),
    sh(place, 'profile', PROFILE_STUB, 'entry/stub-profile.sh.ejs'),
    { ...sh(place, 'profile', FISH_STUB, 'entry/stub-fish.fish.ejs'), dialect: 'fish' },
    ...BLOCKS.map(({ entry, path }) => ({
      ...sh(place, entry, path, 'entry/block.sh.ejs'),
      kind: 'block' as const,
    })),
    ...AGENT_UNITS.map((unit) => ({
      ...sh(place, 'env', dropInPath(unit), 'entry/drop-in.conf.ejs'),
      dialect: 'systemd' as const,
    })),
    // Last: what can fail in it takes nothing else along.
    sh(place, 'ssh', SSH_DROP_IN, 'host/sshd.conf.ejs'),
  ];
  return stubs.filter(
    ({ entry }) => entry === 'stub' || (entry === 'ssh' ? hasSsh : entries.includes(entry)),
  );
}

const sh = (place: Place, entry: StubFile['entry'], path: string, template: string): StubFile => ({
  kind: 'file',
  place,
  entry,
  path,
  template,
  dialect: 'sh',
});

/**
 * What the account's session document types into a session to start the keeper where it is installed, and to do nothing where
 * it is not. The stub takes its place in ENV as the proof that it was meant. Root asks first whether others may change it: on a
 * host where it is not installed, anybody may have made one of these places.
 */
export const SHELL_PROFILE_START = `for ENV in ${PLACES.map(({ library }) => `${library}/entry.sh`).join(' ')}`;
export const SHELL_PROFILE = `${SHELL_PROFILE_START}; do [ -r "$ENV" ] && { [ ! -O /usr/bin ] || [ "$(/usr/bin/find -L / /usr "\${ENV%/*/*/*}/" "\${ENV%/*/*}" "\${ENV%/*}" "$ENV" -maxdepth 0 \\( ! -user 0 -o -perm /22 \\) 2>&1 && echo .)" = . ]; } && . "$ENV" && break; done; unset ENV`;

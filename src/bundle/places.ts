import type { EntryName } from './inputs.ts';

/** Places of a bundle on an instance. The first that belongs to root alone counts; older Debian has /usr/local as root:staff. */
export const PLACES = [
  { name: 'local', parent: '/usr/local/lib', library: '/usr/local/lib/ssm-keepalive' },
  { name: 'opt', parent: '/opt', library: '/opt/ssm-keepalive' },
] as const;
export type Place = (typeof PLACES)[number];

/** The agent's units: of the package, and of the snap on Ubuntu images. */
export const AGENT_UNITS = [
  'amazon-ssm-agent.service',
  'snap.amazon-ssm-agent.amazon-ssm-agent.service',
] as const;

/** `00-` sorts first, so that the inner shell reads every other profile script, and each prints once. */
export const PROFILE_STUB = '/etc/profile.d/00-ssm-keepalive.sh';

/** The same for fish, which reads no sh. */
export const FISH_STUB = '/etc/fish/conf.d/00-ssm-keepalive.fish';

/**
 * Existing startup files that get a marked block. Bash's file is bash.bashrc on Debian and SUSE, bashrc on Red Hat and
 * Amazon Linux. Zsh's file is in a folder on Debian only. SUSE has a separate file for the administrator; new releases
 * have only that one.
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

/**
 * Two regular expressions for grep -E: a startup file with a match for both may start a tmux that locks, but only where the
 * shell's parent has the name sshd or login (RHEL 8 STIG, RHEL-08-020041; RHEL 9, V-258064). Comments do not count.
 */
const words = (...each: string[]) => `^[[:space:]]*([^#[:space:]].*)?\\<(${each.join('|')})\\>`;
export const LOCKING_TMUX = { tmux: words('tmux'), parents: words('sshd', 'login') } as const;

/** `zz-` sorts last: in systemd the last drop-in wins. Our entry restores the ENV that it replaced. */
export const dropInPath = (unit: string) => `/etc/systemd/system/${unit}.d/zz-ssm-keepalive.conf`;

/** First in its folder: sshd takes the first value it meets. */
export const SSH_DROP_IN = '/etc/ssh/sshd_config.d/00-ssm-keepalive.conf';

/** A file outside the version directory: a constant stub, or one entry's hook; or a block in a file that is not ours. */
export interface StubFile {
  readonly kind: 'file' | 'block';
  readonly place: Place;
  /** `stub`: the file that all entries go through. */
  readonly entry: EntryName | 'stub' | 'ssh';
  readonly path: string;
  readonly template: string;
  readonly dialect: 'sh' | 'fish' | 'systemd';
}

/** The stubs for one place, in the order of installation. */
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
    // Last, because it can fail, and then everything else is already in place.
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

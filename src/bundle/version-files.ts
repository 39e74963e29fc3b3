import type { DialectName } from './dialects.ts';
import type { BundleSettings } from './inputs.ts';
import { joinRelay } from './relay.ts';

/** A file of the version directory: its template, its language, and the settings that need it. */
export interface VersionFile {
  readonly path: string;
  /** A path in templates/, or a function that makes the text. */
  readonly template: string | ((settings: BundleSettings) => string);
  readonly dialect: DialectName;
  isNeeded(settings: BundleSettings): boolean;
}

const always = () => true;
const withProfile = ({ entries }: BundleSettings) => entries.includes('profile');
const withPrompt = ({ keeper }: BundleSettings) => keeper !== 'relay';
const withRelay = ({ keeper }: BundleSettings) => keeper !== 'prompt';
const withTmux = ({ wrap }: BundleSettings) => wrap === 'tmux';

/** A new keeper or shell needs one line here and a template; installer, manifest and tests loop over this list. */
export const VERSION_FILES: readonly VersionFile[] = [
  // Similar texts are neighbours: gzip finds repetitions within 32 KiB only. The installer stands right before the first.
  { path: 'uninstall.sh', template: 'host/uninstall.sh.ejs', dialect: 'sh', isNeeded: always },
  { path: 'host.sh', template: 'host/host.sh.ejs', dialect: 'sh', isNeeded: always },
  { path: 'status.sh', template: 'host/status.sh.ejs', dialect: 'sh', isNeeded: always },
  { path: 'tmux.sh', template: 'tmux/tmux.sh.ejs', dialect: 'sh', isNeeded: withTmux },
  { path: 'prompt-helper.sh', template: 'prompt/prompt-helper.sh.ejs', dialect: 'sh', isNeeded: withPrompt },
  { path: 'restart.sh', template: 'host/restart.sh.ejs', dialect: 'sh', isNeeded: always },
  { path: 'selftest.py', template: 'host/selftest.py.ejs', dialect: 'python', isNeeded: withRelay },
  { path: 'relay.py', template: joinRelay, dialect: 'python', isNeeded: withRelay },
  { path: 'entry.sh', template: 'entry/entry.sh.ejs', dialect: 'sh', isNeeded: always },
  { path: 'entry.fish', template: 'entry/entry.fish.ejs', dialect: 'fish', isNeeded: withProfile },
  { path: 'selftest.sh', template: 'host/selftest.sh.ejs', dialect: 'sh', isNeeded: withRelay },
  { path: 'prompt.bash', template: 'prompt/prompt.bash.ejs', dialect: 'bash', isNeeded: withPrompt },
  { path: 'prompt.zsh', template: 'prompt/prompt.zsh.ejs', dialect: 'zsh', isNeeded: withPrompt },
  { path: 'prompt.fish', template: 'prompt/prompt.fish.ejs', dialect: 'fish', isNeeded: withPrompt },
  { path: 'tmux.conf', template: 'tmux/tmux.conf.ejs', dialect: 'sh', isNeeded: withTmux },
];

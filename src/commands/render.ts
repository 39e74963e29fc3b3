import { type BundleFile, renderBundle } from '../bundle/index.ts';
import { UsageError } from '../errors.ts';
import { nearestName } from '../nearest.ts';
import { wireText } from './delivery-text.ts';
import type { Command } from './index.ts';

/** Prints exactly what would be sent or put on an instance; with no name, the list of what can be printed. */
export const render: Command = async (settings, io, { words, own }) => {
  const bundle = renderBundle(settings.keeper, { hasComments: own['comments'] === true });
  const texts: Record<string, () => string> = {
    installer: () => bundle.installer,
    uninstaller: () => bundle.uninstaller,
    status: () => bundle.status,
    'install-command': () => wireText('install', bundle.installer),
    'uninstall-command': () => wireText('uninstall', bundle.uninstaller),
    'status-command': () => wireText('status', bundle.status),
  };
  for (const file of bundle.files) texts[nameFile(file, bundle.files)] = () => file.text;
  const [what] = words;
  if (own['comments'] === true && (what === undefined || what.endsWith('-command'))) {
    throw new UsageError({
      what: '--comments is for reading one file',
      why: 'nothing is sent or installed with comments, so the sums would be of other bytes',
      next: 'run  ssm-keepalive render installer --comments',
    });
  }
  if (what === undefined) {
    io.out(listTexts(bundle.files, settings.common.output === 'json', bundle));
    return 0;
  }
  const text = texts[what];
  if (!text) {
    const nearest = nearestName(what, Object.keys(texts));
    throw new UsageError({
      what: `there is no ${JSON.stringify(what)} to render`,
      why: 'it is no file of the bundle, and no script',
      next: nearest
        ? `did you mean  ssm-keepalive render ${nearest}`
        : 'run  ssm-keepalive render  for the list',
    });
  }
  io.out(text());
  return 0;
};

function listTexts(
  files: readonly BundleFile[],
  isJson: boolean,
  { version, digest }: { version: string; digest: string },
): string {
  const rows = files.map(({ path, mode, sha256, text }, index) => ({
    path,
    name: nameFile(files[index]!, files),
    mode: mode.toString(8).padStart(4, '0'),
    sha256,
    bytes: Buffer.byteLength(text),
  }));
  if (isJson) return `${JSON.stringify({ version, digest, files: rows }, null, 2)}\n`;
  return [
    `bundle ${digest}, version ${version}`,
    ...rows.map(
      ({ mode, bytes, sha256, name }) =>
        `${mode} ${String(bytes).padStart(6)} ${sha256.slice(0, 12)} ${name}`,
    ),
    'Print one with  ssm-keepalive render NAME',
    'Also: installer uninstaller status install-command uninstall-command status-command',
    '',
  ].join('\n');
}

/**
 * What `render` calls a file: its path, and for the one that only hosts with an untrusted /usr/local get, the place too.
 * The path alone is what ordinary hosts get.
 */
function nameFile(file: BundleFile, files: readonly BundleFile[]): string {
  return files.find(({ path }) => path === file.path) === file ? file.path : `${file.path}@${file.place}`;
}

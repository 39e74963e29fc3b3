import { renderBundle, wireCommands } from '../bundle/index.ts';
import { UsageError } from '../errors.ts';
import { nearestName } from '../nearest.ts';
import type { Command } from './index.ts';

/** Prints exactly what would be sent or put on an instance; with no name, the list of what can be printed. */
export const render: Command = async (settings, io, { words }) => {
  const bundle = renderBundle(settings.keeper);
  const texts: Record<string, () => string> = {
    installer: () => bundle.installer,
    uninstaller: () => bundle.uninstaller,
    status: () => bundle.status,
    command: () => `${wireCommands('install', bundle.installer).join('\n')}\n`,
  };
  for (const file of bundle.files) texts[file.path] = () => file.text;
  const [what] = words;
  if (what === undefined) {
    io.out(listTexts(bundle.files, settings.common.output === 'json', bundle));
    return 0;
  }
  const text = texts[what];
  if (!text) {
    const nearest = nearestName(what, Object.keys(texts));
    throw new UsageError({
      what: `there is no ${JSON.stringify(what)} to render`,
      why: `expected one of ${Object.keys(texts).join(', ')}`,
      next: nearest
        ? `did you mean  ssm-keepalive render ${nearest}`
        : 'run  ssm-keepalive render  for the list',
    });
  }
  io.out(text());
  return 0;
};

function listTexts(
  files: readonly { path: string; mode: number; sha256: string; text: string }[],
  isJson: boolean,
  { version, digest }: { version: string; digest: string },
): string {
  const rows = files.map(({ path, mode, sha256, text }) => ({
    path,
    mode: mode.toString(8).padStart(4, '0'),
    sha256,
    bytes: Buffer.byteLength(text),
  }));
  if (isJson) return `${JSON.stringify({ version, digest, files: rows }, null, 2)}\n`;
  const widest = Math.max(...rows.map((row) => row.path.length));
  return [
    `bundle ${digest}, version ${version}`,
    ...rows.map(
      (row) =>
        `  ${row.path.padEnd(widest)}  ${row.mode}  ${String(row.bytes).padStart(6)}  ${row.sha256.slice(0, 12)}`,
    ),
    'print one with  ssm-keepalive render NAME ; also: installer uninstaller status command',
    '',
  ].join('\n');
}

import { type Bundle, type BundleFile, FORMATS, type ScriptName, wireCommands } from '../../bundle/index.ts';
import { wrapText } from '../../terminal/wrap.ts';
import { wordTable } from '../../word-table.ts';

/** The scripts that `render` prints besides the bundle's files. */
export const SCRIPTS = wordTable<(bundle: Bundle) => string>({
  installer: ({ installer }) => installer,
  uninstaller: ({ uninstaller }) => uninstaller,
  status: ({ status }) => status,
  'install-command': (bundle) => wireText('install', bundle),
  'uninstall-command': (bundle) => wireText('uninstall', bundle),
  'status-command': (bundle) => wireText('status', bundle),
});

/** The script that an instance receives, with its last newline. */
const wireText = (name: ScriptName, bundle: Bundle) => wireCommands(name, bundle).join('\n') + '\n';

/** The list of everything that `render` prints, for people or programs. */
export function listTexts({ files, version, digest }: Bundle, isJson: boolean, columns: number): string {
  const rows = files.map((file) => ({
    path: file.path,
    name: nameFile(file, files),
    mode: file.mode.toString(8).padStart(4, '0'),
    sha256: file.sha256,
    bytes: Buffer.byteLength(file.text),
  }));
  if (isJson) return `${JSON.stringify({ version, digest, files: rows }, null, 2)}\n`;
  return [
    wrapText(
      `bundle ${digest}, version ${version}; other settings (--interval …) have another digest`,
      columns,
      2,
    ),
    ...rows.map(
      ({ mode, bytes, sha256, name }) =>
        `${mode} ${String(bytes).padStart(6)} ${sha256.slice(0, 12)} ${name}`,
    ),
    'Print one with  ssm-keepalive render NAME',
    wrapText(`Also: ${Object.keys(SCRIPTS).join(' ')}`, columns, 6),
    'For other tools:',
    ...FORMATS.map(({ name, describe }) => wrapText(`  ${name.padEnd(15)} ${describe}`, columns, 18)),
    'Write them all, as an image has them, with  ssm-keepalive render --out DIR',
    '',
  ].join('\n');
}

/** The path, with the place if two files share the path; the path alone then means the file of ordinary hosts. */
export function nameFile(file: BundleFile, files: readonly BundleFile[]): string {
  return files.find(({ path }) => path === file.path) === file ? file.path : `${file.path}@${file.place}`;
}

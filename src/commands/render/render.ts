import { resolve } from 'node:path';
import { type Bundle, FORMATS, type Format, renderBundle, treeFiles } from '../../bundle/index.ts';
import { UsageError } from '../../errors.ts';
import { nearestName } from '../../nearest.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Io } from '../../terminal/io.ts';
import { safe } from '../../terminal/safe-text.ts';
import { quoteCommand } from '../../terminal/shell-word.ts';
import type { Command } from '../command.ts';
import { listTexts, nameFile, SCRIPTS } from './render-list.ts';
import { readUrl, refuseCombinations } from './render-usage.ts';
import { writeTree } from './tree-folder.ts';

/** Prints the exact text that would be sent or installed, also for other tools; with --out writes an image's tree. */
export const render: Command = async (settings, io, { words, own, environment }) => {
  const [what] = words;
  const hasComments = own['comments'] === true;
  const format = FORMATS.find(({ name }) => name === what);
  refuseCombinations(what, format, own);
  const bundle = renderBundle(settings.keeper, { hasComments });
  if (own['out'] !== undefined)
    return writeOut(bundle, resolve(environment.folder, String(own['out'])), settings, io);
  if (what === undefined) io.out(listTexts(bundle, settings.common.output === 'json', io.columns));
  else if (format) printFormat(format, bundle, readUrl(own), settings, io);
  else io.out(findText(what, bundle));
  return 0;
};

function findText(what: string, bundle: Bundle): string {
  const script = Object.hasOwn(SCRIPTS, what) ? SCRIPTS[what]! : undefined;
  if (script) return script(bundle);
  const file = bundle.files.find((candidate) => nameFile(candidate, bundle.files) === what);
  if (file) return file.text;
  const names = [
    ...Object.keys(SCRIPTS),
    ...FORMATS.map(({ name }) => name),
    ...bundle.files.map((each) => nameFile(each, bundle.files)),
  ];
  const nearest = nearestName(what, names);
  throw new UsageError({
    what: `there is no ${JSON.stringify(what)} to render`,
    why: 'it is no file of the bundle, and no script',
    next: nearest
      ? quoteCommand`did you mean  ssm-keepalive render ${nearest}`
      : 'run  ssm-keepalive render  for the list',
  });
}

function printFormat(format: Format, bundle: Bundle, url: string | undefined, settings: Settings, io: Io) {
  const text = format.render(bundle, { url });
  io.out(text);
  const bytes = Buffer.byteLength(text);
  const { limit } = format;
  if (!limit || bytes <= limit.bytes || settings.common.isQuiet) return;
  io.err(
    safe`ssm-keepalive: ${bytes} bytes, more than the ${limit.bytes} that ${limit.what}\n  next: ${limit.next}\n`,
  );
}

function writeOut(bundle: Bundle, folder: string, settings: Settings, io: Io): number {
  const files = treeFiles(bundle);
  const gone = writeTree(files, folder);
  const left = bundle.files.filter(
    ({ kind, place, entry }) => place !== 'opt' && (kind === 'block' || entry === 'ssh'),
  );
  if (settings.common.output === 'json') {
    const { version, digest } = bundle;
    const written = files.map(({ path, mode }) => ({ path, mode: mode.toString(8).padStart(4, '0') }));
    io.out(
      `${JSON.stringify({ version, digest, folder, files: written, removed: gone, left: left.map(({ path }) => path) }, null, 2)}\n`,
    );
    return 0;
  }
  io.out(
    [
      `bundle ${bundle.digest}: ${files.length} files in ${folder}${gone.length > 0 ? `, ${gone.length} of another bundle removed` : ''}`,
      'into an image, as root:',
      quoteCommand`  cp -a --no-preserve=ownership ${folder}/. /mnt/image/`,
      ...(left.length > 0
        ? [
            'not in it, since they go into files of others; only the installer does those:',
            ...new Set(left.map(({ path }) => `  ${path}`)),
          ]
        : []),
      '',
    ].join('\n'),
  );
  return 0;
}

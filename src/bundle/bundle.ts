/** Turns Settings into the exact text that instances receive. Pure: equal settings give equal bytes. */
import { leaveOutComments, leaveOutPythonComments, narrowIndentation } from './comments.ts';
import type { DialectName } from './dialects.ts';
import type { BundleSettings } from './inputs.ts';
import { type BundleFile, digestOf, formatManifest, manifestSettings, sha256 } from './manifest.ts';
import {
  AGENT_UNITS,
  BLOCKS,
  dropInPath,
  FISH_STUB,
  LOCKING_TMUX,
  PLACES,
  PROFILE_STUB,
  SSH_DROP_IN,
  stubFiles,
} from './places.ts';
import { INTERPRETERS, PYTHON_PROGRAMS, PYTHON_SEARCH } from './python.ts';
import { renderTemplate } from './render.ts';
import { PRODUCT_VERSION } from './version.ts';
import { VERSION_FILES, type VersionFile } from './version-files.ts';

/** The files that one Settings puts on an instance, and the three scripts for them. */
export interface Bundle {
  readonly version: string;
  /** 16 hex digits over every byte that lands on an instance; names the version directory there. */
  readonly digest: string;
  readonly files: readonly BundleFile[];
  /** Complete, self-contained POSIX sh scripts. */
  readonly installer: string;
  readonly uninstaller: string;
  readonly status: string;
}

/** Paths and names for all templates. */
const commonValues = {
  version: PRODUCT_VERSION,
  places: PLACES,
  units: AGENT_UNITS,
  profileStub: PROFILE_STUB,
  fishStub: FISH_STUB,
  blocks: BLOCKS,
  lockingTmux: LOCKING_TMUX,
  dropInPath,
  sshDropIn: SSH_DROP_IN,
  python: PYTHON_PROGRAMS,
  interpreters: INTERPRETERS,
  pythonSearch: PYTHON_SEARCH,
};

const makeFile = (file: Omit<BundleFile, 'sha256' | 'mode'>): BundleFile => ({
  ...file,
  mode: 0o644,
  sha256: sha256(file.text),
});

/** sshd gives up after interval × count without an answer: at least `--max-idle`, for a sleeping laptop. */
const aliveCountMax = ({ intervalSeconds, maxIdleSeconds }: BundleSettings) =>
  Math.ceil(maxIdleSeconds / intervalSeconds);

type Write = (
  template: VersionFile['template'],
  dialect: DialectName,
  values: Record<string, unknown>,
) => string;

function renderFiles(settings: BundleSettings, write: Write): BundleFile[] {
  // --no-restart is about this delivery only, so the copies on the instance always may restart.
  const values = {
    ...commonValues,
    ...settings,
    aliveCountMax: aliveCountMax(settings),
    restart: true,
    insistsOnEnv: false,
    isInstalled: true,
  };
  const versionFiles = VERSION_FILES.filter((file) => file.isNeeded(settings)).map(
    ({ path, template, dialect }) =>
      makeFile({
        kind: 'file',
        path,
        place: 'any',
        entry: 'version',
        text: write(template, dialect, values),
      }),
  );
  const stubs = PLACES.flatMap((place) =>
    stubFiles(place, settings.entries, settings.ssh).map((stub) =>
      makeFile({
        kind: stub.kind,
        path: stub.path,
        place: place.name,
        entry: stub.entry,
        text: write(stub.template, stub.dialect, { ...values, library: place.library }),
      }),
    ),
  );
  return [...versionFiles, ...stubs];
}

/**
 * Builds the exact text that an instance receives, at most 56 KiB on the wire: the service's limit of 64 KB also counts
 * parameters. Reads no clock, environment or network: equal settings give equal bytes, so a repeated push can be skipped.
 * `hasComments` keeps the comments, for readers; such a text is never sent.
 */
export function renderBundle(settings: BundleSettings, { hasComments = false } = {}): Bundle {
  const key = JSON.stringify([settings, hasComments]);
  const bundle = rendered.get(key) ?? makeBundle(settings, hasComments);
  rendered.set(key, bundle);
  return bundle;
}

/** Each bundle is rendered once: thousands of accounts share the text. */
const rendered = new Map<string, Bundle>();

function makeBundle(settings: BundleSettings, hasComments: boolean): Bundle {
  const write: Write = (template, dialect, values) => {
    const text =
      typeof template === 'string'
        ? renderTemplate(template, dialect, values, { hasReasons: hasComments })
        : template(settings);
    if (hasComments) return text;
    if (dialect === 'python') return narrowIndentation(leaveOutComments(leaveOutPythonComments(text)), 4);
    return narrowIndentation(leaveOutComments(text), dialect === 'fish' ? 4 : 2);
  };
  const files = renderFiles(settings, write);
  const manifest = formatManifest(manifestSettings(PRODUCT_VERSION, settings), files);
  const digest = digestOf(manifest);
  const all = [
    ...files,
    makeFile({ kind: 'file', path: 'manifest', text: manifest, place: 'any', entry: 'version' }),
  ];
  const values = {
    ...commonValues,
    ...settings,
    aliveCountMax: aliveCountMax(settings),
    digest,
    files: all,
    texts: gatherTexts(all),
    hereDocument: markOf,
    isInstalled: false,
    insistsOnEnv: settings.insistsOnEnv ?? false,
  };
  // The files are inserted after comments are removed: their bytes must match their sums.
  const renderScript = (template: string) =>
    write(template, 'sh', values).replace(/@@SSMKA-FILE-(\w+)@@\n/g, (_, sum) =>
      hereDocument(all.find((file) => file.sha256 === sum)?.text ?? ''),
    );
  // Most commands need one of the three scripts, so the others are rendered on demand.
  const uninstaller = lazily(() => renderScript('host/uninstall.sh.ejs'));
  const status = lazily(() => renderScript('host/status.sh.ejs'));
  const bundle: Bundle = {
    version: PRODUCT_VERSION,
    digest,
    files: all,
    installer: renderScript('host/installer.sh.ejs'),
    get uninstaller() {
      return uninstaller();
    },
    get status() {
      return status();
    },
  };
  return Object.freeze(bundle);
}

function lazily(make: () => string): () => string {
  let made: string | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** The placeholder of a file while the script around it is rendered. */
const markOf = (text: string): string => `@@SSMKA-FILE-${sha256(text)}@@\n`;

/** Groups equal files, with all their names: all blocks have the same text. */
function gatherTexts(files: readonly BundleFile[]): { names: string[]; text: string }[] {
  const names = new Map<string, string[]>();
  for (const { place, path, text } of files)
    names.set(text, [...(names.get(text) ?? []), `${place}:${path}`]);
  return [...names].map(([text, of]) => ({ names: of, text }));
}

/** The body of a quoted here-document. @throws Error if the text would end it early, or lacks a final newline */
function hereDocument(text: string): string {
  if (!text.endsWith('\n') || text.includes('__SSMKA_END_OF_FILE__'))
    throw new Error('a file of the bundle cannot be a here-document');
  return text;
}

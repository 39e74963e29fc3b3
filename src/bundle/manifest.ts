import { createHash } from 'node:crypto';
import type { BundleSettings, EntryName } from './inputs.ts';

export interface BundleFile {
  /** `block`: only the marked lines at the top of the file; then `mode` is not used. */
  readonly kind: 'file' | 'block';
  /** A bare name lies in the version directory; an absolute path is a stub or an entry. */
  readonly path: string;
  readonly mode: number;
  readonly sha256: string;
  readonly text: string;
  /** `any`: in the version directory. `local`, `opt`: only when the library is there. */
  readonly place: 'any' | 'local' | 'opt';
  /** The part of the product that it belongs to: the version, the common stub, one entry, or sshd. */
  readonly entry: 'version' | 'stub' | 'ssh' | EntryName;
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The settings that a host must know by itself. */
export function manifestSettings(version: string, settings: BundleSettings): [string, string][] {
  return [
    ['version', version],
    ['keeper', settings.keeper],
    ['wrap', settings.wrap],
    ['interval', String(settings.intervalSeconds)],
    ['max-idle', String(settings.maxIdleSeconds)],
    ['scope', settings.scope],
    ['shell', settings.shell],
    ['entries', settings.entries.join(',')],
    ['ssh', String(settings.ssh)],
  ];
}

/** `set NAME VALUE` lines, then `file|block PLACE ENTRY MODE SHA256 PATH` lines. One space between words: every sh can `read` that. */
export function formatManifest(settings: readonly [string, string][], files: readonly BundleFile[]): string {
  const lines = [
    ...settings.map(([name, value]) => `set ${name} ${value}`),
    ...files.map(
      ({ kind, ...file }) =>
        `${kind} ${file.place} ${file.entry} ${file.mode.toString(8)} ${file.sha256} ${file.path}`,
    ),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** The name of a bundle: 16 hex digits of its manifest's sha256, and with it of every byte in it. */
export const digestOf = (manifest: string): string => sha256(manifest).slice(0, 16);

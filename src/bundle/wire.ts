import { gzipSync } from 'node:zlib';
import { UserError } from '../errors.ts';
import type { Bundle } from './bundle.ts';
import { type BundleFile, sha256 } from './manifest.ts';
import { renderTemplate } from './render.ts';
import { PRODUCT_VERSION } from './version.ts';

export type ScriptName = 'install' | 'uninstall' | 'status';

/** The service's 64 KB count the document and every parameter [facts: SendCommand]; the others need less than 8 KB. */
export const MAX_WIRE_BYTES = 56 * 1024;

/** The bundle does not fit through SendCommand. */
export class BundleTooLargeError extends UserError {
  constructor(bytes: number, files: readonly Pick<BundleFile, 'path' | 'text'>[]) {
    const largest = files
      .map(({ path, text }) => ({ path, bytes: Buffer.byteLength(text) }))
      .sort((a, b) => b.bytes - a.bytes)
      .slice(0, 3);
    super({
      code: 'bundle-too-large',
      what: `the script to send is ${bytes} bytes, more than the ${MAX_WIRE_BYTES} that fit`,
      why: `the largest files are ${largest.map((file) => `${file.path} (${file.bytes} bytes)`).join(', ')}`,
      next: 'choose fewer entries or keepers, or put the output of `ssm-keepalive render` on the instances by other means',
    });
  }
}

/** With a fixed header, so that equal texts give equal bytes on every system. */
export function packText(text: string): string {
  const packed = gzipSync(text, { level: 9, memLevel: 6 });
  packed[9] = 255;
  return packed.toString('base64').replace(/.{1,4000}/g, '$&\n');
}

/**
 * The `commands` parameter of AWS-RunShellScript for one of the scripts: a header for people, then the packed script.
 * Packed, because the service expands `{{ssm:…}}` in plain text. Equal scripts give equal commands.
 * @throws BundleTooLargeError naming the largest files.
 */
export function wireCommands(name: ScriptName, bundle: Bundle): string[] {
  const known = packed.get(bundle) ?? new Map<ScriptName, string[]>();
  packed.set(bundle, known);
  const commands = known.get(name) ?? packCommands(name, bundle);
  known.set(name, commands);
  return commands;
}

/** Each script is packed once: thousands of accounts share the text. */
const packed = new WeakMap<Bundle, Map<ScriptName, string[]>>();

function packCommands(name: ScriptName, bundle: Bundle): string[] {
  const script = { install: 'installer', uninstall: 'uninstaller', status: 'status' } as const;
  const commands = packScript(name, bundle[script[name]]);
  // The service counts bytes of JSON.
  const bytes = Buffer.byteLength(JSON.stringify(commands));
  if (bytes > MAX_WIRE_BYTES) throw new BundleTooLargeError(bytes, bundle.files);
  return commands;
}

function packScript(name: ScriptName, script: string): string[] {
  const text = renderTemplate('host/wire.sh.ejs', 'sh', {
    name,
    version: PRODUCT_VERSION,
    sum: sha256(script),
    payload: packText(script),
  });
  if (text.includes('{{')) throw new Error('the wire text has a `{{`, which the service would expand');
  return text.replace(/\n$/, '').split('\n');
}

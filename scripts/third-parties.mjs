// The packages whose code is in a build, each with its version and its licence, which asks to go where the code goes.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * One list of names and versions for each licence text.
 * @param {import('esbuild').Metafile} metafile
 * @param {string} root
 */
export function listThirdParties({ outputs }, root) {
  const inputs = Object.values(outputs).flatMap((output) => Object.keys(output.inputs));
  const folders = new Set(inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []));
  /** @type {Map<string, Set<string>>} */
  const names = new Map();
  for (const folder of folders) {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const text = readLicence(join(root, folder)) ?? `No text came with it; its package.json says ${license}.`;
    names.set(text, (names.get(text) ?? new Set()).add(`${name} ${version} (${license})`));
  }
  const parts = [...names].map(([text, of]) => `${[...of].sort().join('\n')}\n\n${text}\n`).sort();
  return `The code of these packages is part of the files beside this one.\n\n${parts.join(`\n${'='.repeat(80)}\n`)}`;
}

function readLicence(folder) {
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  return file && readFileSync(join(folder, file), 'utf8').trim();
}

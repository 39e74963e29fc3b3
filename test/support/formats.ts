import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type Bundle, FORMATS } from '../../src/bundle/index.ts';

/** One of the texts that other tools take, by its name. */
export function formatOf(name: string, bundle: Bundle, url?: string): string {
  const format = FORMATS.find((candidate) => candidate.name === name);
  if (!format) throw new Error(`no format ${name}`);
  return format.render(bundle, { url });
}

/** The text that hcl2json has read: it prints JSON as Terraform takes it, where a plain `${` is `$${`. */
export function readHclText(value: unknown): string {
  return String(value).replaceAll('$${', '${').replaceAll('%%{', '%{');
}

export const sha256 = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');

/** The reason to skip where a tool that is never required is missing. */
export const skipWithout = (path: string): string | false => (existsSync(path) ? false : `absent: ${path}`);

/** Runs a Python program of the machine's own with `input`; its output. */
export function runPython(program: string, input: string, ...args: string[]): string {
  const { stdout, stderr, status } = spawnSync('/usr/bin/python3', ['-c', program, ...args], {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { templatesPath } from './render.ts';

/** The version in package.json, which is beside templates/ in every copy. */
export const PRODUCT_VERSION: string = (
  JSON.parse(readFileSync(join(templatesPath(), '..', 'package.json'), 'utf8')) as { version: string }
).version;

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { templatesPath } from './render.ts';

export const PRODUCT_VERSION: string = (
  JSON.parse(readFileSync(join(templatesPath(), '..', 'package.json'), 'utf8')) as { version: string }
).version;

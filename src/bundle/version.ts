import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TEMPLATES_FOLDER } from './render.ts';

export const PRODUCT_VERSION: string = (
  JSON.parse(readFileSync(join(TEMPLATES_FOLDER, '..', 'package.json'), 'utf8')) as { version: string }
).version;

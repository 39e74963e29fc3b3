import { deliver } from './deliver.ts';
import type { Command } from './index.ts';

export const install: Command = (settings, io, { interruption }) =>
  deliver('install', settings, io, interruption);

import { deliver } from './deliver.ts';
import type { Command } from './index.ts';

export const uninstall: Command = (settings, io, { interruption }) =>
  deliver('uninstall', settings, io, interruption);

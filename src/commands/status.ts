import { deliver } from './deliver.ts';
import type { Command } from './index.ts';

export const status: Command = (settings, io, { interruption }) =>
  deliver('status', settings, io, interruption);

import { deliverToAll } from './fan-out.ts';
import type { Command } from './index.ts';

export const uninstall: Command = (settings, io, { interruption }) =>
  deliverToAll('uninstall', settings, io, interruption);

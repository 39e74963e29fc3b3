import { deliverToAll } from './fan-out.ts';
import type { Command } from './index.ts';

export const install: Command = (settings, io, { interruption }) =>
  deliverToAll('install', settings, io, interruption);

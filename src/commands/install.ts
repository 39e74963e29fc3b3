import type { Command } from './command.ts';
import { deliverToAll } from './fan-out.ts';

export const install: Command = (settings, io, invocation) =>
  deliverToAll('install', settings, io, invocation);

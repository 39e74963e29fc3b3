import type { Command } from './command.ts';
import { deliverToAll } from './fan-out.ts';

export const uninstall: Command = (settings, io, invocation) =>
  deliverToAll('uninstall', settings, io, invocation);

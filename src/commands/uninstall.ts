import { deliverToAll } from './fan-out.ts';
import type { Command } from './index.ts';

export const uninstall: Command = (settings, io, invocation) =>
  deliverToAll('uninstall', settings, io, invocation);

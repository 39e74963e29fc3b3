import type { Command } from '../command.ts';
import { deliverToAll } from './run-verb.ts';

export const uninstall: Command = (settings, io, invocation) =>
  deliverToAll('uninstall', settings, io, invocation);

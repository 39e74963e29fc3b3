import type { Command } from '../command.ts';
import { deliverToAll } from './run-verb.ts';

export const install: Command = (settings, io, invocation) =>
  deliverToAll('install', settings, io, invocation);

import type { Command } from '../command.ts';
import { deliverToAll } from './run-verb.ts';

export const status: Command = (settings, io, invocation) => deliverToAll('status', settings, io, invocation);

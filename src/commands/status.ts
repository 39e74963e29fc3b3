import type { Command } from './command.ts';
import { deliverToAll } from './fan-out.ts';

export const status: Command = (settings, io, invocation) => deliverToAll('status', settings, io, invocation);

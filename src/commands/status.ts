import { deliverToAll } from './fan-out.ts';
import type { Command } from './index.ts';

export const status: Command = (settings, io, invocation) => deliverToAll('status', settings, io, invocation);

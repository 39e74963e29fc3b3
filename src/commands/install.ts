import { deliverToAll } from './fan-out.ts';
import type { Command } from './index.ts';

export const install: Command = (settings, io, invocation) =>
  deliverToAll('install', settings, io, invocation);

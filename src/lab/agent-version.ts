import { isAtLeast } from '../version-order.ts';

/** The version of a host whose spec names none. */
export const AGENT_VERSION = '3.3.1611.0';

/** Older agents type no shell profile [user guide]. */
export const knowsShellProfile = (version: string): boolean => isAtLeast(version, '3.0.161.0');

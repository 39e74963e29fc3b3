/** The client of a session, for the commands that open sessions, the demo and tests. */
export { type ClientSession, openSession } from './client.ts';
export type { SessionAddress } from './link.ts';
export { type Resume, ResumeRefusedError } from './recovery.ts';
export { type SessionEnd, SessionNotOpenedError, type SessionOptions } from './session.ts';

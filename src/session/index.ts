/** The client of a session, for the commands that open sessions, the demo and tests. */
export { openSession } from './client.ts';
export type { SessionAddress } from './link.ts';
export { type Resume, ResumeRefusedError } from './recovery.ts';
export {
  type ClientSession,
  type SessionEnd,
  SessionNotOpenedError,
  type SessionOptions,
  type SessionStats,
} from './session.ts';

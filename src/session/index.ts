/** One session as a client sees it; used by the demo, tests and the commands that open sessions. */
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

/** One session as a client sees it; used by the demo, tests and the commands that open sessions. */
export {
  type ClientSession,
  openSession,
  type SessionEnd,
  type SessionOptions,
  type SessionStats,
} from './client.ts';

import type { Operation } from '../account.ts';
import { ServiceError } from '../service-error.ts';

const notYet: Operation = () => {
  throw new ServiceError('InternalServerError', 'sessions are not built yet', 500);
};
export const startSession = notYet;
export const resumeSession = notYet;
export const terminateSession = notYet;
export const describeSessions = notYet;

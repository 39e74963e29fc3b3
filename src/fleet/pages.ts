import { UserError } from '../errors.ts';
import { explainServiceError } from './service-errors.ts';

interface Page {
  readonly NextToken?: string | undefined;
}

/** The service's pages lead back to one that was read: to go on with half a list would leave hosts out unseen. */
export class LoopingListError extends UserError {
  constructor(what: string) {
    super({
      code: 'looping-list',
      what,
      why: 'the service’s pages lead back to one that was read, so the list has no end',
      next: 'run it again; name the instances with --instance-id if it goes on',
    });
  }
}

/**
 * Every page of a list, each when it is asked for, so that whoever needs few may stop early. An empty page can carry a token: only
 * its absence ends the list. `what` says what could not be done.
 * @throws ServiceError, LoopingListError
 */
export async function* readPages<T extends Page>(
  what: string,
  ask: (token: { readonly NextToken?: string }) => Promise<T>,
): AsyncGenerator<T> {
  const tokens = new Set<string>();
  let token: string | undefined;
  do {
    const page = await ask(token ? { NextToken: token } : {}).catch(failing(what));
    yield page;
    token = page.NextToken;
    if (token && tokens.has(token)) throw new LoopingListError(what);
    if (token) tokens.add(token);
  } while (token);
}

/** For `catch`: the failure of a call in words; `what` says which step failed. @throws UserError */
export function failing(what: string): (error: unknown) => never {
  return (error) => {
    throw explainServiceError(error, what);
  };
}

import { UserError } from '../errors.ts';
import { explainServiceError } from './service-errors.ts';

interface Page {
  readonly NextToken?: string | null | undefined;
}

/** A page token was repeated, so the list has no end. Half a list would silently leave hosts out. */
export class LoopingListError extends UserError {
  constructor(what: string) {
    super({
      code: 'looping-list',
      what,
      why: 'the service’s pages lead back to one that was read, so the list has no end',
      next: 'run it again; if it goes on, name the instances or the accounts',
    });
  }
}

/**
 * Every page of a list, read on demand, so a caller may stop early. An empty page can carry a token: only a page
 * without a token is the last. `what` starts the error message.
 * @throws ServiceError, LoopingListError
 */
export async function* readPages<T extends Page>(
  what: string,
  ask: (token: { readonly NextToken?: string }) => Promise<T>,
): AsyncGenerator<T> {
  const tokens = new Set<string>();
  let token: string | null | undefined;
  do {
    const page = await ask(token ? { NextToken: token } : {}).catch(failing(what));
    yield page;
    token = page.NextToken;
    if (token && tokens.has(token)) throw new LoopingListError(what);
    if (token) tokens.add(token);
  } while (token);
}

/** The first `most` items of a list. Reads no further page. */
export async function takeFirst<T>(items: AsyncIterable<T>, most: number): Promise<T[]> {
  const taken: T[] = [];
  for await (const item of items) if (taken.push(item) >= most) break;
  return taken;
}

/** A handler for `catch` that throws the explained error; `what` names the failed step. @throws UserError */
export function failing(what: string): (error: unknown) => never {
  return (error) => {
    throw explainServiceError(error, what);
  };
}

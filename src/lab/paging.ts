/** Pages of a list. A token that was never given is refused. */
import { ServiceError } from './service-error.ts';

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly NextToken: string | undefined;
}

/** `tokenFault`: this operation's error for a bad token. */
export function takePage<Item>(
  all: readonly Item[],
  size: number,
  token: string | undefined,
  tokenFault = 'InvalidNextToken',
): Page<Item> {
  const text = Buffer.from(token || btoa('lab-page:0'), 'base64').toString('latin1');
  const [, start] = /^lab-page:(\d+)$/.exec(text) ?? [];
  if (start === undefined) throw new ServiceError(tokenFault, 'The specified token is not valid.');
  const end = Number(start) + size;
  return {
    items: all.slice(Number(start), end),
    NextToken: end < all.length ? btoa(`lab-page:${end}`) : undefined,
  };
}

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
  const start = token === undefined || token === '' ? 0 : readToken(token, tokenFault);
  const items = all.slice(start, start + size);
  const end = start + items.length;
  return { items, NextToken: end < all.length ? makeToken(end) : undefined };
}

function makeToken(offset: number): string {
  return Buffer.from(`lab-page:${offset}`).toString('base64');
}

function readToken(token: string, fault: string): number {
  const match = /^lab-page:(\d+)$/.exec(Buffer.from(token, 'base64').toString('latin1'));
  if (match === null) throw new ServiceError(fault, 'The specified token is not valid.');
  return Number(match[1]);
}

/** One account and Region behind the endpoint. */
import { type Clock, sleep } from '../clock.ts';
import type { AssociationRunner } from './association-runner.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Guard } from './guard.ts';
import type { Host } from './host.ts';
import { takePage } from './paging.ts';
import type { RecordStore } from './records.ts';
import type { SessionDefaults } from './session-settings.ts';
import type { SessionTable } from './session-table.ts';
import type { Input, OperationName } from './shapes.ts';

export interface Account {
  readonly clock: Clock;
  readonly guard: Guard;
  /** Twelve digits. */
  readonly id: string;
  readonly region: string;
  readonly hosts: readonly Host[];
  readonly store: RecordStore;
  readonly dispatcher: Dispatcher;
  readonly sessions: SessionTable;
  readonly associations: AssociationRunner;
  readonly consistencySeconds: number;
  readonly pageLatencySeconds: number;
  readonly sessionDefaults: SessionDefaults;
}

/** One operation: checked input in, the service's output out. */
export type Operation<Name extends OperationName> = (
  account: Account,
  input: Input<Name>,
  region: string,
) => Promise<Record<string, unknown>> | Record<string, unknown>;

/** The wire has epoch seconds; an undefined time is left out. */
export function toSeconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}

interface PageRequest {
  readonly MaxResults?: number | undefined;
  readonly NextToken?: string | undefined;
}

/** One page of `all` as the member `name`. Waits as long as a page takes. */
export async function answerPage<Item>(
  { clock, pageLatencySeconds }: Account,
  name: string,
  all: readonly Item[],
  { MaxResults = 50, NextToken }: PageRequest,
  describe: (item: Item) => object,
): Promise<Record<string, unknown>> {
  if (pageLatencySeconds > 0) await sleep(clock, pageLatencySeconds * 1000);
  const page = takePage(all, MaxResults, NextToken);
  return { [name]: page.items.map(describe), NextToken: page.NextToken };
}

/** A list shows fewer members than a description of one item. */
export function pickMembers(description: Record<string, unknown>, names: readonly string[]): object {
  return Object.fromEntries(names.map((name) => [name, description[name]]));
}

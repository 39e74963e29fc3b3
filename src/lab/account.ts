/** The account behind the endpoint: the hosts, records and settings of all operations. */
import { type Clock, sleep } from '../clock.ts';
import type { AccessControl } from './access/access-control.ts';
import type { AssociationRunner } from './association-runner.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Host } from './host.ts';
import type { RecordStore } from './records.ts';
import type { SessionDefaults } from './session-settings.ts';
import type { SessionTable } from './session-table.ts';

export interface Account {
  readonly clock: Clock;
  readonly access: AccessControl;
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
  readonly timeoutScale: number;
  readonly sessionDefaults: SessionDefaults;
}

/** One operation: checked input in, the service's output out. */
export type Operation = (
  account: Account,
  body: unknown,
  region: string,
) => Promise<Record<string, unknown>> | Record<string, unknown>;

/** Milliseconds to the wire's epoch seconds; undefined stays out of the JSON. */
export function toSeconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}

/** Waits as long as one page of a list takes. */
export async function turnPage({ clock, pageLatencySeconds }: Account): Promise<void> {
  if (pageLatencySeconds > 0) await sleep(clock, pageLatencySeconds * 1000);
}

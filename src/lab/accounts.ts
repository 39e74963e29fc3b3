/** All accounts behind one endpoint. The access key and the Region of a signature choose the account. */
import { join } from 'node:path';
import type { Account } from './account.ts';
import type { AlarmBook } from './alarms.ts';
import { AssociationRunner } from './association-runner.ts';
import { Dispatcher, type RunLog } from './dispatcher.ts';
import { keysOf, type Scope } from './door.ts';
import type { EndingClock } from './ending-clock.ts';
import type { Guard } from './guard.ts';
import type { Host } from './host.ts';
import { ACCOUNT, type AccountSpec, type LabOptions, REGION } from './options.ts';
import { RecordStore } from './records.ts';
import { ServiceError } from './service-error.ts';
import type { Session } from './session.ts';
import { sessionDefaults } from './session-settings.ts';
import { SessionTable } from './session-table.ts';

export class Accounts {
  /** ws://127.0.0.1:PORT; empty until the endpoint listens. */
  private baseUrl = '';
  private readonly open = new Map<string, Account>();
  private readonly byKey = new Map<string, AccountSpec>();

  readonly runs: RunLog[] = [];

  constructor(
    private readonly hosts: readonly Host[],
    private readonly alarms: AlarmBook,
    private readonly guard: Guard,
    private readonly options: LabOptions,
    private readonly clock: EndingClock,
  ) {
    for (const spec of options.accounts ?? []) for (const key of keysOf(spec)) this.byKey.set(key, spec);
  }

  /** An unknown key belongs to the first account. @throws ServiceError while the lab ends */
  find({ accessKeyId, region }: Scope): Account {
    if (this.clock.hasEnded) throw new ServiceError('InternalServerError', 'The lab is stopping.', 500);
    return this.at(this.specOf(accessKeyId)?.id ?? ACCOUNT, region);
  }

  /** The first account in the default Region. */
  get home(): Account {
    return this.at(ACCOUNT, REGION);
  }

  /** The error that every call with this key in this Region gets; undefined: none. */
  refusal({ accessKeyId, region }: Scope): string | undefined {
    const spec = this.specOf(accessKeyId);
    // A real account says this where the Region is off [reports of users].
    if (spec?.regions && !spec.regions.includes(region)) return 'UnrecognizedClientException';
    return spec?.refusal;
  }

  /** The key is a user's or a role's; undefined: the first account. */
  specOf(accessKeyId: string): AccountSpec | undefined {
    return this.byKey.get(accessKeyId);
  }

  findSession(sessionId: string): Session | undefined {
    return this.ownerOf(sessionId)?.sessions.find(sessionId);
  }

  ownerOf(sessionId: string): Account | undefined {
    return [...this.open.values()].find(({ sessions }) => sessions.find(sessionId) !== undefined);
  }

  /** Call it when the hosts are up and the endpoint listens. */
  start(baseUrl: string): void {
    this.baseUrl = baseUrl;
    for (const { spec } of this.hosts) this.at(spec.account ?? ACCOUNT, spec.region ?? REGION);
    for (const account of this.open.values()) {
      account.sessions.baseUrl = baseUrl;
      account.associations.start();
    }
  }

  stop(): void {
    for (const { associations, dispatcher, sessions } of this.open.values()) {
      associations.stop();
      dispatcher.stop();
      sessions.stop();
    }
  }

  save(): void {
    for (const { store } of this.open.values()) store.save();
  }

  private at(id: string, region: string): Account {
    const key = `${id}.${region}`;
    const known = this.open.get(key);
    if (known) return known;
    const account = this.make(id, region);
    this.open.set(key, account);
    if (this.baseUrl !== '') account.associations.start();
    return account;
  }

  private make(id: string, region: string): Account {
    const { options } = this;
    const isHome = id === ACCOUNT && region === REGION;
    const hosts = this.hosts.filter(
      ({ spec }) => (spec.account ?? ACCOUNT) === id && (spec.region ?? REGION) === region,
    );
    const store = new RecordStore(
      join(options.dir, isHome ? 'records.json' : `records.${id}.${region}.json`),
      this.clock,
    );
    const dispatcher = new Dispatcher(store, options.timeoutScale ?? 1, this.alarms, this.clock, (run) =>
      this.runs.push(run),
    );
    const defaults = sessionDefaults(options);
    const sessions = new SessionTable(store, this.clock, this.guard);
    sessions.baseUrl = this.baseUrl;
    return {
      id,
      region,
      clock: this.clock,
      guard: this.guard,
      hosts,
      store,
      dispatcher,
      sessions,
      associations: new AssociationRunner(hosts, store, dispatcher, defaults.minuteSeconds, this.clock),
      consistencySeconds: options.consistencySeconds ?? 0.3,
      pageLatencySeconds: options.pageLatencySeconds ?? 0,
      sessionDefaults: defaults,
    };
  }
}

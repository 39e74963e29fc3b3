import type { SSMClient } from '@aws-sdk/client-ssm';
import { type AssociationPlan, deleteAssociation, saveAssociation } from '../../fleet/association.ts';
import { awaitRuns, listRuns } from '../../fleet/association-runs.ts';
import { NoMatchError } from '../../fleet/choose.ts';
import { saveDocument } from '../../fleet/command-document.ts';
import { type CallKind, makeInterruptible } from '../../fleet/interruptible.ts';
import { type PushResult, pushFirst, pushScript } from '../../fleet/push.ts';
import { sendScript } from '../../fleet/send.ts';
import { type PushEvent, Sender } from '../../fleet/sender.ts';
import { type Interruption, refuseInterrupted } from '../../interruption.ts';
import type { Phase } from './ctrl-c.ts';
import type { AssociationFacts } from './follow-text.ts';
import type { Plan } from './plan.ts';
import type { Following } from './verdict-json.ts';
import { watchRuns } from './watch-runs.ts';

/** The result of a plan. */
export interface Applied extends Following {
  readonly commandIds: readonly string[];
  /** Absent with --no-wait. */
  readonly result?: PushResult;
}

/** What happened to the results: seen, not waited for, left at Ctrl-C, or not readable. */
export type Outlook = 'seen' | 'unwatched' | 'left' | 'lost';

/** A client whose calls end at Ctrl-C; calls without effect end at once. */
export function makeDeliveryClient(
  client: SSMClient,
  interruption: Interruption,
  kind: () => CallKind,
): SSMClient {
  return makeInterruptible(client, interruption, {
    kind,
    whatAfterRead: 'nothing was sent',
    nextAfterChange: 'look with  ssm-keepalive status, then run it again: nothing is done twice',
  });
}

/** How long to wait for the run of an association before its removal. */
const RUN_SECONDS = 300;

/** Applies one plan. Its fields always say what was done so far: Ctrl-C and the report of a failure read them. */
export class Apply {
  documentVersion: string | undefined;
  /** What happened to the results so far. */
  outlook: Outlook = 'unwatched';
  association: AssociationFacts | undefined;
  readonly #client: SSMClient;
  #sender: Sender | undefined;
  #phase: 'changing' | 'association' | undefined;
  #isOver = false;

  constructor(
    readonly plan: Plan,
    client: SSMClient,
    private readonly interruption: Interruption,
    private readonly onEvent: (event: PushEvent) => void,
  ) {
    this.#client = makeDeliveryClient(client, interruption, () =>
      this.phase === 'looking' ? 'read' : 'change',
    );
  }

  get phase(): Phase {
    if (this.#isOver) return 'looking';
    return this.#phase ?? (this.#sender?.hasBegun ? 'commands' : 'looking');
  }

  get commandIds(): readonly string[] {
    return this.#sender?.commandIds ?? [];
  }

  /** @throws UserError */
  async run(): Promise<Applied> {
    try {
      const applied = await this.#carryOut();
      if (applied.result || this.plan.following) this.outlook = 'seen';
      return { ...applied, associations: this.plan.associations };
    } catch (error) {
      this.outlook = error instanceof NoMatchError ? 'seen' : 'lost';
      throw error;
    } finally {
      if (this.interruption.leaveSignal.aborted) this.outlook = 'left';
      this.#isOver = true;
    }
  }

  async #carryOut(): Promise<Applied> {
    const { plan } = this;
    const { script, look } = plan.documents ?? {};
    const client = this.#client;
    refuseInterrupted(this.interruption, 'nothing was sent');
    const document = script && (await this.#change(() => saveDocument(client, script)));
    this.documentVersion = document?.version;
    const lookDocument = look && (await this.#change(() => saveDocument(client, look)));
    refuseInterrupted(this.interruption, 'nothing was sent');
    await this.#endAssociations();
    const sender = new Sender({
      client,
      delivery: { ...plan.delivery, document },
      lookCommands: plan.lookCommands,
      lookDocument,
      interruption: this.interruption,
      onEvent: this.onEvent,
    });
    this.#sender = sender;
    if (plan.following) return this.#follow(sender, plan.following);
    const { association } = this;
    if (!plan.isWatched) {
      sender.hasBegun = true;
      await sendScript(client, sender.options.delivery, (id) => void sender.commandIds.push(id));
      return { commandIds: sender.commandIds, association };
    }
    const result = await pushScript(sender, plan.hasCanary);
    return { commandIds: result.commandIds, result, association };
  }

  /**
   * Installs on the canary through SendCommand, then makes the association for all and waits for its run. The run
   * includes the canary, which then reports `unchanged`. After Ctrl-C the association stays: its runs cannot be cancelled.
   */
  async #follow(sender: Sender, planned: AssociationPlan): Promise<Applied> {
    const { hasCanary, isWatched } = this.plan;
    const { client, delivery } = sender.options;
    const { commandIds } = sender;
    const first = hasCanary ? await pushFirst(sender) : undefined;
    if (first?.stopped) return { commandIds, result: first, association: null };
    const known = planned.associationId ? await listRuns(client, planned.associationId) : new Set<string>();
    if (this.interruption.isRequested) {
      const result = { verdicts: first?.verdicts ?? [], commandIds, missingCount: 0 };
      return { commandIds, result: { ...result, stopped: 'you interrupted it' }, association: null };
    }
    const associationId = await this.#change(() => saveAssociation(client, planned, delivery.document));
    const action = ({ create: 'created', update: 'updated', none: 'started' } as const)[planned.action];
    const schedule = planned.request.ScheduleExpression ?? null;
    const association = { id: associationId, name: planned.name, action, schedule, runs: [], offline: null };
    this.association = association;
    if (!isWatched) return { commandIds, association };
    this.#phase = 'association';
    const { verdicts, runs, offline } = await watchRuns(sender, associationId, known, first?.verdicts ?? []);
    const result = { verdicts, commandIds, missingCount: 0 };
    return { commandIds, result, association: { ...association, runs, offline } };
  }

  /**
   * Removes the associations of these targets before the uninstall: they would install again. Waits for a run that is
   * under way, because it could reach an instance after us. If that wait is given up, the association stays.
   */
  async #endAssociations(): Promise<void> {
    const { ending } = this.plan;
    if (!ending) return;
    for (const id of ending.ids) {
      await awaitRuns(this.#client, {
        associationId: id,
        known: new Set(),
        deadlineSeconds: RUN_SECONDS,
        lagSeconds: 0,
        signal: this.interruption.requestSignal,
        onCounters: () => {},
      });
      refuseInterrupted(this.interruption, 'nothing was sent');
      await this.#change(() => deleteAssociation(this.#client, id));
    }
    const [id = ''] = ending.ids;
    const action = id ? 'removed' : 'absent';
    this.association = { id, name: ending.name, action, schedule: null, runs: [], offline: null };
    refuseInterrupted(this.interruption, 'nothing was sent');
  }

  /** Saves something; Ctrl-C waits for the service's answer. */
  async #change<T>(save: () => Promise<T>): Promise<T> {
    this.#phase = 'changing';
    const saved = await save();
    this.#phase = undefined;
    return saved;
  }
}

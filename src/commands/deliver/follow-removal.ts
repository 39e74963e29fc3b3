import type { SSMClient } from '@aws-sdk/client-ssm';
import { associationName, deleteAssociation, findByName } from '../../fleet/association.ts';
import { awaitRuns } from '../../fleet/association-runs.ts';
import { describeTargets } from '../../fleet/choose.ts';
import type { Interruption } from '../../interruption.ts';
import type { Settings } from '../../settings/settings.ts';
import { say } from '../../terminal/safe-text.ts';
import { refuseInterrupted } from '../ctrl-c.ts';
import type { AssociationFacts } from './follow-text.ts';

/**
 * Ends the association of these targets, before anything is taken off: it would put it back. A run that is under way is waited
 * for, since it could reach an instance after us. Whoever does not wait for it keeps the association.
 */
export async function removeFollow(
  client: SSMClient,
  settings: Settings,
  interruption: Interruption,
  note: (text: string) => void,
  onChange: () => void,
): Promise<AssociationFacts> {
  const name = associationName(settings.targets);
  const ids = await findByName(client, name);
  for (const id of ids) {
    await awaitRuns(client, {
      associationId: id,
      known: new Set(),
      deadlineSeconds: RUN_SECONDS,
      lagSeconds: 0,
      signal: interruption.requestSignal,
      onCounters: () => {},
    });
    refuseInterrupted(interruption);
    onChange();
    await deleteAssociation(client, id);
  }
  const [id = ''] = ids;
  const who = describeTargets(settings.targets);
  note(
    id
      ? say`ssm-keepalive: association ${name} (${ids.join(', ')}) was removed\n`
      : say`ssm-keepalive: no association of ours is for ${who} as it stands here\n`,
  );
  const action = id ? 'removed' : 'absent';
  return { id, name, action, schedule: null, runs: [], offline: null };
}

/** How long a run under way is waited for. */
const RUN_SECONDS = 300;

/** What one instance says of itself, through the script of `status`. */
import type { SSMClient } from '@aws-sdk/client-ssm';
import { renderBundle, wireCommands } from '../bundle/index.ts';
import { UserError } from '../errors.ts';
import { makeInterruptible } from '../fleet/interruptible.ts';
import type { Verdict } from '../fleet/judge.ts';
import { pushScript } from '../fleet/push.ts';
import { Sender } from '../fleet/sender.ts';
import type { Interruption } from '../interruption.ts';
import type { Settings } from '../settings/settings.ts';

/** A look waits as long as the service's least delivery time; the script itself reads a few files. */
const LOOK_TIMES = { timeoutSeconds: 30, executionTimeoutSeconds: 60, maxConcurrency: '1', maxErrors: '0' };

/** Runs the script of `status` there, which changes nothing. @throws UserError that says why there is no answer */
export async function askInstance(
  client: SSMClient,
  instanceId: string,
  settings: Settings,
  interruption: Interruption,
): Promise<Verdict> {
  const bundle = renderBundle(settings.keeper);
  const sender = new Sender({
    client: makeInterruptible(client, interruption, {
      kind: () => 'change',
      whatAfterRead: '',
      nextAfterChange: 'run it again: the script only reads',
    }),
    delivery: {
      targets: { tags: [], instanceIds: [instanceId] },
      script: 'status',
      commands: wireCommands('status', bundle),
      comment: `ssm-keepalive ${bundle.version} status`,
      ...LOOK_TIMES,
    },
    interruption,
  });
  const { verdicts } = await pushScript(sender, false);
  const [verdict] = verdicts;
  if (!verdict?.report && interruption.isRequested) throw notAsked('you interrupted it', '');
  if (!verdict?.report) throw notAsked(verdict?.why ?? 'the instance gave no answer', verdict?.next ?? '');
  return verdict;
}

export function notAsked(why: string, next: string): UserError {
  return new UserError({ code: 'not-asked', what: 'the instance was not asked', why, next });
}

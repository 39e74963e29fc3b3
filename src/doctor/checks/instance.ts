/** Checks of the instance at the service: registered, online, agent new enough. */
import type { SessionLimits } from '../../fleet/session-limits.ts';
import { quoteCommand } from '../../terminal/shell-word.ts';
import { isAtLeast } from '../../version-order.ts';
import { type Check, defineCheck, notChecked, note, ok, todo } from '../check.ts';

export const instance: Check = defineCheck({
  name: 'instance',
  needs: ['instance'],
  isOfInstance: true,
  look({ instance: { instanceId, isKnown, name, isOnline, pingStatus, platformType, next = '' } }) {
    const shown = name ? `${name} (${instanceId})` : instanceId;
    if (!isKnown)
      return todo(
        `${instanceId} is not registered with Systems Manager`,
        ['no such instance in this account and Region'],
        next,
      );
    if (!isOnline)
      return todo(
        `${shown} is offline: no session can open, and none that is open gets through`,
        [`the service says ${pingStatus}`],
        'start the instance or its agent, and see that it reaches the service on port 443',
      );
    if (platformType !== 'Linux')
      return note(`${shown} is online, but runs ${platformType}: keepers are for Linux`, []);
    return ok(`${shown} is online`, [`the service says ${pingStatus}`]);
  },
});

interface Feature {
  readonly since: string;
  readonly what: string;
  /** Whether the account's session document needs the feature. */
  readonly isWanted: (limits: SessionLimits) => boolean;
}

const never = (): boolean => false;

/** Features by the first agent that has them [user guide, Session Manager prerequisites; release notes for runAs and the last]. */
const FEATURES: readonly Feature[] = [
  { since: '2.3.68.0', what: 'sessions', isWanted: () => true },
  { since: '2.3.539.0', what: 'sessions encrypted with a KMS key', isWanted: ({ hasKmsKey }) => hasKmsKey },
  { since: '2.3.672.0', what: 'sessions as another user (runAs)', isWanted: ({ isRunAs }) => isRunAs },
  {
    since: '3.0.161.0',
    what: 'shell profiles',
    isWanted: ({ shellProfile }) => shellProfile !== '',
  },
  { since: '3.0.222.0', what: 'ssh and port forwarding', isWanted: never },
  {
    since: '3.0.284.0',
    what: 'session logs streamed to CloudWatch',
    isWanted: ({ isStreamed }) => isStreamed,
  },
  { since: '3.1.1374.0', what: 'port forwarding to a remote host', isWanted: never },
  { since: '3.3.987.0', what: 'a heartbeat that notices a lost connection sooner', isWanted: never },
];

/**
 * What later agents changed for sessions, beside the OOM score [release notes up to 3.3.5226.0 of 2026; those of 3.3.1611.0 to
 * 3.3.1957.0, 3.3.2471.0 to 3.3.2746.0, 3.3.3185.0, 3.3.3598.0 and 3.3.3797.0 could not be read].
 */
const CHANGES: readonly Pick<Feature, 'since' | 'what'>[] = [
  { since: '3.3.1311.0', what: 'a session that the service says is over counts as cancelled' },
  { since: '3.3.4121.0', what: 'escape sequences processed in session logs on CloudWatch and S3' },
  { since: '3.3.4851.0', what: 'no race about the user ssm-user' },
  { since: '3.3.5226.0', what: 'no deadlock of the control channel when its buffer is full' },
];

/** Agents that cut port forwarding to a remote host after a minute [amazon-ssm-agent#450]. */
const CUTS = { from: '3.1.1446.0', fixed: '3.1.1476.0' };
const UPDATE = 'update the agent:  aws ssm send-command --document-name AWS-UpdateSSMAgent';

export const agentVersion: Check = defineCheck({
  name: 'agent version',
  needs: ['instance'],
  isOfInstance: true,
  look({ instance: { instanceId, isKnown, agentVersion: version }, limits }) {
    if (!isKnown || version === '') return notChecked({ why: 'the service does not say it', next: '' });
    const next = UPDATE + quoteCommand` --instance-ids ${instanceId}`;
    const lacking = FEATURES.filter(({ since }) => !isAtLeast(version, since));
    const wanted = lacking.filter(({ isWanted }) => limits !== undefined && isWanted(limits));
    const seen = [...lacking, ...CHANGES]
      .filter(({ since }) => !isAtLeast(version, since))
      .map(({ since, what }) => `${what}: from ${since}`);
    if (wanted.length > 0)
      return todo(
        `${version} lacks what the account’s sessions use: ${wanted.map(({ what }) => what).join(', ')}`,
        seen,
        next,
      );
    if (isAtLeast(version, CUTS.from) && !isAtLeast(version, CUTS.fixed))
      return todo(
        `${version} cuts what it forwards to a remote host after a minute`,
        [`mended in ${CUTS.fixed} (amazon-ssm-agent#450)`],
        next,
      );
    if (lacking.length > 0)
      return note(`${version} lacks ${lacking.map(({ what }) => what).join(', ')}`, seen, next);
    return ok(`${version} has all that sessions need`, seen);
  },
});

/** The agent does not take the score of its unit back for sessions, as sshd does [amazon-ssm-agent#580, #655]. */
export const memory: Check = defineCheck({
  name: 'out of memory',
  needs: ['status'],
  isOfInstance: true,
  look({ status: { report } }) {
    const score = report?.oomScoreAdjust ?? undefined;
    if (score === undefined) return notChecked({ why: 'the instance does not say it', next: '' });
    if (score === 0) return ok('a session’s programs are ended like any other');
    const order = score < 0 ? 'after the others, or never' : 'before the others';
    return note(
      `if memory runs out, the kernel ends a session’s programs ${order}`,
      [
        `shells inherit the score ${score} from the agent (OOMScoreAdjust of its unit)`,
        'EKS images have set it since February 2026 (amazon-eks-ami#2618), the agent’s own unit since 3.3.4364.0',
      ],
      'for a program that takes much memory:  choom -n 0 -- COMMAND',
    );
  },
});

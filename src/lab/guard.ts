import type { Host } from './host.ts';
import { ACCOUNT, type HostSpec } from './options.ts';
import type { RecordStore } from './records.ts';
import type { Input, OperationName } from './shapes.ts';

/** A caller: an IAM user, or a session of a role. */
export interface Principal {
  readonly arn: string;
  /** `aws:userid`; for a role's session its id and name. */
  readonly userId: string;
  /** `aws:username`; only users have one. */
  readonly userName?: string;
  /** Session ids begin with it [user guide, session ARNs]. */
  readonly sessionName: string;
}

export const LAB_USER: Principal = {
  arn: `arn:aws:iam::${ACCOUNT}:user/lab`,
  userId: 'AIDALABLABLABLABLABL0',
  userName: 'lab',
  sessionName: 'lab',
};

/** What an account has. */
export interface Belongings {
  readonly hosts: readonly Host[];
  readonly store: RecordStore;
}

/** Who calls, and what they may do. Tests have one that enforces a policy. */
export interface Guard {
  readonly principal: Principal;
  /** @throws ServiceError AccessDeniedException */
  checkCall(
    service: string,
    operation: OperationName,
    input: Input<OperationName>,
    inside: Belongings,
    region: string,
  ): void;
  /** For hosts that SendCommand found by tags. */
  mayReach(spec: HostSpec, region: string): boolean;
  mayOpenChannel(sessionId: string, inside: Belongings, region: string): boolean;
}

export const ALLOW_ALL: Guard = {
  principal: LAB_USER,
  checkCall: () => {},
  mayReach: () => true,
  mayOpenChannel: () => true,
};

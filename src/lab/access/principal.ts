/** A caller: an IAM user, or a session of a role. */
import { ACCOUNT } from '../options.ts';

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

/** A role under a session name of one's own, as with single sign-on. */
export const LAB_ROLE: Principal = {
  arn: `arn:aws:sts::${ACCOUNT}:assumed-role/operators/kim`,
  userId: 'AROALABLABLABLABLABL0:kim',
  sessionName: 'kim',
};

/** A caller: an IAM user, or a session of a role. */
import { ACCOUNT } from '../options.ts';

export interface Principal {
  readonly arn: string;
  /** `aws:userid`: of a role’s session its id and name. */
  readonly userId: string;
  /** `aws:username`: only users have one. */
  readonly userName?: string;
  /** The start of this caller’s session ids [user guide, session ARNs]. */
  readonly sessionName: string;
}

export const LAB_USER: Principal = {
  arn: `arn:aws:iam::${ACCOUNT}:user/lab`,
  userId: 'AIDALABLABLABLABLABL0',
  userName: 'lab',
  sessionName: 'lab',
};

/** Somebody who assumed a role under a session name of their own, as single sign-on does it. */
export const LAB_ROLE: Principal = {
  arn: `arn:aws:sts::${ACCOUNT}:assumed-role/operators/kim`,
  userId: 'AROALABLABLABLABLABL0:kim',
  sessionName: 'kim',
};

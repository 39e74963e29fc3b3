import type { OwnFlag } from '../command.ts';

/** The flags of `policy` itself; it also takes the flags of its COMMAND. */
export const POLICY_FLAGS: readonly OwnFlag[] = [
  {
    name: 'account',
    kind: 'value',
    placeholder: 'ID',
    describe: 'the 12 digits of the account that it is for (any)',
  },
  {
    name: 'principal',
    kind: 'value',
    placeholder: 'user|role|host',
    describe: 'who gets it: an IAM user, a role that people assume, or the instances themselves (user)',
  },
];

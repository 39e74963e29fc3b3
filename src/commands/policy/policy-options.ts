import type { OwnFlag } from '../command.ts';

/** The flags of `policy` itself; it also takes the flags of its COMMAND. */
export const POLICY_FLAGS: readonly OwnFlag[] = [
  {
    name: 'account',
    placeholder: 'ID',
    describe: 'the 12 digits of the account that it is for',
    fallback: 'any',
  },
  {
    name: 'principal',
    placeholder: 'user|role|host|caller',
    describe:
      'who gets it: an IAM user, a role that people assume, the instances themselves, or who assumes the role of --role',
    fallback: 'user; with --role, role',
  },
  {
    name: 'trust',
    describe: 'the trust policy of the role of --role instead; --account is then the account that it trusts',
  },
];

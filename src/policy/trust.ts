import { partitionOf } from '../partitions.ts';
import type { Settings } from '../settings/settings.ts';

/** The trust policy of the role of --role. It trusts everybody in `account` whose own policy allows the call. Pure. */
export function makeTrustPolicy({ accounts, common }: Settings, account: string): object {
  const { externalId } = accounts;
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'Callers',
        Effect: 'Allow',
        Principal: { AWS: `arn:${partitionOf(common.regions[0] ?? '*')}:iam::${account}:root` },
        Action: 'sts:AssumeRole',
        ...(externalId === undefined
          ? {}
          : { Condition: { StringEquals: { 'sts:ExternalId': externalId } } }),
      },
    ],
  };
}

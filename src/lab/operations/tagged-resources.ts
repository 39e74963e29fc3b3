import { partitionOf } from '../../partitions.ts';
import type { Operation } from '../account.ts';
import { ACCOUNT } from '../options.ts';
import { takePage } from '../paging.ts';

/** The Resource Groups Tagging API, another service at the same address [botocore, resourcegroupstaggingapi model]. */
export const getResources: Operation<'GetResources'> = (account, input, region) => {
  const types = input.ResourceTypeFilters ?? [];
  const wanted = account.hosts.filter(({ spec }) => {
    const type = spec.id.startsWith('mi-') ? 'ssm:managed-instance' : 'ec2:instance';
    const isOfType =
      types.length === 0 || types.some((filter) => filter === type || filter === type.split(':')[0]);
    // A resource without tags is not listed.
    return isOfType && Object.keys(spec.tags).length > 0;
  });
  const page = takePage(
    wanted,
    input.ResourcesPerPage ?? 50,
    input.PaginationToken,
    'PaginationTokenExpiredException',
  );
  return {
    // Empty, not absent, on the last page.
    PaginationToken: page.NextToken ?? '',
    ResourceTagMappingList: page.items.map(({ spec }) => ({
      ResourceARN: instanceArn(spec.id, region),
      Tags: Object.entries(spec.tags).map(([Key, Value]) => ({ Key, Value })),
    })),
  };
};

/** EC2 instances have ARNs of EC2, other managed nodes of Systems Manager. */
export function instanceArn(id: string, region: string): string {
  const place = `${region}:${ACCOUNT}`;
  const resource = id.startsWith('mi-') ? `ssm:${place}:managed-instance` : `ec2:${place}:instance`;
  return `arn:${partitionOf(region)}:${resource}/${id}`;
}

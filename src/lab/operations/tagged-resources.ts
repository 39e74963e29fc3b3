import { touchInstance } from '../access/touched.ts';
import type { Operation } from '../account.ts';
import { takePage } from '../paging.ts';
import { parseInput } from '../shapes.ts';

/** The Resource Groups Tagging API, another service at the same address [botocore, resourcegroupstaggingapi model]. */
export const getResources: Operation = (account, body, region) => {
  const input = parseInput('GetResources', body);
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
      ResourceARN: touchInstance(spec.id, spec, region).arn,
      Tags: Object.entries(spec.tags).map(([Key, Value]) => ({ Key, Value })),
    })),
  };
};

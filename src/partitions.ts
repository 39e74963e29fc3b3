/** The partitions of AWS, by the first letters of a Region [botocore, partitions]. */
interface Partition {
  readonly prefix: string;
  readonly name: string;
  readonly suffix: string;
  /** The Region whose address serves Organizations and Account Management for the whole partition. */
  readonly home: string;
}

const AWS: Partition = { prefix: '', name: 'aws', suffix: 'amazonaws.com', home: 'us-east-1' };

const OTHERS: readonly Partition[] = [
  { prefix: 'cn-', name: 'aws-cn', suffix: 'amazonaws.com.cn', home: 'cn-northwest-1' },
  { prefix: 'us-gov-', name: 'aws-us-gov', suffix: 'amazonaws.com', home: 'us-gov-west-1' },
  { prefix: 'us-iso-', name: 'aws-iso', suffix: 'c2s.ic.gov', home: 'us-iso-east-1' },
  { prefix: 'us-isob-', name: 'aws-iso-b', suffix: 'sc2s.sgov.gov', home: 'us-isob-east-1' },
  { prefix: 'eu-isoe-', name: 'aws-iso-e', suffix: 'cloud.adc-e.uk', home: 'eu-isoe-west-1' },
  { prefix: 'us-isof-', name: 'aws-iso-f', suffix: 'csp.hci.ic.gov', home: 'us-isof-south-1' },
  { prefix: 'eusc-', name: 'aws-eusc', suffix: 'amazonaws.eu', home: 'eusc-de-east-1' },
];

export function findPartition(region: string): Partition {
  return OTHERS.find(({ prefix }) => region.startsWith(prefix)) ?? AWS;
}

/** The partition of a Region, e.g. `aws`. */
export function partitionOf(region: string): string {
  return findPartition(region).name;
}

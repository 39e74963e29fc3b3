import { answerPage, type Operation, toSeconds } from '../account.ts';
import { AGENT_VERSION } from '../agent-version.ts';
import type { Host } from '../host.ts';
import { ServiceError } from '../service-error.ts';

export const describeInstanceInformation: Operation<'DescribeInstanceInformation'> = (account, input) => {
  const filters = [
    ...(input.Filters ?? []).map(({ Key, Values }) => ({ key: Key, values: Values })),
    ...(input.InstanceInformationFilterList ?? []).map(({ key, valueSet }) => ({ key, values: valueSet })),
  ];
  const tagFilters = filters.filter(({ key }) => key.startsWith('tag'));
  if (tagFilters.length > 0 && tagFilters.length < filters.length) {
    throw new ServiceError(
      'InvalidInstanceInformationFilterValue',
      'Tag filters cannot be combined with other filters.',
    );
  }
  const matching = account.hosts.filter((host) =>
    filters.every(({ key, values }) => matches(host, key, values)),
  );
  return answerPage(account, 'InstanceInformationList', matching, { MaxResults: 10, ...input }, (host) =>
    describe(host, account.clock.now()),
  );
};

function matches(host: Host, key: string, values: readonly string[]): boolean {
  if (key.startsWith('tag:')) return values.includes(host.spec.tags[key.slice(4)] ?? '\0');
  const own: Record<string, string> = {
    InstanceIds: host.spec.id,
    PingStatus: host.isOnline ? 'Online' : 'ConnectionLost',
    PlatformTypes: host.spec.platform ?? 'Linux',
    ResourceType: 'EC2Instance',
    AgentVersion: host.spec.agentVersion ?? AGENT_VERSION,
  };
  if (key === 'tag-key') return values.some((value) => value in host.spec.tags);
  if (!(key in own)) throw new ServiceError('InvalidFilterKey', `The filter key ${key} is not valid.`);
  return values.includes(own[key] ?? '');
}

/** Linux is the machine behind a host. */
const PLATFORMS = {
  Linux: ['Debian GNU/Linux', '12'],
  MacOS: ['macOS', '15.1'],
  Windows: ['Microsoft Windows Server 2022 Datacenter', '10.0.20348'],
} as const;

function describe(host: Host, now: number): Record<string, unknown> {
  const { platform = 'Linux' } = host.spec;
  const [PlatformName, PlatformVersion] = PLATFORMS[platform];
  return {
    InstanceId: host.spec.id,
    PingStatus: host.isOnline ? 'Online' : 'ConnectionLost',
    LastPingDateTime: toSeconds(host.isOnline ? now : host.lastPingAt),
    AgentVersion: host.spec.agentVersion ?? AGENT_VERSION,
    IsLatestVersion: host.spec.agentVersion === undefined,
    PlatformType: platform,
    PlatformName,
    PlatformVersion,
    ResourceType: 'EC2Instance',
    IPAddress: '10.0.0.10',
    ComputerName: host.spec.name,
    SourceId: host.spec.id,
    SourceType: 'AWS::EC2::Instance',
  };
}

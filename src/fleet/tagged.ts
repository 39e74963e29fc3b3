import {
  GetResourcesCommand,
  ResourceGroupsTaggingAPIClient,
} from '@aws-sdk/client-resource-groups-tagging-api';
import { refuseForeignAnswers } from './answers.ts';
import { type Connection, configure } from './client.ts';

/** The service's largest page [model: ResourcesPerPage 1 to 100]. */
const PAGE_SIZE = 100;

export interface TaggedInstance {
  readonly instanceId: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** Managed or not. Systems Manager has no call for the tags of EC2 instances, so this needs tag:GetResources. */
export async function* listTagged(
  connection: Connection,
  signal?: AbortSignal,
): AsyncGenerator<TaggedInstance> {
  const client = new ResourceGroupsTaggingAPIClient({ maxAttempts: 2, ...configure(connection) });
  refuseForeignAnswers(client);
  try {
    let token = '';
    do {
      const page = await client.send(
        new GetResourcesCommand({
          ResourceTypeFilters: ['ec2:instance', 'ssm:managed-instance'],
          ResourcesPerPage: PAGE_SIZE,
          ...(token ? { PaginationToken: token } : {}),
        }),
        signal ? { abortSignal: signal } : {},
      );
      for (const { ResourceARN = '', Tags = [] } of page.ResourceTagMappingList ?? []) {
        yield {
          instanceId: ResourceARN.slice(ResourceARN.lastIndexOf('/') + 1),
          tags: Object.fromEntries(Tags.map(({ Key = '', Value = '' }) => [Key, Value])),
        };
      }
      token = page.PaginationToken ?? '';
    } while (token);
  } finally {
    client.destroy();
  }
}

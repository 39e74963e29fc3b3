import type { Credentials } from './door.ts';
import { LAB_KEY, REGION } from './options.ts';

/** The variables with which a client reaches a lab. */
export function labEnv({
  endpoint,
  credentials,
}: {
  readonly endpoint: string;
  readonly credentials: Credentials;
}): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: LAB_KEY,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    AWS_ENDPOINT_URL_SSM: endpoint,
    AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API: endpoint,
    AWS_ENDPOINT_URL_STS: endpoint,
    AWS_ENDPOINT_URL_ORGANIZATIONS: endpoint,
    AWS_ENDPOINT_URL_ACCOUNT: endpoint,
  };
}

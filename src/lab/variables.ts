/** The variables with which a client reaches a lab. */
import type { Credentials } from './door.ts';
import { LAB_KEY, LAB_ROLE_KEY, REGION } from './options.ts';

/** Variables with keys of this start. With `expiresAt` they are temporary keys, which the endpoint refuses from then on. */
export function labEnv(
  { endpoint, credentials }: { readonly endpoint: string; readonly credentials: Credentials },
  expiresAt?: Date,
): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: expiresAt ? LAB_ROLE_KEY : LAB_KEY,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    AWS_ENDPOINT_URL_SSM: endpoint,
    AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API: endpoint,
    AWS_ENDPOINT_URL_STS: endpoint,
    AWS_ENDPOINT_URL_ORGANIZATIONS: endpoint,
    AWS_ENDPOINT_URL_ACCOUNT: endpoint,
    ...(expiresAt
      ? {
          AWS_SESSION_TOKEN: `lab-until-${expiresAt.getTime()}`,
          AWS_CREDENTIAL_EXPIRATION: expiresAt.toISOString(),
        }
      : {}),
  };
}

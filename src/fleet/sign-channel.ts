import type { SSMClient } from '@aws-sdk/client-ssm';
import { SignatureV4 } from '@smithy/signature-v4';

/** The service of the data channels, as Signature Version 4 names it. */
const SERVICE = 'ssmmessages';

/**
 * Headers that sign the opening of a data channel, as the official plugin does since 1.2.764.0 [release notes of
 * session-manager-plugin, 2025-11-19; the oldest version that the user guide supports]. They are valid for about five
 * minutes, so call it for every address. Returns {} if the address already contains a signature.
 */
export async function signChannel(client: SSMClient, streamUrl: string): Promise<Record<string, string>> {
  const url = new URL(streamUrl);
  if ([...url.searchParams.keys()].some((name) => name.toLowerCase() === 'x-amz-signature')) return {};
  const { credentials, region, sha256, systemClockOffset } = client.config;
  const signer = new SignatureV4({ credentials, region, sha256, service: SERVICE, applyChecksum: false });
  const { headers } = await signer.sign(
    {
      method: 'GET',
      protocol: url.protocol,
      hostname: url.hostname,
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: { host: url.host },
    },
    { signingDate: new Date(Date.now() + systemClockOffset) },
  );
  const { host: _, ...signed } = headers;
  return signed;
}

import type { SSMClient } from '@aws-sdk/client-ssm';
import { SignatureV4 } from '@smithy/signature-v4';

/** The service whose data channels sessions run over, as Signature Version 4 names it. */
const SERVICE = 'ssmmessages';

/**
 * The headers that sign the request which opens a data channel, as the official plugin signs it from 1.2.764.0 on
 * [release notes of session-manager-plugin, 2025-11-19; the oldest version that the user guide still calls supported]. They hold for
 * about five minutes, so every address gets its own. None for an address that carries its signature itself.
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

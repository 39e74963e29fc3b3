import { UsageError } from './errors.ts';

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** An address that was given for a service, and what gave it. */
export interface GivenAddress {
  /** As messages call it: `--endpoint-url`, `AWS_ENDPOINT_URL`. */
  readonly label: string;
  readonly address: string;
}

/** Neither encrypted nor on this machine. What is no address counts too: the SDK encrypts `https:` alone. */
export function isExposed(address: string): boolean {
  try {
    return new URL(address).protocol !== 'https:' && !isOnThisMachine(address);
  } catch {
    return true;
  }
}

/** @throws TypeError where it is no address */
export function isOnThisMachine(address: string): boolean {
  return LOOPBACK.test(new URL(address).hostname);
}

export function refuseExposed({ label, address }: GivenAddress): UsageError {
  return new UsageError({
    code: 'exposed-endpoint',
    what: `${label} ${address} is not encrypted`,
    why: 'whoever is on the way can read the sessions and change the scripts that run as root',
    next: 'give an https:// address; on a network that you trust, add --allow-unencrypted-endpoint',
  });
}

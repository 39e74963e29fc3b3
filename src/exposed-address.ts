import { UsageError } from './errors.ts';

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** An address of a service, and the setting that it comes from. */
export interface GivenAddress {
  /** The setting's name in messages: `--endpoint-url`, `AWS_ENDPOINT_URL`. */
  readonly label: string;
  readonly address: string;
}

/** False for https and for this machine. True also for a text that is no address. */
export function isExposed(address: string): boolean {
  try {
    return new URL(address).protocol !== 'https:' && !isOnThisMachine(address);
  } catch {
    return true;
  }
}

/** @throws TypeError if it is no address */
export function isOnThisMachine(address: string): boolean {
  return LOOPBACK.test(new URL(address).hostname);
}

/** For messages. Up to the last `@`: a password may hold any character, and Go and curl take a proxy without a scheme. */
export const hidePassword = (address: string) => address.replace(/^(\w+:\/\/)?.*@/s, '$1…@');

export const EXPOSED = 'whoever is on the way can read the sessions and change the scripts that run as root';

export function refuseExposed({ label, address }: GivenAddress): UsageError {
  return new UsageError({
    code: 'exposed-endpoint',
    what: `${label} ${hidePassword(address)} is not encrypted`,
    why: EXPOSED,
    next: 'give an https:// address; on a network that you trust, add --allow-unencrypted-endpoint',
  });
}

/** Credentials of a role in another account, renewed while the program runs. */
import { UserError } from '../errors.ts';
import { partitionOf } from '../partitions.ts';
import { quoteCommand } from '../terminal/shell-word.ts';
import { ForeignAnswerError } from './answers.ts';
import { clockOf, type Keys } from './client.ts';
import { explainServiceError, readDenial } from './service-errors.ts';
import { type Caller, callSigned, readElement } from './signed-call.ts';

export interface RoleName {
  readonly account: string;
  readonly role: string;
  readonly externalId: string | undefined;
}

/** Renew this long before the end, as the SDK does; for short-lived credentials less. */
const RENEW_MS = 5 * 60_000;
const RENEW_SHARE = 1 / 3;

/** The role session's name in the account's CloudTrail. */
const SESSION_NAME = 'ssm-keepalive';

/** Renews the role's credentials shortly before they end; callers wait for one answer. After a failure it does not ask again. */
export function assumeRole(caller: Caller, name: RoleName): () => Promise<Keys> {
  let current: Promise<Keys> | undefined;
  let renewAt = Number.POSITIVE_INFINITY;
  return () => {
    const clock = clockOf(caller.client);
    if (current && clock.now() < renewAt) return current;
    const askedAt = clock.now();
    renewAt = Number.POSITIVE_INFINITY;
    current = askForRole(caller, name).then((keys) => {
      const life = (keys.expiration?.getTime() ?? Number.POSITIVE_INFINITY) - askedAt;
      renewAt = askedAt + life - Math.min(RENEW_MS, life * RENEW_SHARE);
      return keys;
    });
    return current;
  };
}

async function askForRole(caller: Caller, name: RoleName): Promise<Keys> {
  const { account, role, externalId } = name;
  try {
    const region = await caller.client.config.region();
    const parameters = new URLSearchParams({
      Action: 'AssumeRole',
      Version: '2011-06-15',
      RoleArn: `arn:${partitionOf(region)}:iam::${account}:role/${role}`,
      RoleSessionName: SESSION_NAME,
      ...(externalId === undefined ? {} : { ExternalId: externalId }),
    });
    const answer = await callSigned(caller, {
      service: 'sts',
      headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
      body: parameters.toString(),
    });
    const read = (element: string) => {
      const found = readElement(answer, element);
      if (!found) throw new ForeignAnswerError(`AssumeRole: ${element} is missing`);
      return found;
    };
    const expiration = new Date(read('Expiration'));
    if (Number.isNaN(expiration.getTime())) throw new ForeignAnswerError('AssumeRole: Expiration is no time');
    return {
      accessKeyId: read('AccessKeyId'),
      secretAccessKey: read('SecretAccessKey'),
      sessionToken: read('SessionToken'),
      expiration,
      $source: { CREDENTIALS_STS_ASSUME_ROLE: 'i' },
    };
  } catch (error) {
    throw explainRole(error, name);
  }
}

/** STS gives the same error for a missing role, a missing trust and a wrong external id [API reference, AssumeRole]. */
function explainRole(error: unknown, { account, role, externalId }: RoleName): UserError {
  const what = `account ${account} was not worked in`;
  const denied = readDenial(error);
  if (!denied) return explainServiceError(error, what);
  const { message } = error as Error;
  const leaveOut = quoteCommand`leave the account out: --exclude ${account}`;
  const isOurs = /no identity-based policy allows/.test(message);
  const isForbidden = /explicit deny/.test(message);
  const withId = externalId === undefined ? '' : ', or asks for another external id';
  const [code, why, next] =
    isOurs || isForbidden
      ? [
          'AccessDeniedException',
          isOurs
            ? `these credentials lack sts:AssumeRole on ${denied.resource}`
            : `a policy denies sts:AssumeRole on ${denied.resource}`,
          `ask for it: docs/organization.md has what is needed; or ${leaveOut}`,
        ]
      : [
          'no-role',
          `the role ${role} is not there, or does not trust ${readCaller(message)}${withId}`,
          `make the role there or mend its trust policy${
            externalId === undefined ? '; if that asks for an external id, give --external-id' : ''
          }; or ${leaveOut}`,
        ];
  return new UserError({ code, what, why, next }, { cause: error });
}

const readCaller = (message: string) => /^User: (\S+) is not/.exec(message)?.[1] ?? 'these credentials';

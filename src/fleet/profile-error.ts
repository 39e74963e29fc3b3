import { loadSharedConfigFiles } from '@smithy/core/config';
import { nearestName } from '../nearest.ts';
import { describeSystemError } from '../system-error.ts';
import { quoteCommand } from '../terminal/shell-word.ts';

/** A profile gives no Region or no credentials. `next` helps with this very profile. */
export class ProfileError extends Error {
  readonly next: string;

  constructor(why: string, next: string, cause: unknown) {
    super(why, { cause });
    this.name = 'CredentialsProviderError';
    this.next = next;
  }
}

/** Explains why a profile gave no credentials or no Region. Returns any other error unchanged. */
export async function explainProfile(
  error: unknown,
  { profile: given, variables = {} }: { profile?: string | undefined; variables?: NodeJS.ProcessEnv },
): Promise<unknown> {
  const profile = given ?? variables['AWS_PROFILE'];
  const { name, message, code = '' } = error as NodeJS.ErrnoException;
  // A file that a profile names cannot be read: the library passes the error of the file system on.
  const isOfFile =
    /^(ENOENT|ENOTDIR|EISDIR|EACCES|EPERM|ELOOP)$/.test(code) && !('$metadata' in (error as object));
  if (name !== 'CredentialsProviderError' && !isOfFile && !/region is missing/i.test(message)) return error;
  if (error instanceof ProfileError) return error;
  if (!profile) {
    const lacking =
      name === 'CredentialsProviderError' &&
      findLackingKey(variables, 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY');
    return lacking
      ? new ProfileError(`${lacking}, and no profile was given`, 'set both, or neither', error)
      : error;
  }
  // The service's errors explain it; they need the name.
  if (/sso session/i.test(message)) return Object.assign(error as Error, { ofProfile: profile });
  const { configFile, credentialsFile } = await loadSharedConfigFiles();
  if (!configFile[profile] && !credentialsFile[profile]) {
    const nearest = nearestName(profile, Object.keys({ ...configFile, ...credentialsFile }));
    return new ProfileError(
      `profile ${profile} is not in the AWS configuration`,
      (nearest ? quoteCommand`did you mean --profile ${nearest}? If not, ` : '') +
        'look with  aws configure list-profiles',
      error,
    );
  }
  if (/region is missing/i.test(message)) return error;
  if (/multi-factor/.test(message))
    return new ProfileError(
      `profile ${profile} asks for an MFA code, and this program cannot ask you for it`,
      quoteCommand`take the credentials first:  eval "$(aws configure export-credentials --profile ${profile} --format env)"  and give no profile then`,
      error,
    );
  const said = isOfFile ? describeSystemError(error) : `“${message.split('\n')[0]}”`;
  const reason = /any providers/.test(message)
    ? guessReason({ ...configFile[profile], ...credentialsFile[profile] })
    : `: ${said}`;
  return new ProfileError(
    `profile ${profile} gives no credentials${reason}`,
    quoteCommand`see why with  aws sts get-caller-identity --profile ${profile}`,
    error,
  );
}

/** The library names no reason where several sources were asked. */
function guessReason(profile: Readonly<Record<string, string | undefined>>): string {
  if (profile['credential_process'])
    return ': its credential_process failed, or printed credentials that have expired or are no JSON of the known form';
  const lacking = findLackingKey(profile, 'aws_access_key_id', 'aws_secret_access_key');
  return lacking ? `: ${lacking} there` : '';
}

/** Of the two keys one alone is no credential. */
function findLackingKey(
  given: Readonly<Record<string, string | undefined>>,
  id: string,
  secret: string,
): string | undefined {
  const [has, lacks] = given[id] ? [id, secret] : [secret, id];
  return given[has] && !given[lacks] ? `${has} is set and ${lacks} is not` : undefined;
}

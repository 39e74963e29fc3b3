import { UserError } from '../errors.ts';
import type { ScriptName } from './wire.ts';

/** The service's limit for a document with its parameters [model]; our parameters are under 100 bytes. */
const LARGEST_BYTES = 64 * 1024 - 256;

/** Digits, 5 to 172800: the agent's bounds [agent source], as in AWS-RunShellScript. */
const TIMEOUT_PATTERN = '([1-9][0-9]{0,4})|(1[0-6][0-9]{4})|(17[0-1][0-9]{3})|(172[0-7][0-9]{2})|(172800)';

/**
 * The text of a document that runs one script; its only parameter is a time. A permission for the document is a
 * permission for this script alone. The agent joins the lines as for AWS-RunShellScript, so an instance gets the same bytes.
 * @throws UserError if it would be larger than the service allows.
 */
export function makeDocument(verb: ScriptName, productVersion: string, commands: readonly string[]): string {
  const content = JSON.stringify({
    schemaVersion: '2.2',
    description: `ssm-keepalive ${productVersion} ${verb}: runs this one script and takes no other`,
    parameters: {
      executionTimeout: {
        type: 'String',
        default: '300',
        description: 'Seconds that the script may run',
        allowedPattern: TIMEOUT_PATTERN,
      },
    },
    mainSteps: [
      {
        action: 'aws:runShellScript',
        name: verb,
        precondition: { StringEquals: ['platformType', 'Linux'] },
        inputs: { timeoutSeconds: '{{ executionTimeout }}', runCommand: commands },
      },
    ],
  });
  const bytes = Buffer.byteLength(content);
  if (bytes <= LARGEST_BYTES) return content;
  throw new UserError({
    code: 'document-too-large',
    what: `the document would be ${bytes} bytes`,
    why: 'the service takes 64 KB',
    next: 'choose fewer entries or keepers',
  });
}

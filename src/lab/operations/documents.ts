import { createHash } from 'node:crypto';
import type { Account, Operation } from '../account.ts';
import { ACCOUNT } from '../options.ts';
import { ServiceError } from '../service-error.ts';
import { parseInput } from '../shapes.ts';

interface DocumentRecord {
  readonly name: string;
  readonly type: 'Command' | 'Session';
  readonly owner: string;
  readonly content: string;
}

/** What every account has from the start. SSM-SessionManagerRunShell is made only when someone saves preferences. */
const DOCUMENTS: readonly DocumentRecord[] = [
  {
    name: 'AWS-RunShellScript',
    type: 'Command',
    owner: 'Amazon',
    content: JSON.stringify({
      schemaVersion: '1.2',
      description: 'Run a shell script or specify the commands to run.',
      parameters: {
        commands: {
          type: 'StringList',
          description: '(Required) Specify a shell script or a command to run.',
          minItems: 1,
          displayType: 'textarea',
        },
        workingDirectory: {
          type: 'String',
          default: '',
          description: '(Optional) The path to the working directory on your instance.',
          maxChars: 4096,
        },
        executionTimeout: {
          type: 'String',
          default: '3600',
          description: '(Optional) The time in seconds for a command to complete.',
          allowedPattern: '([1-9][0-9]{0,4})|(1[0-6][0-9]{4})|(17[0-1][0-9]{3})|(172[0-7][0-9]{2})|(172800)',
        },
      },
      runtimeConfig: {
        'aws:runShellScript': {
          properties: [
            {
              id: '0.aws:runShellScript',
              runCommand: '{{ commands }}',
              workingDirectory: '{{ workingDirectory }}',
              timeoutSeconds: '{{ executionTimeout }}',
            },
          ],
        },
      },
    }),
  },
];

/** @throws ServiceError InvalidDocument */
export function findDocument(account: Account, name: string): DocumentRecord {
  const document = [...DOCUMENTS, ...savedPreferences(account)].find((one) => one.name === name);
  if (document === undefined)
    throw new ServiceError('InvalidDocument', `Document with name ${name} does not exist.`);
  return document;
}

function savedPreferences({ preferences }: Account): DocumentRecord[] {
  if (preferences === undefined) return [];
  const document = {
    schemaVersion: '1.0',
    description: 'Document to hold regional settings for Session Manager',
    sessionType: 'Standard_Stream',
    inputs: preferences,
  };
  const name = 'SSM-SessionManagerRunShell';
  return [{ name, type: 'Session', owner: ACCOUNT, content: JSON.stringify(document) }];
}

export const getDocument: Operation = (account, body) => {
  const input = parseInput('GetDocument', body);
  const { name, type, content } = findDocument(account, input.Name);
  return {
    Name: name,
    DocumentVersion: '1',
    Status: 'Active',
    Content: content,
    DocumentType: type,
    DocumentFormat: 'JSON',
  };
};

export const describeDocument: Operation = (account, body) => {
  const input = parseInput('DescribeDocument', body);
  const { name, type, owner, content } = findDocument(account, input.Name);
  return {
    Document: {
      Hash: createHash('sha256').update(content).digest('hex'),
      HashType: 'Sha256',
      Name: name,
      Owner: owner === 'Amazon' ? owner : ACCOUNT,
      Status: 'Active',
      DocumentVersion: '1',
      DefaultVersion: '1',
      LatestVersion: '1',
      SchemaVersion: type === 'Command' ? '1.2' : '1.0',
      DocumentType: type,
      DocumentFormat: 'JSON',
      PlatformTypes: ['Linux', 'MacOS'],
    },
  };
};

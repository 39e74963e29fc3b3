/** The account's documents (the service's and its own), and the checks of their content. */
import type { Clock } from '../clock.ts';
import { parseObject } from '../json-object.ts';
import { checkCommandDocument, readScript, type Script } from './command-document.ts';
import type { CommandRecord, DocumentRecord, DocumentVersion, RecordStore } from './records.ts';
import { ServiceError } from './service-error.ts';

interface Shelf {
  readonly store: RecordStore;
  readonly clock: Clock;
  readonly consistencySeconds: number;
}

/** The default session document; exists once somebody saved it. */
export const PREFERENCES = 'SSM-SessionManagerRunShell';

export interface FoundDocument {
  readonly document: DocumentRecord;
  readonly owner: 'Amazon' | 'Self';
  readonly version: DocumentVersion;
}

/** `wanted` is a number, $DEFAULT (also when absent) or $LATEST. @throws ServiceError InvalidDocument, InvalidDocumentVersion */
export function findDocument(
  account: Pick<Shelf, 'store'>,
  name: string,
  wanted = '$DEFAULT',
  versionName?: string,
): FoundDocument {
  const own = account.store.records.documents.find((one) => one.name === name);
  const document = own ?? AMAZON_DOCUMENTS.find((one) => one.name === name);
  if (document === undefined)
    throw new ServiceError('InvalidDocument', `Document with name ${name} does not exist.`);
  const number =
    wanted === '$DEFAULT'
      ? document.defaultVersion
      : wanted === '$LATEST'
        ? latestOf(document).version
        : Number(wanted);
  const version = document.versions.find((one) =>
    versionName === undefined ? one.version === number : one.versionName === versionName,
  );
  if (version === undefined)
    throw new ServiceError(
      'InvalidDocumentVersion',
      `The version ${versionName ?? wanted} of document ${name} does not exist.`,
    );
  return { document, owner: own === undefined ? 'Amazon' : 'Self', version };
}

export function latestOf(document: DocumentRecord): DocumentVersion {
  const latest = document.versions.at(-1);
  if (latest === undefined) throw new ServiceError('InternalServerError', '', 500);
  return latest;
}

/** Checks a document before it is stored. The lab reads JSON only. */
export function checkContent(type: string, format: string, content: string): void {
  if (Buffer.byteLength(content) > LARGEST_CONTENT_BYTES) throw new ServiceError('MaxDocumentSizeExceeded');
  if (format !== 'JSON')
    throw new ServiceError('InvalidDocumentContent', 'This lab reads JSON documents only.');
  const parsed = parseObject(content);
  if (parsed === undefined) throw new ServiceError('InvalidDocumentContent', 'JSON not well-formed.');
  const versions = SCHEMA_VERSIONS[type] ?? [];
  if (!versions.includes(String(parsed['schemaVersion'])))
    throw new ServiceError(
      'InvalidDocumentSchemaVersion',
      `The schema version of a ${type} document is one of ${versions.join(', ')}.`,
    );
  if (type === 'Session') checkSession(parsed);
  else checkCommandDocument(parsed);
}

/** Finds a Command document that can be used now. @throws ServiceError */
export function findUsable(account: Shelf, name: string, wanted?: string): FoundDocument {
  const found = findDocument(account, name, wanted);
  if (found.document.type !== 'Command')
    throw new ServiceError('InvalidDocument', `Document ${name} is not a Command document.`);
  // A version that is being created cannot be used [inferred from its status]; the service's words are not known.
  if (isCreating(account, found.version))
    throw new ServiceError('InvalidDocument', `Document ${name} is not active yet.`);
  return found;
}

/** A new version has the status Creating for a moment. */
export function isCreating(
  { clock, consistencySeconds }: Pick<Shelf, 'clock' | 'consistencySeconds'>,
  version: DocumentVersion,
): boolean {
  return clock.now() < version.createdAt + consistencySeconds * 1000;
}

export function scriptOf(account: Pick<Shelf, 'store'>, command: CommandRecord): Script {
  const { version } = findDocument(account, command.documentName, command.documentVersion);
  return readScript(version.content, command);
}

export function readInputs(content: string): Record<string, unknown> {
  const inputs = parseObject(content)?.['inputs'];
  return typeof inputs === 'object' && inputs !== null ? (inputs as Record<string, unknown>) : {};
}

export function sessionTypeOf(content: string): string {
  return String(parseObject(content)?.['sessionType']);
}

const LARGEST_CONTENT_BYTES = 64 * 1024;
const SCHEMA_VERSIONS: Readonly<Record<string, readonly string[]>> = {
  Command: ['1.2', '2.0', '2.2'],
  Session: ['1.0'],
};
const SESSION_TYPES = ['Standard_Stream', 'InteractiveCommands', 'NonInteractiveCommands', 'Port'];
/** Minutes as text [user guide, session document schema]. */
const IDLE_MINUTES = /^([1-9]|[1-5][0-9]|60)$/;
const LONGEST_PROFILE = 512;

function checkSession(document: Record<string, unknown>): void {
  const refuse = (why: string): never => {
    throw new ServiceError('InvalidDocumentContent', why);
  };
  const type = String(document['sessionType']);
  if (!SESSION_TYPES.includes(type)) refuse('sessionType is not valid.');
  const { linux } = (document['properties'] ?? {}) as { linux?: { commands?: unknown } };
  if (type === 'InteractiveCommands' && typeof linux?.commands !== 'string')
    refuse('An InteractiveCommands document needs properties.linux.commands.');
  const inputs = readInputs(JSON.stringify(document));
  const idle = inputs['idleSessionTimeout'] ?? '';
  if (idle !== '' && !IDLE_MINUTES.test(String(idle)))
    refuse('idleSessionTimeout must be a number of minutes from 1 to 60.');
  const longest = inputs['maxSessionDuration'] ?? '';
  const isMinutes = /^[1-9][0-9]{0,3}$/.test(String(longest)) && Number(longest) <= 1440;
  if (longest !== '' && !isMinutes) refuse('maxSessionDuration must be a number of minutes from 1 to 1440.');
  const profile = (inputs['shellProfile'] as Record<string, unknown> | undefined)?.['linux'] ?? '';
  if (typeof profile !== 'string' || profile.length > LONGEST_PROFILE)
    refuse(`shellProfile is at most ${LONGEST_PROFILE} characters.`);
}

/** Every account has these. The content of AWS-StartInteractiveCommand is inferred from how it is used. */
const AMAZON_DOCUMENTS: readonly DocumentRecord[] = [
  ownedByAmazon('AWS-StartInteractiveCommand', 'Session', {
    schemaVersion: '1.0',
    description: 'Document to run single interactive command on an instance',
    sessionType: 'InteractiveCommands',
    parameters: { command: { type: 'String', description: '(Required) The command to run.' } },
    properties: { linux: { commands: '{{ command }}', runAsElevated: false } },
  }),
  ownedByAmazon('AWS-RunShellScript', 'Command', {
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
];

function ownedByAmazon(name: string, type: DocumentRecord['type'], content: object): DocumentRecord {
  const version = { version: 1, createdAt: Date.UTC(2017, 3, 1), content: JSON.stringify(content) };
  return { name, type, defaultVersion: 1, versions: [version] };
}

export function hasDocument(account: Pick<Shelf, 'store'>, name: string): boolean {
  return [...account.store.records.documents, ...AMAZON_DOCUMENTS].some((one) => one.name === name);
}

/** The account's own come first. */
export function allDocuments(account: Shelf): FoundDocument[] {
  const names = [...account.store.records.documents, ...AMAZON_DOCUMENTS].map(({ name }) => name);
  return names.map((name) => findDocument(account, name));
}

/** Command documents: checks, and the script that a command runs. Parameters of session documents too. */
import type { CommandRecord } from './records.ts';
import { ServiceError } from './service-error.ts';

export interface Script {
  readonly text: string;
  readonly workingDirectory: string;
  readonly timeoutSeconds: number;
}

/** The agent's default when a document names no timeout, or one outside 5..172800 [facts/ssm.md]. */
const DEFAULT_TIMEOUT_SECONDS = 3600;
/** The document and its runtime parameters together [facts/ssm.md]. */
const LARGEST_DOCUMENT_BYTES = 64 * 1024;
const PLUGIN = 'aws:runShellScript';
const STEP_NAME = /^[a-zA-Z0-9_.-]{1,128}$/;
const PARAMETER_TYPES = ['String', 'StringList', 'Boolean', 'Integer', 'MapList', 'StringMap'];

interface Parameter {
  readonly type: string;
  readonly default?: unknown;
  readonly allowedValues?: readonly string[];
  readonly allowedPattern?: string;
  readonly minItems?: number;
  readonly maxChars?: number;
}

type Inputs = Readonly<Record<string, unknown>>;

interface Content {
  readonly schemaVersion: string;
  readonly parameters?: Readonly<Record<string, Parameter>>;
  /** Schema 1.2. */
  readonly runtimeConfig?: Readonly<Record<string, { readonly properties: readonly Inputs[] }>>;
  /** Of a session document. */
  readonly properties?: { readonly linux?: { readonly commands?: unknown } };
  /** Schema 2.x. */
  readonly mainSteps?: readonly { readonly action: string; readonly name: string; readonly inputs: Inputs }[];
}

/** @throws ServiceError InvalidDocumentContent */
export function checkCommandDocument(document: Readonly<Record<string, unknown>>): void {
  const { schemaVersion, parameters = {}, mainSteps } = document as unknown as Content;
  for (const [name, parameter] of Object.entries(parameters)) {
    if (!PARAMETER_TYPES.includes(parameter.type))
      throw new ServiceError('InvalidDocumentContent', `Parameter ${name} has no valid type.`);
  }
  if (schemaVersion === '1.2') return;
  if (!Array.isArray(mainSteps) || mainSteps.length === 0)
    throw new ServiceError('InvalidDocumentContent', 'A document needs at least one step in mainSteps.');
  for (const { action, name, inputs } of mainSteps as NonNullable<Content['mainSteps']>) {
    if (action !== PLUGIN)
      throw new ServiceError('InvalidDocumentContent', `This lab runs ${PLUGIN} alone, not ${action}.`);
    if (!STEP_NAME.test(name)) throw new ServiceError('InvalidDocumentContent', `Step name ${name}.`);
    if (!Array.isArray(inputs?.['runCommand']))
      throw new ServiceError('InvalidDocumentContent', `Step ${name} has no runCommand.`);
  }
  const unknown = references(JSON.stringify(mainSteps)).find((name) => !Object.hasOwn(parameters, name));
  if (unknown !== undefined)
    throw new ServiceError('InvalidDocumentContent', `Parameter ${unknown} is used and not defined.`);
}

/** Checks parameter values as SendCommand and CreateAssociation do. @throws ServiceError */
export function checkParameters(content: string, values: Readonly<Record<string, string[]>>): void {
  const { parameters = {} } = parse(content);
  const refuse = (why: string): never => {
    throw new ServiceError('InvalidParameters', why);
  };
  for (const name of Object.keys(values))
    if (!Object.hasOwn(parameters, name)) refuse(`Parameter ${name} is not defined in the document.`);
  for (const [name, parameter] of Object.entries(parameters)) {
    const given = values[name];
    if ((given ?? []).length < (parameter.minItems ?? (parameter.default === undefined ? 1 : 0)))
      refuse(`Parameter ${name} is required.`);
    for (const value of given ?? []) {
      if (parameter.allowedValues && !parameter.allowedValues.includes(value))
        refuse(`Parameter ${name} is not one of the allowed values.`);
      // The whole value must match [inferred from the unanchored pattern of AWS-RunShellScript's executionTimeout].
      if (parameter.allowedPattern && !new RegExp(`^(?:${parameter.allowedPattern})$`).test(value))
        refuse(`Parameter ${name} does not match ${parameter.allowedPattern}.`);
      if (parameter.maxChars !== undefined && value.length > parameter.maxChars)
        refuse(`Parameter ${name} is longer than ${parameter.maxChars} characters.`);
    }
  }
  if (Buffer.byteLength(JSON.stringify(values)) + Buffer.byteLength(content) > LARGEST_DOCUMENT_BYTES)
    throw new ServiceError('MaxDocumentSizeExceeded', 'The size limit of a document is 64 KB.');
  // The service resolves {{ssm:name}}. No such parameter exists here, so a raw `{{` is an error.
  const reference = /\{\{\s*(ssm(?:-secure)?:)?([^}]*)/.exec(Object.values(values).flat().join('\n'));
  if (reference !== null)
    refuse(`Parameters: [{{${reference[1] ?? ''}${reference[2] ?? ''}}}] cannot be resolved.`);
}

/** Joins the lines with newlines and fills in the parameters [agent source]. */
export function readScript(content: string, { parameters }: Pick<CommandRecord, 'parameters'>): Script {
  const document = parse(content);
  const inputs = document.runtimeConfig?.[PLUGIN]?.properties[0] ?? document.mainSteps?.[0]?.inputs ?? {};
  const fill = (text: unknown): string => fillIn(text, document, parameters);
  const lines = inputs['runCommand'] ?? '';
  const seconds = Number(fill(inputs['timeoutSeconds']));
  return {
    text: (Array.isArray(lines) ? lines : [lines]).map(fill).join('\n'),
    workingDirectory: fill(inputs['workingDirectory']),
    timeoutSeconds: seconds >= 5 && seconds <= 172_800 ? seconds : DEFAULT_TIMEOUT_SECONDS,
  };
}

/** The command of an InteractiveCommands document. */
export function readSessionCommand(
  content: string,
  parameters: Readonly<Record<string, readonly string[]>>,
): string {
  const document = parse(content);
  return fillIn(document.properties?.linux?.commands, document, parameters);
}

function fillIn(
  text: unknown,
  document: Content,
  parameters: Readonly<Record<string, readonly string[]>>,
): string {
  const read = (name: string): readonly string[] => {
    const fallback = document.parameters?.[name]?.default ?? '';
    return parameters[name] ?? (Array.isArray(fallback) ? fallback.map(String) : [String(fallback)]);
  };
  return String(text ?? '').replace(REFERENCE, (_, name: string) => read(name).join('\n'));
}

/** The step's name in results; in schema 1.2 the plugin's name. */
export function stepName(content: string): string {
  return parse(content).mainSteps?.[0]?.name ?? PLUGIN;
}

/** Parsed documents by their text: the results of a fleet read the same document ten thousand times. */
const parsed = new Map<string, Content>();
const MOST_PARSED = 20;

function parse(content: string): Content {
  const known = parsed.get(content);
  if (known !== undefined) return known;
  const document = JSON.parse(content) as Content;
  if (parsed.size >= MOST_PARSED) parsed.clear();
  parsed.set(content, document);
  return document;
}

const REFERENCE = /\{\{\s*([\w-]+)\s*\}\}/g;

function references(text: string): string[] {
  return [...text.matchAll(REFERENCE)].map(([, name = '']) => name);
}

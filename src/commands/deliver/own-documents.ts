/** `--document`: our scripts become versions of one document of the account and replace AWS-RunShellScript. */
import type { SSMClient } from '@aws-sdk/client-ssm';
import { type Bundle, makeDocument, type ScriptName, wireCommands } from '../../bundle/index.ts';
import { type DocumentPlan, type PinnedDocument, planDocument } from '../../fleet/command-document.ts';
import type { Settings } from '../../settings/settings.ts';

/** The plans for the script and, for an install, for the status script of the second look. */
export interface OwnDocuments {
  readonly script: DocumentPlan;
  readonly look: DocumentPlan | undefined;
}

/** Reads the document and plans; undefined without `--document`. @throws UserError, ServiceError */
export async function planDocuments(
  client: SSMClient,
  verb: ScriptName,
  settings: Settings,
  bundle: Bundle,
): Promise<OwnDocuments | undefined> {
  const name = settings.delivery.documentName;
  if (!name) return undefined;
  const textOf = (wanted: ScriptName) => makeDocument(wanted, bundle.version, wireCommands(wanted, bundle));
  const plan = (wanted: ScriptName) => planDocument(client, name, wanted, bundle.version, textOf(wanted));
  const script = await plan(verb);
  if (verb !== 'install') return { script, look: undefined };
  const look = await plan('status');
  // If there is no document, the first of the two creates it.
  return { script, look: look.action === 'create' ? { ...look, action: 'update' } : look };
}

/** The document for an association's plan; a version that does not exist yet is `new`. */
export function plannedDocument(plans: OwnDocuments | undefined): PinnedDocument | undefined {
  if (!plans) return undefined;
  const { name, found } = plans.script;
  return found ?? { name, version: 'new', hash: '', hashType: 'Sha256' };
}

/** One sentence: the change that was made, or is planned. */
export function describeDocumentPlan(plan: DocumentPlan, version = 'a new version'): string {
  const { name, action, defaultVersion, found } = plan;
  if (action === 'create') return `document ${name} is new, version 1`;
  if (found) return `document ${name} has this script as version ${found.version}`;
  const shown = /^\d/.test(version) ? `version ${version}` : version;
  const moved = plan.isDefault
    ? `, and is the default instead of version ${defaultVersion}, which stays`
    : '';
  return `document ${name} gets ${shown}${moved}`;
}

/** `--document`: our scripts as versions of one document of the account, instead of parameters of AWS-RunShellScript. */
import type { SSMClient } from '@aws-sdk/client-ssm';
import { type Bundle, makeDocument, type ScriptName, wireCommands } from '../../bundle/index.ts';
import { type DocumentPlan, type PinnedDocument, planDocument } from '../../fleet/command-document.ts';
import type { Settings } from '../../settings/settings.ts';

/** The plans for what will be sent: the script itself, and for an install the one that looks afterwards. */
export interface OwnDocuments {
  readonly script: DocumentPlan;
  readonly look: DocumentPlan | undefined;
}

/** Looks what is there, changes nothing; undefined without `--document`. @throws UserError, ServiceError */
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
  // A document that is not there yet is made by the first of the two.
  return { script, look: look.action === 'create' ? { ...look, action: 'update' } : look };
}

/** What an association would name, for its plan; a version that is not there yet stands as `new`. */
export function plannedDocument(plans: OwnDocuments | undefined): PinnedDocument | undefined {
  if (!plans) return undefined;
  const { name, found } = plans.script;
  return found ?? { name, version: 'new', hash: '', hashType: 'Sha256' };
}

/** One sentence: what was made, or would be. */
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

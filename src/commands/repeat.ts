import { type Bundle, type ScriptName, wireCommands } from '../bundle/index.ts';
import type { Settings } from '../settings/settings.ts';
import { quoteCommand } from '../terminal/shell-word.ts';

/** The script that an instance receives, with its last newline. The dry run counts it and `render` prints it. */
export function wireText(name: ScriptName, bundle: Bundle): string {
  return wireCommands(name, bundle).join('\n') + '\n';
}

/** The flags that reach the same accounts again, for commands we tell people to type. */
export function repeatConnection(settings: Settings): string {
  const { isLab, allowsUnencrypted } = settings.common;
  return [
    isLab ? ' --lab' : '',
    repeatAccounts(settings),
    ...repeatRole(settings.accounts),
    allowsUnencrypted ? ' --allow-unencrypted-endpoint' : '',
  ].join('');
}

/** The same flags for the AWS CLI; on the lab with its address, which our command line does not contain. */
export function repeatForAws(settings: Settings, labEndpoint: string): string {
  return settings.common.isLab ? quoteCommand` --endpoint-url ${labEndpoint}` : repeatAccounts(settings);
}

function repeatAccounts({ common }: Settings): string {
  const { regions, profiles, endpointUrl } = common;
  return [
    ...regions.map((region) => quoteCommand` --region ${region}`),
    ...profiles.map((profile) => quoteCommand` --profile ${profile}`),
    endpointUrl ? quoteCommand` --endpoint-url ${endpointUrl}` : '',
  ].join('');
}

function repeatRole(accounts: Settings['accounts']): string[] {
  const { ids, isOrganization, units, role, externalId, isAllRegions, excluded } = accounts;
  const list = (name: string, values: readonly string[]) =>
    values.length > 0 ? quoteCommand` --${name} ${values.join(',')}` : '';
  return [
    list('accounts', ids),
    isOrganization ? ' --organization' : '',
    list('ou', units),
    role === undefined ? '' : quoteCommand` --role ${role}`,
    externalId === undefined ? '' : quoteCommand` --external-id ${externalId}`,
    isAllRegions ? ' --all-regions' : '',
    list('exclude', excluded),
  ];
}

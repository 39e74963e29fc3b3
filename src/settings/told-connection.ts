import { hidePasswords } from '../errors.ts';
import { quoteCommand, TOLD_WORD } from '../terminal/shell-word.ts';
import type { Settings } from './settings.ts';

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

/** The commands that work in an account. */
const VERB =
  /ssm-keepalive (?:install|uninstall|status|connect|measure|doctor|preferences(?: (?:get|set|undo))?)\b/;
const TOLD = new RegExp(`${VERB.source}(?: ${TOLD_WORD})*`, 'g');

/** Advice whose commands reach the same account: each gets the flags of `repeatConnection` unless it has some of its own. */
export function completeAdvice(advice: string, connection: string): string {
  const flag = /--[a-z-]+/g;
  const own = new Set(connection.match(flag));
  return advice.replace(TOLD, (told) =>
    // Behind `--` nothing is a flag.
    told.match(flag)?.some((name) => own.has(name)) ? told : told.replace(/(?= -- )|$/, () => connection),
  );
}

/** The same flags for the AWS CLI; on the lab with its address, which our command line does not contain. */
export function repeatForAws(settings: Settings, labEndpoint: string): string {
  return settings.common.isLab ? quoteCommand` --endpoint-url ${labEndpoint}` : repeatAccounts(settings);
}

/** An address with a password may have been typed in the wrong place. */
function repeatAccounts({ common }: Settings): string {
  const { regions, profiles, endpointUrl } = common;
  return hidePasswords(
    [
      ...regions.map((region) => quoteCommand` --region ${region}`),
      ...profiles.map((profile) => quoteCommand` --profile ${profile}`),
      endpointUrl ? quoteCommand` --endpoint-url ${endpointUrl}` : '',
    ].join(''),
  );
}

/** The flags that choose the accounts and their role, each with a space before it; empty where none was given. */
export function repeatRole(accounts: Settings['accounts']): string[] {
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

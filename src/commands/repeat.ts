import { isDeepStrictEqual } from 'node:util';
import { type Bundle, type ScriptName, wireCommands } from '../bundle/index.ts';
import { formatDuration } from '../duration.ts';
import { FLAGS } from '../settings/flags.ts';
import type { Settings } from '../settings/settings.ts';
import { readFlag } from '../settings/values.ts';
import { quoteWord } from '../terminal/shell-word.ts';

/** The script that arrives on an instance, with the newline that ends it: what the dry run counts and `render` prints. */
export function wireText(name: ScriptName, bundle: Bundle): string {
  return wireCommands(name, bundle).join('\n') + '\n';
}

/** The flags that reach the same accounts again, for commands we tell people to type. */
export function repeatConnection(settings: Settings): string {
  const { isLab, allowsUnencrypted } = settings.common;
  return [
    isLab ? ' --lab' : '',
    repeatAccounts(settings),
    allowsUnencrypted ? ' --allow-unencrypted-endpoint' : '',
  ].join('');
}

/** The same for the AWS CLI; on the lab its address, which nothing on the command line says. */
export function repeatForAws(settings: Settings, labEndpoint = ''): string {
  return settings.common.isLab ? ` --endpoint-url ${labEndpoint}` : repeatAccounts(settings);
}

function repeatAccounts({ common }: Settings): string {
  const { regions, profiles, endpointUrl } = common;
  return [
    ...regions.map((region) => ` --region ${region}`),
    ...profiles.map((profile) => ` --profile ${quoteWord(profile)}`),
    endpointUrl ? ` --endpoint-url ${quoteWord(endpointUrl)}` : '',
  ].join('');
}

/** The flags that give the same bundle again; only those that differ from the defaults. */
export function repeatKeeper({ keeper }: Settings): string {
  const given: Readonly<Record<string, unknown>> = keeper;
  return FLAGS.filter(({ group }) => group === 'Keeper')
    .map((flag) => {
      const value = given[flag.as];
      if (isDeepStrictEqual(value, readFlag(flag, undefined))) return '';
      if (!flag.reader) return ` --${flag.name}`;
      return ` --${flag.name} ${typeof value === 'number' ? formatDuration(value) : [value].flat().join(',')}`;
    })
    .join('');
}

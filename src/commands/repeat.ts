import { type Bundle, type ScriptName, wireCommands } from '../bundle/index.ts';
import { FLAGS } from '../settings/flags.ts';
import type { Settings } from '../settings/settings.ts';
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
export function repeatKeeper({ keeper, delivery }: Settings): string {
  const given: Readonly<Record<string, string | boolean>> = {
    keeper: keeper.keeper,
    interval: String(keeper.intervalSeconds),
    'max-idle': String(keeper.maxIdleSeconds),
    scope: keeper.scope,
    wrap: keeper.wrap,
    shell: keeper.shell,
    ssh: keeper.ssh,
    entry: keeper.entries.join(','),
    'no-restart': !keeper.restart,
    'override-idle-policy': keeper.overrideIdlePolicy,
    ...(delivery.idleTimeoutSeconds === undefined
      ? {}
      : { 'idle-timeout': `${delivery.idleTimeoutSeconds / 60}m` }),
  };
  return FLAGS.flatMap((flag) => {
    const value = given[flag.name];
    if (value === undefined || value === false || isDefault(flag.name, value)) return [];
    return value === true ? [` --${flag.name}`] : [` --${flag.name} ${value}`];
  }).join('');
}

function isDefault(name: string, value: string | boolean): boolean {
  const defaults: Readonly<Record<string, string>> = { 'max-idle': '28800' };
  const flag = FLAGS.find((candidate) => candidate.name === name);
  return value === (defaults[name] ?? (flag && 'fallback' in flag ? flag.fallback : undefined));
}

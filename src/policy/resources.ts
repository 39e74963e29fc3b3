import { partitionOf } from '../partitions.ts';
import { isInstanceId } from '../settings/readers.ts';
import type { PlannedRun, ResourceKind } from './planned-run.ts';

/** The account and the caller of a policy. */
export interface PolicyScope {
  /** 12 digits, or `*`. */
  readonly account: string;
  /** An IAM user, a role that somebody assumes, the role of the instances, or who assumes the role of --role. */
  readonly principal: (typeof PRINCIPALS)[number];
}

export const PRINCIPALS = ['user', 'role', 'host', 'caller'] as const;

export type Condition = Readonly<
  Record<'StringEquals' | 'StringLike', Readonly<Record<string, readonly string[]>>>
>;

export interface ResourceScope {
  readonly Resource: readonly string[];
  readonly Condition?: Partial<Condition>;
}

/** The resources of one kind that a run uses, and their conditions [Service Authorization Reference, ssm]. */
export function scopeResources(kind: ResourceKind, run: PlannedRun, scope: PolicyScope): ResourceScope {
  const { regions } = run.settings.common;
  const scopes = regions.map((region) => SCOPES[kind](narrowRun(run, region), scope));
  return scopes.length === 0 ? SCOPES[kind](run, scope) : scopes.reduce(joinScopes);
}

function narrowRun(run: PlannedRun, region: string): PlannedRun {
  const { settings } = run;
  return { ...run, settings: { ...settings, common: { ...settings.common, region } } };
}

/** The union of two scopes. Their conditions have the same keys: they differ only in the Region. */
function joinScopes(one: ResourceScope, other: ResourceScope): ResourceScope {
  const both = (a: readonly string[], b: readonly string[] = []) => [...new Set([...a, ...b])];
  const Condition = Object.fromEntries(
    Object.entries(one.Condition ?? {}).map(([operator, keys]) => {
      const others = other.Condition?.[operator as keyof Condition] ?? {};
      return [
        operator,
        Object.fromEntries(Object.entries(keys).map(([key, values]) => [key, both(values, others[key])])),
      ];
    }),
  );
  const Resource = both(one.Resource, other.Resource);
  return one.Condition ? { Resource, Condition } : { Resource };
}

const SCOPES: Readonly<Record<ResourceKind, (run: PlannedRun, scope: PolicyScope) => ResourceScope>> = {
  any: ({ settings }) => ({
    Resource: ['*'],
    ...(settings.common.region
      ? { Condition: { StringEquals: { 'aws:RequestedRegion': [settings.common.region] } } }
      : {}),
  }),
  instances: scopeInstances,
  'run-script': (run) => ({ Resource: [documentArn('AWS-RunShellScript', run, '')] }),
  'own-document': (run, { account }) => ({
    Resource: [documentArn(run.settings.delivery.documentName ?? '*', run, account)],
  }),
  // The service chooses their ids.
  associations: (run, { account }) => ({ Resource: [ssmArn('association/*', run, account)] }),
  preferences: (run, { account }) => ({
    Resource: [documentArn('SSM-SessionManagerRunShell', run, account)],
  }),
  'temporary-document': (run, { account }) => ({
    Resource: [documentArn('ssm-keepalive-measure-*', run, account)],
  }),
  'session-document': (run, { account }) => ({
    Resource: [namedDocumentArn(String(run.own['document'] ?? '*'), run, account)],
  }),
  'any-document': (run, { account }) => ({ Resource: [documentArn('*', run, account)] }),
  // A session’s id begins with the user’s name, or with the name of the role’s session, which no policy variable holds alone.
  // The guide’s samples have the name in older copies and the id of the caller in newer ones [“Sample IAM policies”].
  'own-sessions': (run, { account, principal }) => ({
    Resource: [...(principal === 'user' ? ['username'] : []), 'userid'].map((variable) =>
      ssmArn(`session/\${aws:${variable}}-*`, run, account),
    ),
  }),
  // The service tags every session with the id of who started it [user guide, “Allow a user to end only sessions they started”].
  'tagged-sessions': (run, { account }) => ({
    Resource: [ssmArn('session/*', run, account)],
    Condition: { StringLike: { 'ssm:resourceTag/aws:ssmmessages:session-id': [`\${aws:userid}`] } },
  }),
  // As in the guide’s samples; the Service Authorization Reference names no resource for this action.
  'data-channels': (run) => ({
    Resource: [`arn:${placeOf(run).partition}:ssm:*:*:session/\${aws:userid}-*`],
  }),
  'own-account': (run, { account }) => ({
    Resource: [`arn:${placeOf(run).partition}:account::${account}:account`],
  }),
  role: (run) => scopeRoles(run, placeOf(run).partition),
  // Organizations answers in one Region of its own, so --region narrows nothing here.
  organization: () => ({ Resource: ['*'] }),
  // Units inside the named ones are listed too.
  units: (run, { account }) => ({
    Resource: ['ou/o-*/ou-*', 'root/o-*/r-*'].map(
      (parent) => `arn:${placeOf(run).partition}:organizations::${account}:${parent}`,
    ),
  }),
};

function scopeRoles({ settings }: PlannedRun, partition: string): ResourceScope {
  const { ids, role = '*' } = settings.accounts;
  const accounts = ids.length > 0 ? ids : ['*'];
  return { Resource: accounts.map((id) => `arn:${partition}:iam::${id}:role/${role}`) };
}

/** EC2 instances have ARNs of EC2, all other managed nodes ARNs of Systems Manager. */
function scopeInstances(run: PlannedRun, { account }: PolicyScope): ResourceScope {
  const { tags, instanceIds } = run.settings.targets;
  const ids = [...new Set([...instanceIds, ...run.words.filter(isInstanceId)])];
  const named = (prefix: string) => ids.filter((id) => id.startsWith(prefix));
  const { region, partition } = placeOf(run);
  const ec2 = (ids.length === 0 ? ['*'] : named('i-')).map(
    (id) => `arn:${partition}:ec2:${region}:${account}:instance/${id}`,
  );
  const others = (ids.length === 0 ? ['*'] : named('mi-')).map((id) =>
    ssmArn(`managed-instance/${id}`, run, account),
  );
  const values = tags.map(({ key, values }) => [`ssm:resourceTag/${key}`, values] as const);
  return {
    Resource: [...ec2, ...others],
    ...(tags.length > 0 ? { Condition: { StringEquals: Object.fromEntries(values) } } : {}),
  };
}

/** The service's own documents have no account; their name prefixes are reserved [API reference, CreateDocument]. */
function namedDocumentArn(name: string, run: PlannedRun, account: string): string {
  if (name.startsWith('arn:')) return name;
  return documentArn(name, run, /^(aws|amazon|amzn)/i.test(name) ? '' : account);
}

function documentArn(name: string, run: PlannedRun, account: string): string {
  return ssmArn(`document/${name}`, run, account);
}

function ssmArn(resource: string, run: PlannedRun, account: string): string {
  const { region, partition } = placeOf(run);
  return `arn:${partition}:ssm:${region}:${account}:${resource}`;
}

function placeOf({ settings }: PlannedRun): { region: string; partition: string } {
  const region = settings.common.region ?? '*';
  return { region, partition: partitionOf(region) };
}

import { isInstanceId } from '../settings/readers.ts';
import type { Settings } from '../settings/settings.ts';
import { wordTable } from '../word-table.ts';
import type { PlannedRun, ResourceKind } from './planned-run.ts';

/** One action on one kind of resource, and what it is for. */
export interface Permission {
  readonly action: `${'ssm' | 'ssmmessages' | 'ec2messages' | 'sts' | 'organizations' | 'account'}:${string}`;
  readonly on: ResourceKind;
  /** What the command does with it. */
  readonly why: string;
  /** Used on this path alone; absent: in every run. */
  readonly only?: string;
  /** The command works without it; what is then missing. */
  readonly without?: string;
}

/** A permission, and the runs that need it. */
interface Rule extends Permission {
  readonly when?: (run: PlannedRun) => boolean;
}

/**
 * The permissions that one run of a command needs. `policy`, `--dry-run`, errors and docs/permissions.md all use this
 * list. Tests run the commands against a lab that enforces it: all are needed, and no more.
 */
export function listPermissions(command: string, run: PlannedRun): readonly Permission[] {
  return neededBy(run, RULES[command] ?? []);
}

const neededBy = (run: PlannedRun, rules: readonly Rule[]): Permission[] =>
  rules.filter(({ when }) => when?.(run) ?? true).map(({ when: _, ...rest }) => rest);

/** The permissions that the instances' own role needs (instance profile or Default Host Management). */
export function listHostPermissions(command: string, run: PlannedRun): readonly Permission[] {
  if (RULES[command] === undefined) return [];
  const isSession = ['connect', 'measure'].includes(command);
  return neededBy(run, HOST_RULES).filter(({ action }) => !isSession || !action.startsWith('ec2messages:'));
}

/** The role that a run assumes in other accounts; a variable may name one where no account is named. */
export function findAssumedRole({ accounts }: Settings): string | undefined {
  const { ids, isOrganization, units, role } = accounts;
  return ids.length > 0 || isOrganization || units.length > 0 ? role : undefined;
}

/** What the credentials need that assume the role of --accounts, --organization or --ou. */
export function listCallerPermissions(run: PlannedRun): readonly Permission[] {
  return CALLER_RULES.filter(({ when }) => when?.(run) ?? true).map(({ when: _, ...rest }) => rest);
}

/** Every such permission that any run of a command may need. */
export function listAllCallerPermissions(command: string): readonly Permission[] {
  return RULES[command]?.includes(FIND_REGIONS) ? CALLER_RULES : [];
}

/** The commands that call the service. */
export function listCommands(): readonly string[] {
  return Object.keys(RULES);
}

/** Every permission that any run of a command may need. */
export function listAllPermissions(command: string): readonly Permission[] {
  return RULES[command] ?? [];
}

/** A command is sent: no dry run, no --command-id. */
const isSent = ({ settings: { delivery } }: PlannedRun) =>
  !delivery.isDryRun && delivery.commandIds.length === 0;
/** Somebody waits for the results of a command. */
const isWatched = (run: PlannedRun) => {
  const { isDryRun, commandIds, shouldWait } = run.settings.delivery;
  return !isDryRun && (commandIds.length > 0 || shouldWait);
};
/** Instances are listed first: to show them, to count them, or for --all. */
const isCounted = (run: PlannedRun) => {
  const { targets, delivery } = run.settings;
  if (targets.resourceGroup !== undefined || targets.instanceIds.length > 0) return delivery.isDryRun;
  return delivery.isDryRun || targets.isAll || (isSent(run) && !delivery.isConfirmed);
};

const hasDocument = ({ settings }: PlannedRun) => settings.delivery.documentName !== undefined;
const isFollowed = ({ settings }: PlannedRun) => settings.delivery.isFollow;
/** The document and the association are read, also in a dry run. */
const isPlanned = ({ settings }: PlannedRun) => settings.delivery.commandIds.length === 0;

const WITH_DOCUMENT = 'with --document';
const WITH_FOLLOW = 'with --follow';

/** Rules for runs with a flag. A rule without `when` is for runs that send. */
const withFlag = (
  only: string,
  hasFlag: (run: PlannedRun) => boolean,
  rules: readonly Rule[],
): readonly Rule[] =>
  rules.map((rule) => ({ only, ...rule, when: (run) => hasFlag(run) && (rule.when ?? isSent)(run) }));

/** Our own document, instead of AWS-RunShellScript. */
const DOCUMENT = withFlag(WITH_DOCUMENT, hasDocument, [
  {
    action: 'ssm:DescribeDocument',
    on: 'own-document',
    why: 'see whose it is and what versions it has',
    when: isPlanned,
  },
  {
    action: 'ssm:GetDocument',
    on: 'own-document',
    why: 'see whether it holds the script',
    only: `${WITH_DOCUMENT}, where it is there`,
    when: isPlanned,
  },
  {
    action: 'ssm:CreateDocument',
    on: 'own-document',
    why: 'make it',
    only: `${WITH_DOCUMENT}, where it is not there yet`,
  },
  {
    action: 'ssm:UpdateDocument',
    on: 'own-document',
    why: 'add the script as a version',
    only: `${WITH_DOCUMENT}, where it does not hold the script yet`,
  },
]);

/** Only the installer becomes the default version. */
const DEFAULT_VERSION = withFlag(WITH_DOCUMENT, hasDocument, [
  {
    action: 'ssm:UpdateDocumentDefaultVersion',
    on: 'own-document',
    why: 'make the installer its default version',
    only: `${WITH_DOCUMENT}, where another version is the default`,
  },
]);

const FIND_ASSOCIATION: Rule = {
  action: 'ssm:ListAssociations',
  on: 'any',
  why: 'find our association',
  when: isPlanned,
};

/** `install --follow`. */
const FOLLOW = withFlag(WITH_FOLLOW, isFollowed, [
  FIND_ASSOCIATION,
  {
    action: 'ssm:DescribeAssociation',
    on: 'associations',
    why: 'see what an edit would change',
    when: isPlanned,
  },
  ...(['ssm:CreateAssociation', 'ssm:UpdateAssociation', 'ssm:StartAssociationsOnce'] as const).map(
    (action): Rule => ({ action, on: 'associations', why: 'make, edit or start our association' }),
  ),
  ...(['run-script', 'own-document'] as const).map(
    (on): Rule => ({
      action: 'ssm:CreateAssociation',
      on,
      why: 'let the association run it',
      when: (run) => isSent(run) && hasDocument(run) === (on === 'own-document'),
    }),
  ),
  { action: 'ssm:DescribeAssociationExecutions', on: 'associations', why: 'see what its run did' },
  {
    action: 'ssm:DescribeAssociationExecutionTargets',
    on: 'associations',
    why: 'see what its run did',
    when: (run) => isSent(run) && isWatched(run),
  },
]);

/** `uninstall --follow`. */
const UNFOLLOW = withFlag(WITH_FOLLOW, isFollowed, [
  FIND_ASSOCIATION,
  ...(['ssm:DescribeAssociationExecutions', 'ssm:DeleteAssociation'] as const).map(
    (action): Rule => ({
      action,
      on: 'associations',
      why: 'end our association, after a run that is under way',
    }),
  ),
]);

const NAME_ASSOCIATIONS: Rule = {
  action: 'ssm:ListAssociations',
  on: 'any',
  why: 'name the associations of ours that match',
  without: 'they are not named',
  when: isPlanned,
};
const SHOW_ASSOCIATIONS: Rule = { ...NAME_ASSOCIATIONS, when: (run) => isSent(run) && isWatched(run) };

const DELIVERY: readonly Rule[] = [
  {
    action: 'ssm:SendCommand',
    on: 'run-script',
    why: 'send the script',
    only: 'without --document',
    when: (run) => isSent(run) && !hasDocument(run),
  },
  {
    action: 'ssm:SendCommand',
    on: 'own-document',
    why: 'send the script',
    only: WITH_DOCUMENT,
    when: (run) => isSent(run) && hasDocument(run),
  },
  { action: 'ssm:SendCommand', on: 'instances', why: 'send it to these instances', when: isSent },
  {
    action: 'ssm:ListCommands',
    on: 'any',
    why: 'see how far the command is',
    when: isWatched,
  },
  {
    action: 'ssm:ListCommands',
    on: 'any',
    why: 'see whether the command was heard',
    only: 'when the answer to SendCommand is lost',
    when: (run) => isSent(run) && !isWatched(run),
  },
  {
    action: 'ssm:ListCommandInvocations',
    on: 'any',
    why: 'read each instance’s result',
    when: isWatched,
  },
  {
    action: 'ssm:GetCommandInvocation',
    on: 'any',
    why: 'read a long report whole',
    only: 'when a report is longer than the list shows',
    without: 'long reports stay cut',
    when: isWatched,
  },
  {
    action: 'ssm:CancelCommand',
    on: 'any',
    why: 'cancel what was sent',
    only: 'after Ctrl-C',
    without: 'a command that was sent runs on after Ctrl-C',
    when: isWatched,
  },
];

const LIST_INSTANCES = { action: 'ssm:DescribeInstanceInformation', on: 'any' } as const;

/** For deliveries that change something; a look needs no count. */
const LISTING: readonly Rule[] = [
  {
    ...LIST_INSTANCES,
    why: 'list the instances: their names, which are online, how many they are',
    when: (run) => isWatched(run) || isCounted(run),
  },
];

const LOOK_LISTING: readonly Rule[] = [
  {
    ...LIST_INSTANCES,
    why: 'list the instances: their names, which are online',
    when: (run) => {
      const { targets, delivery } = run.settings;
      return isWatched(run) || (delivery.isDryRun ? targets.resourceGroup === undefined : targets.isAll);
    },
  },
];

const READ_PREFERENCES = { action: 'ssm:GetDocument', on: 'preferences' } as const;

const hasTemporary = ({ settings }: PlannedRun) => settings.measure.hasTemporaryDocument;

const OPEN_CHANNEL: Rule = {
  action: 'ssmmessages:OpenDataChannel',
  on: 'data-channels',
  why: 'open the session’s data channel',
};

/** Not for `doctor`: it lists instances anyway. */
const FIND_BY_NAME: Rule = {
  ...LIST_INSTANCES,
  why: 'find the instance that has this name',
  only: 'where a name is given instead of an id',
  when: ({ words: [word] }) => word !== undefined && !isInstanceId(word),
};

const SESSION: readonly Rule[] = [
  FIND_BY_NAME,
  { action: 'ssm:StartSession', on: 'instances', why: 'open a session' },
  {
    action: 'ssm:StartSession',
    on: 'preferences',
    why: 'open it with the account’s default document, which the service checks though no request names it',
    only: 'where no other document is used',
    when: (run) => run.own['document'] === undefined && !hasTemporary(run),
  },
  {
    action: 'ssm:ResumeSession',
    on: 'own-sessions',
    why: 'take a session up again',
    only: 'when its connection was lost, as it is about hourly',
  },
];

/** It sends the status script to an instance. */
const isAsking = (run: PlannedRun) => run.words[0] !== undefined && run.own['no-send'] !== true;

/** doctor works without any of these permissions and reports what it could not read. */
const DOCTOR: readonly Rule[] = [
  {
    ...LIST_INSTANCES,
    why: 'see whether the service takes the credentials, and whether the instance is online',
  },
  { action: 'ssm:DescribeSessions', on: 'any', why: 'look at the sessions that ended' },
  { ...READ_PREFERENCES, why: 'see idle timeout and maximum duration' },
  {
    action: 'ssm:GetDocument',
    on: 'any-document',
    why: 'see those of another session document',
    only: 'where sessions used one',
  },
  ...(['ssm:ListCommands', 'ssm:ListCommandInvocations', 'ssm:GetCommandInvocation'] as const).map(
    (action): Rule => ({ action, on: 'any', why: 'see whether results may be read' }),
  ),
  { action: 'ssm:DescribeDocument', on: 'preferences', why: 'see whether preferences may be read' },
  {
    action: 'ssm:SendCommand',
    on: 'run-script',
    why: 'ask the instance with the status script',
    when: isAsking,
  },
  { action: 'ssm:SendCommand', on: 'instances', why: 'ask this instance', when: isAsking },
  {
    action: 'ssm:CancelCommand',
    on: 'any',
    why: 'cancel the question',
    only: 'after Ctrl-C',
    when: isAsking,
  },
].map((rule): Rule => ({ ...rule, without: 'doctor names what it could not look at' }) as Rule);

/** Only the association is made and nobody waits, so no command is sent. */
const isHandedOver = (run: PlannedRun) => isFollowed(run) && isSent(run) && !isWatched(run);

const onHost =
  (why: string, when?: Rule['when']) =>
  (action: Permission['action']): Rule => ({ action, on: 'any', why, ...(when ? { when } : {}) });

/** What agent 3 needs of AmazonSSMManagedInstanceCore for sessions, Run Command and State Manager [AWS user guide]. */
const HOST_RULES: readonly Rule[] = [
  onHost('register and stay online')('ssm:UpdateInstanceInformation'),
  ...(['CreateControlChannel', 'OpenControlChannel', 'CreateDataChannel', 'OpenDataChannel'] as const).map(
    (name) => onHost('hear of sessions and commands')(`ssmmessages:${name}`),
  ),
  ...(
    ['GetEndpoint', 'GetMessages', 'AcknowledgeMessage', 'SendReply', 'FailMessage', 'DeleteMessage'] as const
  ).map((name) => onHost('hear of commands in another way')(`ec2messages:${name}`)),
  ...(
    [
      'ListInstanceAssociations',
      'DescribeAssociation',
      'GetDocument',
      'DescribeDocument',
      'UpdateAssociationStatus',
      'UpdateInstanceAssociationStatus',
    ] as const
  ).map((name) => onHost('run our association', isFollowed)(`ssm:${name}`)),
];

const FIND_REGIONS: Rule = {
  action: 'account:ListRegions',
  on: 'own-account',
  why: 'find the Regions that the account has enabled',
  only: 'with --all-regions',
  when: ({ settings }) => settings.accounts.isAllRegions,
};

const CALLER_RULES: readonly Rule[] = [
  {
    action: 'sts:AssumeRole',
    on: 'role',
    why: 'work as the role in each account',
    only: 'with --role',
    when: ({ settings }) => findAssumedRole(settings) !== undefined,
  },
  {
    action: 'organizations:ListAccounts',
    on: 'organization',
    why: 'list the accounts',
    only: 'with --organization',
    when: ({ settings }) => settings.accounts.isOrganization,
  },
  ...(['ListAccountsForParent', 'ListOrganizationalUnitsForParent'] as const).map(
    (name): Rule => ({
      action: `organizations:${name}`,
      on: 'units',
      why: 'list the accounts below a unit',
      only: 'with --ou',
      when: ({ settings }) => settings.accounts.units.length > 0,
    }),
  ),
];

const RULES = wordTable<readonly Rule[]>({
  install: [
    ...DELIVERY.map(
      (rule): Rule => ({ ...rule, when: (run) => !isHandedOver(run) && (rule.when?.(run) ?? true) }),
    ),
    ...DOCUMENT,
    ...DEFAULT_VERSION,
    ...FOLLOW,
    ...LISTING,
    {
      ...READ_PREFERENCES,
      why: 'see whether the account’s idle timeout was shortened on purpose',
      without: 'install asks for --idle-timeout or --override-idle-policy',
      when: isPlanned,
    },
    {
      action: 'ssm:DescribeSessions',
      on: 'any',
      why: 'see which other session documents sessions use, or used lately',
      without: 'their idle timeouts are not checked, and a warning says so',
      when: isPlanned,
    },
    // Not `*`: a session document that cannot be read only gives a warning.
    FIND_REGIONS,
  ],
  uninstall: [...DELIVERY, ...DOCUMENT, NAME_ASSOCIATIONS, ...UNFOLLOW, ...LISTING, FIND_REGIONS],
  status: [...DELIVERY, ...DOCUMENT, SHOW_ASSOCIATIONS, ...LOOK_LISTING, FIND_REGIONS],
  measure: [
    ...SESSION,
    { action: 'ssm:TerminateSession', on: 'own-sessions', why: 'end the sessions at the limit' },
    {
      ...READ_PREFERENCES,
      why: 'see the account’s idle timeout',
      without: 'the default of 20 minutes is taken for the idle timeout',
      when: (run) => !hasTemporary(run),
    },
    {
      ...READ_PREFERENCES,
      why: 'copy the account’s preferences into the temporary document',
      when: hasTemporary,
    },
    {
      ...LIST_INSTANCES,
      why: 'name the host in the report',
      without: 'the report names the instance’s id alone',
    },
    {
      action: 'ssm:DescribeSessions',
      on: 'any',
      why: 'name the account in the report',
      without: 'the report does not name the account',
    },
    {
      action: 'ssm:CreateDocument',
      on: 'temporary-document',
      why: 'create the temporary session document',
      when: hasTemporary,
    },
    {
      action: 'ssm:StartSession',
      on: 'temporary-document',
      why: 'open sessions with it',
      when: hasTemporary,
    },
    { action: 'ssm:DeleteDocument', on: 'temporary-document', why: 'delete it again', when: hasTemporary },
    OPEN_CHANNEL,
  ],
  connect: [
    ...SESSION,
    {
      action: 'ssm:TerminateSession',
      on: 'own-sessions',
      why: 'end the session',
      only: 'when you leave it with ~. or a signal',
      without: 'a session that you leave goes on until it times out',
    },
    {
      action: 'ssm:StartSession',
      on: 'session-document',
      why: 'use that session document',
      when: ({ own }) => own['document'] !== undefined,
    },
    OPEN_CHANNEL,
  ],
  doctor: [...DOCTOR, FIND_REGIONS],
  preferences: [
    { ...READ_PREFERENCES, why: 'read what is in force' },
    { action: 'ssm:DescribeDocument', on: 'preferences', why: 'see its latest version' },
    {
      action: 'ssm:CreateDocument',
      on: 'preferences',
      why: 'create the document',
      only: 'where nobody has saved preferences yet',
      when: ({ words }) => words[0] === 'set',
    },
    {
      action: 'ssm:UpdateDocument',
      on: 'preferences',
      why: 'add a version',
      only: 'where there is a document',
      when: ({ words }) => words[0] === 'set',
    },
    {
      action: 'ssm:UpdateDocumentDefaultVersion',
      on: 'preferences',
      why: 'put a version in force',
      only: 'where there is a document',
      when: ({ words }) => words[0] === 'set' || words[0] === 'undo',
    },
    {
      action: 'ssm:DeleteDocument',
      on: 'preferences',
      why: 'delete a document that set created',
      only: 'where there was none before set',
      when: ({ words }) => words[0] === 'undo',
    },
    FIND_REGIONS,
  ],
});

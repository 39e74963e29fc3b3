import { refuse } from '../../errors.ts';
import { makePolicy } from '../../policy/document.ts';
import { findAssumedRole, listCallerPermissions, listPermissions } from '../../policy/permissions.ts';
import type { PlannedRun } from '../../policy/planned-run.ts';
import { type PolicyScope, PRINCIPALS } from '../../policy/resources.ts';
import { makeTrustPolicy } from '../../policy/trust.ts';
import { matching, oneOf } from '../../settings/readers.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Io } from '../../terminal/io.ts';
import { safe } from '../../terminal/safe-text.ts';
import type { Command } from '../command.ts';
import { readOwnFlag } from '../own-flag.ts';

const ACCOUNT = matching(/^\d{12}$/, 'the 12 digits of an account');

/** Prints the least IAM policy for a command with its flags; calls no service. */
export const policy: Command = async (settings, io, { words, own }) => {
  const [command = '', ...rest] = words;
  const run: PlannedRun = { settings, words: rest, own };
  const scope = readScope(own, settings);
  if (own['trust'] || scope.principal === 'caller') requireRole(own, settings, scope);
  if (own['trust']) {
    io.out(`${JSON.stringify(makeTrustPolicy(settings, scope.account), null, 2)}\n`);
    return 0;
  }
  const document = makePolicy(command, run, scope);
  if (document.Statement.length === 0) {
    io.err(safe`ssm-keepalive: ${command} calls no service, so it needs no permission\n`);
    return 0;
  }
  io.out(`${JSON.stringify(document, null, 2)}\n`);
  if (!settings.common.isQuiet) printNotes(command, run, scope, own['principal'] !== undefined, io);
  return 0;
};

/** @throws UsageError */
function requireRole(own: PlannedRun['own'], settings: Settings, { account }: PolicyScope): void {
  const flag = own['trust'] ? '--trust' : '--principal caller';
  refuse(findAssumedRole(settings) === undefined, {
    what: `${flag} was given, and no role to assume`,
    why: 'it is about the role that a command assumes in other accounts',
    next: 'add --role NAME and --accounts ID…, --organization or --ou ID…',
  });
  refuse(own['trust'] === true && account === '*', {
    what: '--trust was given without --account',
    why: 'without an account the role would trust everybody',
    next: 'give --account and the 12 digits of the account whose callers assume the role',
  });
}

function readScope(own: PlannedRun['own'], settings: Settings): PolicyScope {
  return {
    account: readOwnFlag(own, 'account', ACCOUNT, '123456789012: see  aws sts get-caller-identity') ?? '*',
    principal:
      readOwnFlag(own, 'principal', oneOf(...PRINCIPALS), 'role for single sign-on and assumed roles') ??
      (findAssumedRole(settings) === undefined ? 'user' : 'role'),
  };
}

/** Prints what the policy does not narrow, and its assumptions. */
function printNotes(
  command: string,
  run: PlannedRun,
  { account, principal }: PolicyScope,
  hasPrincipal: boolean,
  io: Io,
): void {
  if (principal === 'host') {
    io.err(
      'ssm-keepalive: AmazonSSMManagedInstanceCore and Default Host Management allow all of this; a keeper asks for nothing\n',
    );
    return;
  }
  const permissions = principal === 'caller' ? listCallerPermissions(run) : listPermissions(command, run);
  const has = (kind: string) => permissions.some(({ on }) => on === kind);
  const { common, targets } = run.settings;
  const role = findAssumedRole(run.settings);
  const notes = [
    account === '*' && 'for any account; give --account and the 12 digits to name one',
    account !== '*' &&
      common.profiles.length > 1 &&
      `for account ${account} alone; print one for the account of each other profile`,
    common.regions.length === 0 &&
      'for every Region of the partition aws; give --region to name one (China and GovCloud too)',
    principal === 'role' &&
      role !== undefined &&
      `for the role ${role}; --principal caller prints what whoever assumes it needs, --trust whom it trusts`,
    has('own-sessions') &&
      !hasPrincipal &&
      'sessions are known by an IAM user’s name; for a role (single sign-on) give --principal role',
    has('instances') &&
      targets.resourceGroup &&
      'no policy can name a resource group: this one is for every instance; narrow it with a tag of its members',
    permissions.some(({ action }) => action === 'ssm:SendCommand') &&
      run.settings.delivery.alarm &&
      'an alarm needs the role AWSServiceRoleForAmazonSSM; where it is not there yet, whoever sends may need iam:CreateServiceLinkedRole, which is not in here',
  ];
  for (const note of notes) if (note) io.err(safe`ssm-keepalive: ${note}\n`);
}

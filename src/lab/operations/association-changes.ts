/** Makes, changes, starts and ends associations. */
import { randomUUID } from 'node:crypto';
import type { Account, Operation } from '../account.ts';
import { readRateMinutes } from '../association-runner.ts';
import { checkParameters } from '../command-document.ts';
import { findUsable } from '../documents.ts';
import type { AssociationRecord } from '../records.ts';
import { ServiceError } from '../service-error.ts';
import type { Input } from '../shapes.ts';
import { describe, findAssociation } from './associations.ts';

const MOST_ASSOCIATIONS = 2000;

export const createAssociation: Operation<'CreateAssociation'> = (account, input) => {
  const { associations } = account.store.records;
  if (associations.length >= MOST_ASSOCIATIONS) throw new ServiceError('AssociationLimitExceeded');
  const now = account.clock.now();
  const association: AssociationRecord = {
    associationId: randomUUID(),
    createdAt: now,
    updatedAt: now,
    version: 1,
    executions: [],
    ...readFields(account, input, input.Name),
  };
  associations.unshift(association);
  apply(account, association);
  return { AssociationDescription: describe(association) };
};

/** Fields that the request leaves out are forgotten [service's guide]. */
export const updateAssociation: Operation<'UpdateAssociation'> = (account, input) => {
  const association = findAssociation(account, input.AssociationId);
  const fields = readFields(account, input, input.Name ?? association.documentName);
  Object.assign(association, fields, { version: association.version + 1, updatedAt: account.clock.now() });
  apply(account, association);
  return { AssociationDescription: describe(association) };
};

export const deleteAssociation: Operation<'DeleteAssociation'> = (account, { AssociationId }) => {
  const association = findAssociation(account, AssociationId);
  const { associations } = account.store.records;
  associations.splice(associations.indexOf(association), 1);
  account.associations.drop(association);
  account.store.touch();
  return {};
};

export const startAssociationsOnce: Operation<'StartAssociationsOnce'> = (account, { AssociationIds }) => {
  const all = AssociationIds.map((id) => findAssociation(account, id));
  for (const association of all) account.associations.runEverywhere(association);
  return {};
};

/** The service runs it everywhere at once, also after a change. */
function apply(account: Account, association: AssociationRecord): void {
  account.associations.schedule(association);
  account.associations.runEverywhere(association);
  account.store.touch();
}

function readFields(
  account: Account,
  input: Omit<Input<'CreateAssociation'>, 'Name'>,
  name: string,
): Omit<AssociationRecord, 'associationId' | 'createdAt' | 'updatedAt' | 'version' | 'executions'> {
  const { version } = findUsable(account, name, input.DocumentVersion);
  checkParameters(version.content, input.Parameters ?? {});
  if ((input.Targets ?? []).length === 0)
    throw new ServiceError('InvalidTarget', 'This lab knows associations with Targets only.');
  if (input.ScheduleExpression !== undefined) readRateMinutes(input.ScheduleExpression);
  return {
    associationName: input.AssociationName,
    documentName: name,
    documentVersion: input.DocumentVersion ?? '$DEFAULT',
    parameters: input.Parameters ?? {},
    targets: input.Targets ?? [],
    scheduleExpression: input.ScheduleExpression,
    maxConcurrency: input.MaxConcurrency,
    maxErrors: input.MaxErrors,
    complianceSeverity: input.ComplianceSeverity,
    alarm: input.AlarmConfiguration,
  };
}

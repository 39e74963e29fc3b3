import type { Bundle } from './bundle.ts';
import { makeDocument } from './document.ts';
import { wireCommands } from './wire.ts';

/** Patterns and bounds of the service's API model (botocore: CreateAssociation). */
const PARAMETERS = {
  TargetKey: {
    Type: 'String',
    Description: 'tag:KEY, resource-groups:Name or InstanceIds',
    AllowedPattern: '^[\\p{L}\\p{Z}\\p{N}_.:/=\\-@]{1,163}$',
  },
  TargetValues: {
    Type: 'CommaDelimitedList',
    Description: 'any of these, with commas between; * with InstanceIds is every managed instance',
  },
  ScheduleExpression: {
    Type: 'String',
    Default: '',
    Description: 'e.g. rate(1 day): puts back what drifted; empty: once, and once on each new instance',
  },
  MaxConcurrency: {
    Type: 'String',
    Default: '10%',
    AllowedPattern: '^([1-9][0-9]*|[1-9][0-9]%|[1-9]%|100%)$',
  },
  MaxErrors: {
    Type: 'String',
    Default: '0',
    AllowedPattern: '^([1-9][0-9]*|[0]|[1-9][0-9]%|[0-9]%|100%)$',
  },
} as const;

/**
 * A CloudFormation template in JSON: the document that installs the bundle, and the association that runs it on existing
 * and future instances. The document's name is not fixed: another bundle makes another document and so another
 * association, which runs at once.
 * A StackSet with service-managed permissions takes the same: no macro, nested stack, export or IAM.
 */
export function cloudFormationTemplate(bundle: Bundle, associationName: string): string {
  const { version, digest } = bundle;
  const content = makeDocument('install', version, wireCommands('install', bundle));
  const template = {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: `ssm-keepalive ${version}: keeps Session Manager shells alive on the targets. Deleting the stack uninstalls nothing.`,
    Metadata: { 'ssm-keepalive': { version, digest } },
    Parameters: PARAMETERS,
    Conditions: { HasSchedule: { 'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'ScheduleExpression' }, ''] }] } },
    Resources: {
      Document: {
        Type: 'AWS::SSM::Document',
        Properties: { DocumentType: 'Command', DocumentFormat: 'JSON', Content: JSON.parse(content) },
      },
      Association: {
        Type: 'AWS::SSM::Association',
        Properties: {
          AssociationName: associationName,
          Name: { Ref: 'Document' },
          Targets: [{ Key: { Ref: 'TargetKey' }, Values: { Ref: 'TargetValues' } }],
          ScheduleExpression: {
            'Fn::If': ['HasSchedule', { Ref: 'ScheduleExpression' }, { Ref: 'AWS::NoValue' }],
          },
          MaxConcurrency: { Ref: 'MaxConcurrency' },
          MaxErrors: { Ref: 'MaxErrors' },
        },
      },
    },
    Outputs: { DocumentName: { Value: { Ref: 'Document' } } },
  };
  return `${JSON.stringify(template, null, 1)}\n`;
}

/**
 * The lengths, patterns and words of the service's requests, as data, and the service's errors for other values.
 * Source: the ssm model in botocore 1.43, because the SDK's schemas (service-model.ts) only have members and types.
 * test/lab/botocore.test.ts holds each against the botocore on the machine.
 */
import * as z from 'zod';
import { ServiceError } from './service-error.ts';

/** One word per constraint that the service's model has, so that each refusal can name it. */
export const INSTANCE_ID = /^(i-(\w{8}|\w{17})|mi-\w{17})$/;
const MAX_CONCURRENCY = /^([1-9][0-9]*|[1-9][0-9]%|[1-9]%|100%)$/;
const MAX_ERRORS = /^([1-9][0-9]*|[0]|[1-9][0-9]%|[0-9]%|100%)$/;
const TARGET_KEY = /^[\p{L}\p{Z}\p{N}_.:/=\-@]*$|resource-groups:ResourceTypeFilters|resource-groups:Name/u;
const TAG_TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const DOCUMENT_NAME = /^[a-zA-Z0-9_\-.:/]{3,128}$/;
/** Names that a caller may give; the wider one also takes ARNs. */
const OWN_NAME = /^[a-zA-Z0-9_\-.]{3,128}$/;
const VERSION_NAME = /^[a-zA-Z0-9_\-.]{1,128}$/;
const DOCUMENT_VERSION = /^([$]LATEST|[$]DEFAULT|[1-9][0-9]*)$/;
const DOCUMENT_TYPES = [
  'Command',
  'Policy',
  'Automation',
  'Session',
  'Package',
  'ApplicationConfiguration',
  'ApplicationConfigurationSchema',
  'DeploymentStrategy',
  'ChangeCalendar',
  'Automation.ChangeTemplate',
  'ProblemAnalysis',
  'ProblemAnalysisTemplate',
  'CloudFormation',
  'ConformancePackTemplate',
  'QuickSetup',
  'ManualApprovalPolicy',
  'AutoApprovalPolicy',
] as const;
const ASSOCIATION_KEYS = [
  'InstanceId',
  'Name',
  'AssociationId',
  'AssociationStatusName',
  'LastExecutedBefore',
  'LastExecutedAfter',
  'AssociationName',
  'ResourceGroupName',
] as const;

const instanceId = z.string().regex(INSTANCE_ID);
/** Of any 36 characters: one that nobody was given is an unknown command. */
const commandId = z.string().min(36).max(36);
const associationVersion = z.string().regex(/^([$]LATEST|[1-9][0-9]*)$/);
const nextToken = z.string().optional();
const target = z.object({
  Key: z.string().min(1).max(163).regex(TARGET_KEY),
  Values: z.array(z.string()).max(50),
});
const commandFilter = z.object({
  key: z.enum(['InvokedAfter', 'InvokedBefore', 'Status', 'ExecutionStage', 'DocumentName']),
  value: z.string().min(1).max(128),
});

/** One alarm is the most. */
export const alarmConfiguration = z.object({
  Alarms: z
    .array(
      z.object({
        Name: z
          .string()
          .min(1)
          .max(255)
          .regex(/^(?!\s*$).+$/),
      }),
    )
    .min(1)
    .max(1),
  IgnorePollAlarmFailure: z.boolean().optional(),
});

const associationId = z
  .string()
  .regex(/^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/);
const associationFields = {
  DocumentVersion: z.string().regex(DOCUMENT_VERSION).optional(),
  Parameters: z.record(z.string(), z.array(z.string())).optional(),
  Targets: z.array(target).max(5).optional(),
  ScheduleExpression: z.string().min(1).max(256).optional(),
  AssociationName: z
    .string()
    .regex(/^[a-zA-Z0-9_\-.]{3,128}$/)
    .optional(),
  MaxErrors: z.string().min(1).max(7).regex(MAX_ERRORS).optional(),
  MaxConcurrency: z.string().min(1).max(7).regex(MAX_CONCURRENCY).optional(),
  ComplianceSeverity: z.enum(['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'UNSPECIFIED']).optional(),
  ApplyOnlyAtCronInterval: z.boolean().optional(),
  AlarmConfiguration: alarmConfiguration.optional(),
};

export const SHAPES = {
  DescribeInstanceInformation: z.object({
    InstanceInformationFilterList: z
      .array(
        z.object({
          key: z.enum([
            'InstanceIds',
            'AgentVersion',
            'PingStatus',
            'PlatformTypes',
            'ActivationIds',
            'IamRole',
            'ResourceType',
            'AssociationStatus',
          ]),
          valueSet: z.array(z.string().min(1)).min(1).max(100),
        }),
      )
      .optional(),
    Filters: z
      .array(z.object({ Key: z.string().min(1), Values: z.array(z.string().min(1)).min(1).max(100) }))
      .optional(),
    MaxResults: z.number().int().min(5).max(50).optional(),
    NextToken: nextToken,
  }),
  GetResources: z.object({
    PaginationToken: z.string().max(2048).optional(),
    ResourcesPerPage: z.number().int().min(1).max(100).optional(),
    ResourceTypeFilters: z.array(z.string().max(256)).max(100).optional(),
  }),
  SendCommand: z.object({
    InstanceIds: z.array(instanceId).max(50).optional(),
    Targets: z.array(target).max(5).optional(),
    DocumentName: z.string().regex(/^[a-zA-Z0-9_\-.:/]{3,128}$/),
    DocumentVersion: z.string().regex(DOCUMENT_VERSION).optional(),
    DocumentHash: z.string().max(256).optional(),
    DocumentHashType: z.enum(['Sha256', 'Sha1']).optional(),
    TimeoutSeconds: z.number().int().min(30).max(2_592_000).optional(),
    Comment: z.string().max(100).optional(),
    Parameters: z.record(z.string(), z.array(z.string())).optional(),
    OutputS3Region: z.string().min(3).max(20).optional(),
    OutputS3BucketName: z.string().min(3).max(63).optional(),
    OutputS3KeyPrefix: z.string().max(500).optional(),
    MaxConcurrency: z.string().min(1).max(7).regex(MAX_CONCURRENCY).optional(),
    MaxErrors: z.string().min(1).max(7).regex(MAX_ERRORS).optional(),
    ServiceRoleArn: z.string().optional(),
    NotificationConfig: z.unknown().optional(),
    CloudWatchOutputConfig: z.unknown().optional(),
    AlarmConfiguration: alarmConfiguration.optional(),
  }),
  ListCommands: z.object({
    CommandId: commandId.optional(),
    InstanceId: instanceId.optional(),
    MaxResults: z.number().int().min(1).max(50).optional(),
    NextToken: nextToken,
    Filters: z.array(commandFilter).min(1).max(5).optional(),
  }),
  ListCommandInvocations: z.object({
    CommandId: commandId.optional(),
    InstanceId: instanceId.optional(),
    MaxResults: z.number().int().min(1).max(50).optional(),
    NextToken: nextToken,
    Filters: z.array(commandFilter).min(1).max(5).optional(),
    Details: z.boolean().optional(),
  }),
  GetCommandInvocation: z.object({
    CommandId: commandId,
    InstanceId: instanceId,
    PluginName: z.string().min(4).optional(),
  }),
  CancelCommand: z.object({ CommandId: commandId, InstanceIds: z.array(instanceId).max(50).optional() }),
  StartSession: z.object({
    Target: z.string().min(1).max(400),
    DocumentName: z.string().regex(DOCUMENT_NAME).optional(),
    Reason: z
      .string()
      .regex(/^.{1,256}$/)
      .optional(),
    Parameters: z.record(z.string(), z.array(z.string().min(1).max(65_535))).optional(),
  }),
  ResumeSession: z.object({ SessionId: z.string().min(1).max(96) }),
  TerminateSession: z.object({ SessionId: z.string().min(1).max(96) }),
  DescribeSessions: z.object({
    State: z.enum(['Active', 'History']),
    MaxResults: z.number().int().min(1).max(200).optional(),
    NextToken: nextToken,
    Filters: z
      .array(
        z.object({
          key: z.enum([
            'InvokedAfter',
            'InvokedBefore',
            'Target',
            'Owner',
            'Status',
            'SessionId',
            'AccessType',
          ]),
          value: z.string().min(1).max(400),
        }),
      )
      .min(1)
      .max(6)
      .optional(),
  }),
  GetDocument: z.object({
    Name: z.string().regex(DOCUMENT_NAME),
    VersionName: z.string().regex(VERSION_NAME).optional(),
    DocumentVersion: z.string().regex(DOCUMENT_VERSION).optional(),
    DocumentFormat: z.enum(['YAML', 'JSON', 'TEXT']).optional(),
  }),
  DescribeDocument: z.object({
    Name: z.string().regex(DOCUMENT_NAME),
    VersionName: z.string().regex(VERSION_NAME).optional(),
    DocumentVersion: z.string().regex(DOCUMENT_VERSION).optional(),
  }),
  CreateDocument: z.object({
    Content: z.string().min(1),
    Name: z.string().regex(OWN_NAME),
    VersionName: z.string().regex(VERSION_NAME).optional(),
    DocumentType: z.enum(DOCUMENT_TYPES).optional(),
    DocumentFormat: z.enum(['YAML', 'JSON', 'TEXT']).optional(),
    Tags: z
      .array(
        z.object({
          Key: z.string().min(1).max(128).regex(TAG_TEXT),
          Value: z.string().max(256).regex(TAG_TEXT),
        }),
      )
      .max(1000)
      .optional(),
  }),
  UpdateDocument: z.object({
    Content: z.string().min(1),
    Name: z.string().regex(OWN_NAME),
    VersionName: z.string().regex(VERSION_NAME).optional(),
    DocumentVersion: z.string().regex(DOCUMENT_VERSION).optional(),
    DocumentFormat: z.enum(['YAML', 'JSON', 'TEXT']).optional(),
  }),
  UpdateDocumentDefaultVersion: z.object({
    Name: z.string().regex(OWN_NAME),
    DocumentVersion: z.string().regex(/^[1-9][0-9]*$/),
  }),
  DeleteDocument: z.object({
    Name: z.string().regex(OWN_NAME),
    VersionName: z.string().regex(VERSION_NAME).optional(),
    DocumentVersion: z.string().regex(DOCUMENT_VERSION).optional(),
    Force: z.boolean().optional(),
  }),
  CreateAssociation: z.object({ Name: z.string().regex(DOCUMENT_NAME), ...associationFields }),
  UpdateAssociation: z.object({
    AssociationId: associationId,
    Name: z.string().regex(DOCUMENT_NAME).optional(),
    AssociationVersion: associationVersion.optional(),
    ...associationFields,
  }),
  DeleteAssociation: z.object({ AssociationId: associationId }),
  DescribeAssociation: z.object({
    AssociationId: associationId,
    AssociationVersion: associationVersion.optional(),
  }),
  ListAssociations: z.object({
    AssociationFilterList: z
      .array(
        z.object({
          key: z.enum(ASSOCIATION_KEYS),
          value: z.string().min(1),
        }),
      )
      .min(1)
      .optional(),
    MaxResults: z.number().int().min(1).max(50).optional(),
    NextToken: nextToken,
  }),
  DescribeAssociationExecutions: z.object({
    AssociationId: associationId,
    MaxResults: z.number().int().min(1).max(50).optional(),
    NextToken: nextToken,
  }),
  DescribeAssociationExecutionTargets: z.object({
    AssociationId: associationId,
    ExecutionId: associationId,
    MaxResults: z.number().int().min(1).max(50).optional(),
    NextToken: nextToken,
  }),
  StartAssociationsOnce: z.object({ AssociationIds: z.array(associationId).min(1).max(10) }),
  ListDocumentVersions: z.object({
    Name: z.string().regex(DOCUMENT_NAME),
    MaxResults: z.number().int().min(1).max(50).optional(),
    NextToken: nextToken,
  }),
  ListDocuments: z.object({
    DocumentFilterList: z
      .array(
        z.object({
          key: z.enum(['Name', 'Owner', 'PlatformTypes', 'DocumentType']),
          value: z.string().min(1),
        }),
      )
      .min(1)
      .optional(),
    Filters: z
      .array(z.object({ Key: z.string().min(1).max(128), Values: z.array(z.string().min(1).max(256)) }))
      .max(6)
      .optional(),
    MaxResults: z.number().int().min(1).max(50).optional(),
    NextToken: nextToken,
  }),
} as const;

export type OperationName = keyof typeof SHAPES;
export type Input<Name extends OperationName> = z.infer<(typeof SHAPES)[Name]>;

/** Names whose refusal has an error of its own in the model, instead of ValidationException. */
const OWN_ERRORS: Record<string, string> = { 'SendCommand.DocumentName': 'InvalidDocument' };

/** Checks a request against its shape. @throws ServiceError in the service's words, all faults in one message. */
export function parseInput<Name extends OperationName>(operation: Name, body: unknown): Input<Name> {
  const parsed = SHAPES[operation].safeParse(body);
  if (parsed.success) return parsed.data as Input<Name>;
  const issues = parsed.error.issues;
  const own = OWN_ERRORS[`${operation}.${String(issues[0]?.path[0])}`];
  if (own !== undefined) throw new ServiceError(own);
  throw refuse(
    issues.map(
      ({ path, message }) => `Value at '${memberPath(path)}' failed to satisfy constraint: ${message}`,
    ),
  );
}

/** The service's one error for everything that its model forbids, all of it in one message. */
export function refuse(faults: readonly string[]): ServiceError {
  const count = `${faults.length} validation error${faults.length === 1 ? '' : 's'} detected`;
  return new ServiceError('ValidationException', `${count}: ${faults.join('; ')}`);
}

/** `InstanceIds[3]` as the service writes it: `instanceIds.4.member`. */
export function memberPath(path: readonly PropertyKey[]): string {
  return path
    .map((part) =>
      typeof part === 'number'
        ? `${part + 1}.member`
        : String(part).replace(/^[A-Z]/, (first) => first.toLowerCase()),
    )
    .join('.');
}

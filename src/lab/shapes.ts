/**
 * Lengths, patterns and words of requests, from the ssm model in botocore 1.43: the SDK's schemas have only members and types.
 * test/lab/botocore.test.ts compares each with the machine's botocore.
 */
import * as z from 'zod';
import { ServiceError } from './service-error.ts';

/** One constraint of the model each, so that a refusal can name it. */
export const INSTANCE_ID = /^(i-(\w{8}|\w{17})|mi-\w{17})$/;
const MAX_CONCURRENCY = /^([1-9][0-9]*|[1-9][0-9]%|[1-9]%|100%)$/;
const MAX_ERRORS = /^([1-9][0-9]*|[0]|[1-9][0-9]%|[0-9]%|100%)$/;
const TARGET_KEY = /^[\p{L}\p{Z}\p{N}_.:/=\-@]*$|resource-groups:ResourceTypeFilters|resource-groups:Name/u;
const TAG_TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const DOCUMENT_NAME = /^[a-zA-Z0-9_\-.:/]{3,128}$/;
/** For own documents; the wider pattern takes ARNs too. */
const OWN_NAME = /^[a-zA-Z0-9_\-.]{3,128}$/;
const VERSION_NAME = /^[a-zA-Z0-9_\-.]{1,128}$/;
const DOCUMENT_VERSION = /^([$]LATEST|[$]DEFAULT|[1-9][0-9]*)$/;
const DOCUMENT_TYPES = [
  ...(['Command', 'Policy', 'Automation', 'Session', 'Package', 'ApplicationConfiguration'] as const),
  ...(['ApplicationConfigurationSchema', 'DeploymentStrategy', 'ChangeCalendar'] as const),
  ...(['Automation.ChangeTemplate', 'ProblemAnalysis', 'ProblemAnalysisTemplate'] as const),
  ...(['CloudFormation', 'ConformancePackTemplate', 'QuickSetup'] as const),
  ...(['ManualApprovalPolicy', 'AutoApprovalPolicy'] as const),
] as const;
const ASSOCIATION_KEYS = [
  ...(['InstanceId', 'Name', 'AssociationId', 'AssociationStatusName'] as const),
  ...(['LastExecutedBefore', 'LastExecutedAfter', 'AssociationName', 'ResourceGroupName'] as const),
] as const;

const matching = (pattern: RegExp) => z.string().regex(pattern);
const between = (least: number, most: number) => z.string().min(least).max(most);
const filters = <Key extends z.ZodType>(key: Key, longest: number, most: number) =>
  z
    .array(z.object({ key, value: between(1, longest) }))
    .min(1)
    .max(most)
    .optional();
const pages = (least: number, most: number) => ({
  MaxResults: z.number().int().min(least).max(most).optional(),
  NextToken: z.string().optional(),
});

const instanceId = matching(INSTANCE_ID);
/** Any 36 characters: an id that was never given is an unknown command. */
const commandId = between(36, 36);
const documentName = matching(DOCUMENT_NAME);
const ownName = matching(OWN_NAME);
const versionName = matching(VERSION_NAME).optional();
const documentVersion = matching(DOCUMENT_VERSION).optional();
const documentFormat = z.enum(['YAML', 'JSON', 'TEXT']).optional();
const associationVersion = matching(/^([$]LATEST|[1-9][0-9]*)$/).optional();
const parameters = z.record(z.string(), z.array(z.string())).optional();
const targets = z
  .array(z.object({ Key: z.string().min(1).max(163).regex(TARGET_KEY), Values: z.array(z.string()).max(50) }))
  .max(5)
  .optional();
const commandFilters = filters(
  z.enum(['InvokedAfter', 'InvokedBefore', 'Status', 'ExecutionStage', 'DocumentName']),
  128,
  5,
);

/** One alarm at most. */
export const alarmConfiguration = z.object({
  Alarms: z
    .array(z.object({ Name: between(1, 255).regex(/^(?!\s*$).+$/) }))
    .min(1)
    .max(1),
  IgnorePollAlarmFailure: z.boolean().optional(),
});

const limits = {
  MaxErrors: between(1, 7).regex(MAX_ERRORS).optional(),
  MaxConcurrency: between(1, 7).regex(MAX_CONCURRENCY).optional(),
  AlarmConfiguration: alarmConfiguration.optional(),
};
const associationId = matching(
  /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/,
);
const associationFields = {
  ...limits,
  DocumentVersion: documentVersion,
  Parameters: parameters,
  Targets: targets,
  ScheduleExpression: between(1, 256).optional(),
  AssociationName: ownName.optional(),
  ComplianceSeverity: z.enum(['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'UNSPECIFIED']).optional(),
  ApplyOnlyAtCronInterval: z.boolean().optional(),
};
const INSTANCE_KEYS = [
  ...(['InstanceIds', 'AgentVersion', 'PingStatus', 'PlatformTypes'] as const),
  ...(['ActivationIds', 'IamRole', 'ResourceType', 'AssociationStatus'] as const),
] as const;
const SESSION_KEYS = [
  ...(['InvokedAfter', 'InvokedBefore', 'Target', 'Owner'] as const),
  ...(['Status', 'SessionId', 'AccessType'] as const),
] as const;

export const SHAPES = {
  DescribeInstanceInformation: z.object({
    InstanceInformationFilterList: z
      .array(z.object({ key: z.enum(INSTANCE_KEYS), valueSet: z.array(z.string().min(1)).min(1).max(100) }))
      .optional(),
    Filters: z
      .array(z.object({ Key: z.string().min(1), Values: z.array(z.string().min(1)).min(1).max(100) }))
      .optional(),
    ...pages(5, 50),
  }),
  GetResources: z.object({
    PaginationToken: z.string().max(2048).optional(),
    ResourcesPerPage: z.number().int().min(1).max(100).optional(),
    ResourceTypeFilters: z.array(z.string().max(256)).max(100).optional(),
  }),
  SendCommand: z.object({
    InstanceIds: z.array(instanceId).max(50).optional(),
    Targets: targets,
    DocumentName: documentName,
    DocumentVersion: documentVersion,
    DocumentHash: z.string().max(256).optional(),
    DocumentHashType: z.enum(['Sha256', 'Sha1']).optional(),
    TimeoutSeconds: z.number().int().min(30).max(2_592_000).optional(),
    Comment: z.string().max(100).optional(),
    Parameters: parameters,
    OutputS3Region: between(3, 20).optional(),
    OutputS3BucketName: between(3, 63).optional(),
    OutputS3KeyPrefix: z.string().max(500).optional(),
    ServiceRoleArn: z.string().optional(),
    NotificationConfig: z.unknown().optional(),
    CloudWatchOutputConfig: z.unknown().optional(),
    ...limits,
  }),
  ListCommands: z.object({
    CommandId: commandId.optional(),
    InstanceId: instanceId.optional(),
    Filters: commandFilters,
    ...pages(1, 50),
  }),
  ListCommandInvocations: z.object({
    CommandId: commandId.optional(),
    InstanceId: instanceId.optional(),
    Filters: commandFilters,
    Details: z.boolean().optional(),
    ...pages(1, 50),
  }),
  GetCommandInvocation: z.object({
    CommandId: commandId,
    InstanceId: instanceId,
    PluginName: z.string().min(4).optional(),
  }),
  CancelCommand: z.object({ CommandId: commandId, InstanceIds: z.array(instanceId).max(50).optional() }),
  StartSession: z.object({
    Target: between(1, 400),
    DocumentName: documentName.optional(),
    Reason: matching(/^.{1,256}$/).optional(),
    Parameters: z.record(z.string(), z.array(between(1, 65_535))).optional(),
  }),
  ResumeSession: z.object({ SessionId: between(1, 96) }),
  TerminateSession: z.object({ SessionId: between(1, 96) }),
  DescribeSessions: z.object({
    State: z.enum(['Active', 'History']),
    Filters: filters(z.enum(SESSION_KEYS), 400, 6),
    ...pages(1, 200),
  }),
  GetDocument: z.object({
    Name: documentName,
    VersionName: versionName,
    DocumentVersion: documentVersion,
    DocumentFormat: documentFormat,
  }),
  DescribeDocument: z.object({
    Name: documentName,
    VersionName: versionName,
    DocumentVersion: documentVersion,
  }),
  CreateDocument: z.object({
    Content: z.string().min(1),
    Name: ownName,
    VersionName: versionName,
    DocumentType: z.enum(DOCUMENT_TYPES).optional(),
    DocumentFormat: documentFormat,
    Tags: z
      .array(z.object({ Key: between(1, 128).regex(TAG_TEXT), Value: z.string().max(256).regex(TAG_TEXT) }))
      .max(1000)
      .optional(),
  }),
  UpdateDocument: z.object({
    Content: z.string().min(1),
    Name: ownName,
    VersionName: versionName,
    DocumentVersion: documentVersion,
    DocumentFormat: documentFormat,
  }),
  UpdateDocumentDefaultVersion: z.object({ Name: ownName, DocumentVersion: matching(/^[1-9][0-9]*$/) }),
  DeleteDocument: z.object({
    Name: ownName,
    VersionName: versionName,
    DocumentVersion: documentVersion,
    Force: z.boolean().optional(),
  }),
  CreateAssociation: z.object({ Name: documentName, ...associationFields }),
  UpdateAssociation: z.object({
    AssociationId: associationId,
    Name: documentName.optional(),
    AssociationVersion: associationVersion,
    ...associationFields,
  }),
  DeleteAssociation: z.object({ AssociationId: associationId }),
  DescribeAssociation: z.object({ AssociationId: associationId, AssociationVersion: associationVersion }),
  ListAssociations: z.object({
    AssociationFilterList: z
      .array(z.object({ key: z.enum(ASSOCIATION_KEYS), value: z.string().min(1) }))
      .min(1)
      .optional(),
    ...pages(1, 50),
  }),
  DescribeAssociationExecutions: z.object({ AssociationId: associationId, ...pages(1, 50) }),
  DescribeAssociationExecutionTargets: z.object({
    AssociationId: associationId,
    ExecutionId: associationId,
    ...pages(1, 50),
  }),
  StartAssociationsOnce: z.object({ AssociationIds: z.array(associationId).min(1).max(10) }),
  ListDocumentVersions: z.object({ Name: documentName, ...pages(1, 50) }),
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
      .array(z.object({ Key: between(1, 128), Values: z.array(between(1, 256)) }))
      .max(6)
      .optional(),
    ...pages(1, 50),
  }),
} as const;

export type OperationName = keyof typeof SHAPES;
export type Input<Name extends OperationName> = z.infer<(typeof SHAPES)[Name]>;

/** The model has an own error for these, instead of ValidationException. */
const OWN_ERRORS: Record<string, string> = { 'SendCommand.DocumentName': 'InvalidDocument' };

/** @throws ServiceError in the service's words, all faults in one message */
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

/** One error names all faults. */
export function refuse(faults: readonly string[]): ServiceError {
  const count = `${faults.length} validation error${faults.length === 1 ? '' : 's'} detected`;
  return new ServiceError('ValidationException', `${count}: ${faults.join('; ')}`);
}

/** `InstanceIds[3]` is `instanceIds.4.member` in the service's words. */
export function memberPath(path: readonly PropertyKey[]): string {
  return path
    .map((part) =>
      typeof part === 'number'
        ? `${part + 1}.member`
        : String(part).replace(/^[A-Z]/, (first) => first.toLowerCase()),
    )
    .join('.');
}

/** How the text of each flag becomes a value. */
import * as z from 'zod';
import { ENTRIES } from '../bundle/inputs.ts';
import { parseDuration } from '../duration.ts';
import { ARM_NAMES } from '../session/measure/arms.ts';
import type { FlagName } from './flags.ts';
import type { TagTarget } from './shape.ts';

/** Patterns of the service's API model (botocore: MaxConcurrency, MaxErrors, InstanceId, CommandId, TargetKey). */
const MAX_CONCURRENCY = /^([1-9][0-9]*|[1-9][0-9]%|[1-9]%|100%)$/;
const MAX_ERRORS = /^([1-9][0-9]*|[0]|[1-9][0-9]%|[0-9]%|100%)$/;
export const INSTANCE_ID = /^(i-(\w{8}|\w{17})|mi-\w{17})$/;
const COMMAND_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Names of documents, less the prefixes that the service keeps for itself [model, CreateDocument]. */
const DOCUMENT_NAME = /^(?!aws|amazon|amzn)[\w.-]{3,128}$/i;
/** Names of resource groups [AWS Resource Groups API]. */
const GROUP_NAME = /^[\w.-]{1,300}$/;
const TAG_TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const PROFILE_OR_REGION = /^[^\p{Cc}]+$/u;

const seconds = (least: number, most: number, bareUnit: 's' | 'm' = 's') =>
  z
    .string()
    .transform((text) => parseDuration(text, bareUnit) ?? Number.NaN)
    .pipe(z.number().min(least).max(most));

const text = (pattern: RegExp) => z.string().regex(pattern).max(256);

const count = (most: number) =>
  z
    .string()
    .regex(/^[1-9][0-9]*$/)
    .transform(Number)
    .pipe(z.number().max(most));

const httpUrl = z.url({ protocol: /^https?$/ });

/** How each flag that takes a value is read, and the words for what it expects. */
export const READERS = {
  tag: ['KEY=VALUE[,VALUE], e.g. env=dev', z.string().transform(readTag)],
  'instance-id': ['an instance id, i- and 8 or 17 characters or mi- and 17', text(INSTANCE_ID)],
  'resource-group': ['the name of a resource group', z.string().regex(GROUP_NAME)],
  'confirm-above': [
    'a whole number from 0',
    z
      .string()
      .regex(/^\d{1,9}$/)
      .transform(Number),
  ],
  'max-concurrency': ['a number from 1, or 1% to 100%', text(MAX_CONCURRENCY)],
  'max-errors': ['a number from 0, or 0% to 100%', text(MAX_ERRORS)],
  timeout: ['a time from 30s to 30d', seconds(30, 2_592_000)],
  'command-id': ['a command id, 8-4-4-4-12 hexadecimal digits', text(COMMAND_ID)],
  every: [
    'rate(N minutes), rate(N hours) or rate(N days), 30 minutes or more and under 31 days',
    z.string().transform(readRate),
  ],
  document: ['3 to 128 of A-Z a-z 0-9 _ - . that do not start with aws, amazon or amzn', text(DOCUMENT_NAME)],
  alarm: [
    'the name of a CloudWatch alarm, 1 to 255 characters',
    z.string().regex(/^(?!\s*$)[^\p{Cc}]{1,255}$/u),
  ],
  keeper: ['auto, relay or prompt', z.enum(['auto', 'relay', 'prompt'])],
  interval: ['a time from 1s to 3300s', seconds(1, 3300)],
  'max-idle': ['a time from 1s to 365d', seconds(1, 31_536_000)],
  scope: ['ssm or all', z.enum(['ssm', 'all'])],
  wrap: ['none or tmux', z.enum(['none', 'tmux'])],
  shell: ['keep or login', z.enum(['keep', 'login'])],
  entry: ['env, profile, rc or several with commas between', z.enum(ENTRIES)],
  'idle-timeout': ['a time from 1 to 60 minutes', seconds(60, 3600, 'm')],
  arm: [`${ARM_NAMES.join(', ')} or all`, z.enum([...ARM_NAMES, 'all'])],
  repeat: ['a number from 1 to 20', count(20)],
  limit: ['auto, or a time from 1s to 24h', z.literal('auto').or(seconds(1, 86_400))],
  tick: ['a time from 1s to 600s', seconds(1, 600)],
  parallel: ['all, or a number from 1 to 200', z.literal('all').or(count(200))],
  client: ['own or plugin', z.enum(['own', 'plugin'])],
  report: ['the name of a file', z.string().regex(PROFILE_OR_REGION)],
  config: ['the name of a file, or none', z.string().regex(PROFILE_OR_REGION)],
  region: ['the name of a Region, e.g. eu-central-1', text(/^[a-z]{2,4}(-[a-z0-9]+)+$/)],
  profile: ['the name of a profile', text(PROFILE_OR_REGION)],
  output: ['table, json or ndjson', z.enum(['table', 'json', 'ndjson'])],
  'endpoint-url': ['an address that starts with http:// or https://', httpUrl],
} as const satisfies Partial<Record<FlagName, readonly [string, z.ZodType]>>;

/** As State Manager takes it: singular for one, plural for more [service's guide]. */
function readRate(given: string, context: z.RefinementCtx): string {
  const refuse = (message: string) => {
    context.addIssue({ code: 'custom', message });
    return '';
  };
  if (/^(cron|at)\(/.test(given))
    return refuse(
      "write a rate, e.g. 'rate(1 day)': when the keeper is repaired does not depend on the hour",
    );
  const [, digits, unit] = /^rate\(([1-9][0-9]{0,5}) (minute|hour|day)s?\)$/.exec(given) ?? [];
  if (!digits || !unit) return refuse('');
  const rate = `rate(${digits} ${unit}${digits === '1' ? '' : 's'})`;
  if (rate !== given) return refuse(`write '${rate}'`);
  const minutes = Number(digits) * ({ minute: 1, hour: 60, day: 1440 }[unit] ?? 0);
  return minutes >= 30 && minutes < 31 * 1440 ? given : refuse('');
}

export type ValueFlag = keyof typeof READERS;
export type ValueOf<K extends ValueFlag> = z.output<(typeof READERS)[K][1]>;

/** How the AWS CLI spells targets and filters; read as a tag it would match nobody and look like a wrong account. */
const AWS_CLI_FORM = /^(Key|Name)=(?:tag:)?([^,]+),Values?=(.+)$|^tag:([^=]+)=(.+)$/i;

function readTag(given: string, context: z.RefinementCtx): TagTarget {
  const form = AWS_CLI_FORM.exec(given);
  if (form) {
    const [, , keyOf = form[4], valuesOf = form[5]] = form;
    context.addIssue({ code: 'custom', message: `write ${keyOf}=${valuesOf}` });
    return { key: '', values: [] };
  }
  const separator = given.indexOf('=');
  const key = separator < 0 ? given : given.slice(0, separator);
  const values = given.slice(separator + 1).split(',');
  const isUsable =
    separator > 0 &&
    key.length <= 128 &&
    TAG_TEXT.test(key) &&
    values.every(
      (value) => value !== '' && value === value.trim() && value.length <= 256 && TAG_TEXT.test(value),
    );
  if (!isUsable) context.addIssue({ code: 'custom', message: '' });
  return { key, values };
}

export function isInstanceId(word: string): boolean {
  return INSTANCE_ID.test(word);
}

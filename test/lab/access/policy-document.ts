/** The part of the policy language that the lab reads. It refuses the rest instead of guessing. */
import * as z from 'zod';
import { UserError } from '../../../src/errors.ts';

const oneOrMore = z
  .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
  .transform((value) => (Array.isArray(value) ? value : [value]));

const statement = z.strictObject({
  /** Letters and digits [IAM user guide, Sid]. */
  Sid: z
    .string()
    .regex(/^[A-Za-z0-9]*$/)
    .optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Action: oneOrMore.pipe(z.array(z.string().regex(/^(\*|[\w-]+:[\w*?]+)$/))),
  Resource: oneOrMore.pipe(z.array(z.string().regex(/^(\*|arn:([^:]*:){4}.+)$/))),
  Condition: z
    .partialRecord(z.enum(['StringEquals', 'StringLike']), z.record(z.string(), oneOrMore))
    .optional(),
});

const document = z.strictObject({
  Version: z.literal('2012-10-17'),
  Id: z.string().optional(),
  Statement: z.array(statement).min(1),
});

export type AccessPolicy = z.output<typeof document>;
export type AccessStatement = AccessPolicy['Statement'][number];

/** @throws UserError naming the part that the lab does not read */
export function readPolicy(given: unknown): AccessPolicy {
  const parsed = document.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new UserError({
    code: 'bad-policy',
    what: 'the lab cannot enforce this policy',
    why: `${issue?.path.join('.') || 'the document'}: ${issue?.message}`,
    next: 'give a policy document of the form that  ssm-keepalive policy  prints',
  });
}

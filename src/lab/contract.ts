/** Checks requests and answers against the service's model. */
import { ServiceError } from './service-error.ts';
import { findMisfits, schemaOf } from './service-model.ts';
import { type Input, memberPath, type OperationName, parseInput, refuse, SHAPES } from './shapes.ts';

/**
 * Refuses in the service's order: types, missing members, then lengths, patterns and words. Refuses also what the lab lacks.
 * @throws ServiceError
 */
export function checkRequest<Name extends OperationName>(operation: Name, body: unknown): Input<Name> {
  const schema = schemaOf(operation, 'input');
  const misfits = findMisfits(schema, body);
  const wrong = misfits.find(({ isMissing }) => !isMissing);
  if (wrong)
    throw new ServiceError('SerializationException', `${memberPath(wrong.path)} is not ${wrong.expected}.`);
  if (misfits.length > 0)
    throw refuse(
      misfits.map(
        ({ path }) =>
          `Value null at '${memberPath(path)}' failed to satisfy constraint: Member must not be null`,
      ),
    );
  const served = SHAPES[operation].shape;
  const unserved = [...schema.structIterator()]
    .map(([name]) => name)
    .filter((name) => Object.hasOwn(body as object, name) && !Object.hasOwn(served, name));
  if (unserved.length > 0)
    throw new ServiceError(
      'ValidationException',
      `This lab does not serve ${unserved.join(', ')} of ${operation}.`,
    );
  return parseInput(operation, body);
}

/** @throws ServiceError InternalServerError if the service could not give this answer */
export function checkAnswer(operation: OperationName, output: unknown): void {
  const misfits = findMisfits(schemaOf(operation, 'output'), output, { isClosed: true });
  if (misfits.length === 0) return;
  const words = misfits.map((one) => `${memberPath(one.path)}: expected ${one.expected}`).join('; ');
  throw new ServiceError(
    'InternalServerError',
    `The lab's answer does not fit the service's model: ${words}`,
    500,
  );
}

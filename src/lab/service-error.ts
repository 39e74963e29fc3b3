/** An error as the service answers it: a name, a message and an HTTP status. */
export class ServiceError extends Error {
  constructor(
    override readonly name: string,
    message = '',
    readonly status = 400,
  ) {
    super(message);
  }
}

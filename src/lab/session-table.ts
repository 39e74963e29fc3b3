/** Every live session of the account. */
export class SessionTable {}

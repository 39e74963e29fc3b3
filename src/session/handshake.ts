/** The handshake: the agent's first message to a client, and our answer. */

import { parseObject } from '../json-object.ts';

/** A version of the official plugin. Agents check it before they use newer features. */
export const CLIENT_VERSION = '1.2.707.0';

const SUCCESS = 1;
const UNSUPPORTED = 3;
/** Session types with a terminal [agent source, appconfig]. */
const TERMINAL_TYPES = ['Standard_Stream', 'InteractiveCommands', 'NonInteractiveCommands'];

export interface HandshakeAnswer {
  readonly payload: Uint8Array;
  /** The actions that this client refused, e.g. `KMSEncryption`; the agent then ends the session. */
  readonly refused: readonly string[];
}

/** Accepts session types with a terminal and refuses every other action by name: this client has no encryption. */
export function answerHandshake(request: Uint8Array): HandshakeAnswer {
  const refused: string[] = [];
  const asked = readObject(request)?.['RequestedClientActions'];
  const actions: readonly unknown[] = Array.isArray(asked) ? asked : [];
  const processed = actions.map((action) => {
    const ActionType = spell(readField(action, 'ActionType'));
    const type = spell(readField(readField(action, 'ActionParameters'), 'SessionType') ?? 'Standard_Stream');
    const isKnown = ActionType === 'SessionType' && TERMINAL_TYPES.includes(type);
    if (!isKnown) refused.push(ActionType === 'SessionType' ? type : ActionType);
    return {
      ActionType,
      ActionStatus: isKnown ? SUCCESS : UNSUPPORTED,
      ActionResult: null,
      Error: isKnown ? '' : `Unsupported action ${ActionType}`,
    };
  });
  const answer = {
    ClientVersion: CLIENT_VERSION,
    ProcessedClientActions: processed,
    Errors: refused.map((name) => `Unsupported action ${name}`),
  };
  return { payload: Buffer.from(JSON.stringify(answer)), refused };
}

/** The service's sentence in a channel_closed message; empty if the shell exited. */
export function readSentence(payload: Uint8Array): string {
  return spell(readObject(payload)?.['Output']);
}

/** Whatever the other side sent: nothing of it may end the process, which holds the user's terminal. */
function readField(holder: unknown, name: string): unknown {
  return (holder as Readonly<Record<string, unknown>> | null | undefined)?.[name];
}

function spell(value: unknown): string {
  return value === undefined || typeof value === 'object' ? '' : String(value);
}

const readObject = (payload: Uint8Array) => parseObject(Buffer.from(payload).toString());

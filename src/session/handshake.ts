/** The handshake: the agent's first message to a client, and our answer. */

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

interface Action {
  readonly ActionType?: string;
  readonly ActionParameters?: { readonly SessionType?: string };
}

/** Accepts session types with a terminal and refuses every other action by name: this client has no encryption. */
export function answerHandshake(request: Uint8Array): HandshakeAnswer {
  const refused: string[] = [];
  const processed = readActions(request).map(({ ActionType = '', ActionParameters }) => {
    const type = ActionParameters?.SessionType ?? 'Standard_Stream';
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
  return String(readJson(payload)?.['Output'] ?? '');
}

function readActions(request: Uint8Array): readonly Action[] {
  const actions = readJson(request)?.['RequestedClientActions'];
  return Array.isArray(actions) ? (actions as Action[]) : [];
}

function readJson(payload: Uint8Array): Record<string, unknown> | undefined {
  try {
    return JSON.parse(Buffer.from(payload).toString('utf8')) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** One session: its worker in the host, its data channel, its timers and its end. */
import { randomBytes } from 'node:crypto';
import type { WebSocket } from 'ws';
import type { Clock } from '../clock.ts';
import { parseObject } from '../json-object.ts';
import { AGENT_VERSION, knowsShellProfile } from './agent-version.ts';
import { type ChannelMessage, PAYLOAD } from './channel/message.ts';
import { ChannelPeer } from './channel/peer.ts';
import { isSame } from './door.ts';
import type { Host, WorkerLink } from './host.ts';
import { IdleTimer } from './idle-timer.ts';
import type { SessionRecord } from './records.ts';
import type { SessionSettings } from './session-settings.ts';

/** The service's words. */
export const IDLE_SENTENCE = 'Your session timed out due to inactivity and has been terminated.';
/** Inferred: the service's words at the maximum duration are not published. */
export const MAXIMUM_SENTENCE =
  'Your session timed out because it reached the maximum session duration and has been terminated.';
/** The agent reads its terminal in pieces of this size [agent source]. */
const OUTPUT_BYTES = 1024;
/** Asks for the end of the session [agent source, PayloadTypeFlag]. */
const TERMINATE_FLAG = 2;

export class Session {
  hasEnded = false;
  private readonly tokens = new Set<string>();
  private readonly peer: ChannelPeer;
  private readonly idle: IdleTimer;
  private readonly stopLimit: (() => void) | undefined;
  private readonly agentVersion: string;
  private worker: WorkerLink | undefined;
  private readonly waiting: ((worker: WorkerLink) => void)[] = [];
  private handshake: 'none' | 'asked' | 'over' = 'none';
  private askedAt = 0;
  /** The client's last size. */
  private size = '';

  constructor(
    readonly record: SessionRecord,
    host: Host,
    private readonly settings: SessionSettings,
    private readonly clock: Clock,
    private readonly ended: () => void,
  ) {
    this.agentVersion = host.spec.agentVersion ?? AGENT_VERSION;
    this.peer = new ChannelPeer(
      {
        input: (message) => this.takeInput(message),
        fault: (reason) => this.end(`The session was closed: ${reason}.`, 'Failed', 1003),
        drained: () => this.tell((worker) => worker.peer.resume()),
        detached: () => {
          if (!this.hasEnded) this.record.status = 'Disconnected';
        },
      },
      settings.stallSeconds,
      clock,
    );
    this.idle = new IdleTimer(settings.policy, settings.idleSeconds * 1000, clock, () =>
      this.end(IDLE_SENTENCE, 'Terminated'),
    );
    const { maxSeconds } = settings;
    if (maxSeconds !== undefined)
      this.stopLimit = clock.after(maxSeconds * 1000, () => this.end(MAXIMUM_SENTENCE, 'Terminated'));
    host.openWorker(record.sessionId).then(
      (worker) => this.meetWorker(worker),
      (error: Error) => this.end(`The session could not be started: ${error.message}.`, 'Failed'),
    );
  }

  newToken(): string {
    const token = randomBytes(96).toString('base64');
    this.tokens.add(token);
    return token;
  }

  /** True once for a token of this session. */
  takeToken(token: string): boolean {
    const known = [...this.tokens].filter((one) => isSame(one, token));
    return known.some((one) => this.tokens.delete(one));
  }

  /** ResumeSession counts as a key press. */
  resume(): string {
    this.idle.count('input');
    return this.newToken();
  }

  connect(socket: WebSocket): void {
    this.record.status = 'Connected';
    this.peer.attach(socket);
    if (this.handshake !== 'none') return;
    this.handshake = 'asked';
    this.askedAt = this.clock.now();
    const SessionType = this.settings.command === undefined ? 'Standard_Stream' : 'InteractiveCommands';
    const action = { ActionType: 'SessionType', ActionParameters: { SessionType, Properties: null } };
    this.sendJson(PAYLOAD.handshakeRequest, {
      AgentVersion: this.agentVersion,
      RequestedClientActions: [action],
    });
  }

  /** Ends the session once. The client first gets all earlier output, then the sentence. */
  end(sentence: string, status: SessionRecord['status'], code = 1000): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.idle.stop();
    this.stopLimit?.();
    this.record.status = status;
    this.record.endedAt = this.clock.now();
    this.record.details = sentence;
    this.tell((worker) => {
      // A socket that is not read, since the client was slow, never closes.
      worker.peer.resume();
      worker.peer.sendJson({ op: 'end' });
    });
    this.peer.sendControl('channel_closed', {
      MessageType: 'channel_closed',
      MessageId: this.record.sessionId,
      DestinationId: this.record.target,
      SessionId: this.record.sessionId,
      SchemaVersion: 1,
      CreatedDate: new Date(this.clock.now()).toISOString(),
      Output: sentence,
    });
    this.peer.close(code, code === 1000 ? '' : sentence);
    this.ended();
  }

  private meetWorker(worker: WorkerLink): void {
    worker.onData = (bytes) => this.takeOutput(worker, bytes);
    worker.onJson = (message) => {
      // The service says nothing when a shell exits.
      if (message['op'] === 'exited') this.end('', 'Terminated');
    };
    worker.onClosed = () => this.end('The session worker ended.', 'Failed');
    this.worker = worker;
    for (const say of this.waiting.splice(0)) say(worker);
    if (this.hasEnded) worker.peer.sendJson({ op: 'end' });
  }

  private takeOutput(worker: WorkerLink, bytes: Buffer): void {
    if (this.hasEnded) return;
    this.idle.count('output');
    let hasRoom = true;
    for (let at = 0; at < bytes.length; at += OUTPUT_BYTES) {
      hasRoom = this.peer.send(PAYLOAD.output, Buffer.from(bytes.subarray(at, at + OUTPUT_BYTES)));
    }
    if (!hasRoom) worker.peer.pause();
  }

  private takeInput(message: ChannelMessage): void {
    if (this.hasEnded) return;
    const { payloadType, payload } = message;
    if (payloadType === PAYLOAD.handshakeResponse) {
      if (this.handshake === 'asked') this.finishHandshake(payload);
      return;
    }
    // A client without the handshake goes on, as with an agent that does not ask.
    if (this.handshake === 'asked') this.openShell();
    if (payloadType !== PAYLOAD.size) this.idle.count('input');
    if (payloadType === PAYLOAD.output) {
      this.tell((worker) => {
        if (worker.peer.sendData(payload)) return;
        this.peer.pause();
        worker.peer.drained(() => this.peer.resume());
      });
    } else if (payloadType === PAYLOAD.size) this.takeSize(payload);
    else if (payloadType === PAYLOAD.flag) {
      if (payload.length >= 4 && payload.readUInt32BE(0) === TERMINATE_FLAG) this.end('', 'Terminated');
    } else this.end(`The session was closed: unknown payload type ${payloadType}.`, 'Failed', 1003);
  }

  private finishHandshake(payload: Buffer): void {
    const answer = parseObject(String(payload));
    const actions = answer?.['ProcessedClientActions'];
    const isDone =
      Array.isArray(actions) &&
      actions.some((one) => one?.ActionType === 'SessionType' && one?.ActionStatus === 1);
    if (!isDone) {
      this.end('The session was closed: the client did not accept the session type.', 'Failed', 1003);
      return;
    }
    const nanoseconds = (this.clock.now() - this.askedAt) * 1e6;
    this.sendJson(PAYLOAD.handshakeComplete, { HandshakeTimeToComplete: nanoseconds, CustomerMessage: '' });
    this.openShell();
  }

  private openShell(): void {
    this.handshake = 'over';
    const { command } = this.settings;
    // A command gets no shell profile.
    const shellProfile =
      command === undefined && knowsShellProfile(this.agentVersion) ? this.settings.shellProfile : '';
    this.tell((worker) =>
      worker.peer.sendJson({ op: 'open', shellProfile, command, isLogged: this.settings.isLogged }),
    );
  }

  private takeSize(payload: Buffer): void {
    const size = parseObject(String(payload));
    const [cols, rows] = [Number(size?.['cols']), Number(size?.['rows'])];
    if (Number.isInteger(cols) && Number.isInteger(rows)) {
      const text = `${cols}x${rows}`;
      const { sizes } = this.settings;
      if (sizes === 'every' || (sizes === 'changed' && text !== this.size)) this.idle.count('input');
      this.size = text;
      this.tell((worker) => worker.peer.sendJson({ op: 'resize', cols, rows }));
    } else this.end('The session was closed: a size message without cols and rows.', 'Failed', 1003);
  }

  private tell(say: (worker: WorkerLink) => void): void {
    if (this.worker === undefined) this.waiting.push(say);
    else say(this.worker);
  }

  private sendJson(payloadType: number, value: unknown): void {
    this.peer.send(payloadType, Buffer.from(JSON.stringify(value)));
  }
}

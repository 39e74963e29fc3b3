import { formatDuration } from '../../duration.ts';
import type { PushEvent, Stage } from '../../fleet/sender.ts';
import type { Awaited } from '../../fleet/standstill.ts';
import type { Io } from '../../terminal/io.ts';
import { ownSequence, safe, showLine } from '../../terminal/safe-text.ts';

const LABELS: Readonly<Record<Exclude<Stage, 'look'>, string>> = {
  canary: 'first instance',
  fleet: 'instances',
};

/** Shows progress: a bar on a terminal, plain lines elsewhere, nothing with `isQuiet`. */
export interface JointProgress {
  /** Shows the events of one account. Plain lines start with its label; the bar adds up all accounts. */
  forAccount(label: string): (event: PushEvent) => void;
  /** Removes the bar until the next event; safe to call twice. */
  stop(): void;
}

export function makeProgress(io: Io, isQuiet: boolean): JointProgress {
  if (isQuiet) return { forAccount: () => () => {}, stop: () => {} };
  if (io.canRedraw) return makeBar(io);
  return {
    forAccount: (label) => makeLines((line) => io.err(safe`${label && `${label}: `}${line}\n`)),
    stop: () => {},
  };
}

function makeLines(write: (line: string) => void): (event: PushEvent) => void {
  let last = '';
  let hadCanary = false;
  const say = (line: string) => {
    if (line !== last) write(line);
    last = line;
  };
  return (event) => {
    if (event.kind === 'stage') {
      const isFirst = event.stage === 'fleet' && !hadCanary;
      if (!isFirst) say(describeStage(event.stage, event.instanceIds));
      hadCanary ||= event.stage === 'canary';
    }
    if (event.kind === 'sent' && event.stage !== 'look') say(showLine(`sent: command ${event.commandId}`));
    if (event.kind === 'standstill') say(describeStandstill(event));
    if (event.kind === 'counters' && event.counters.targetCount > 0 && event.stage !== 'look')
      say(`${LABELS[event.stage]}: ${event.counters.completedCount} of ${event.counters.targetCount} done`);
  };
}

function describeStage(stage: Stage, instanceIds: readonly string[]): string {
  if (stage === 'canary') return safe`first instance: ${instanceIds[0]}`;
  if (stage === 'look') return describeWait(instanceIds.length);
  return 'then the others';
}

const describeWait = (agents: number) =>
  `waiting for ${agents === 1 ? 'the agent' : `${agents} agents`} to come back, about 10 s`;

/** So many instances are named. */
const NAMED_AWAITED = 3;

/** `waiting for web-2 (offline: ConnectionLost) and 4 more; its delivery ends after 9m (--delivery-timeout)` */
function describeStandstill({ awaited, count, seconds }: Extract<PushEvent, { kind: 'standstill' }>): string {
  const named = awaited.slice(0, NAMED_AWAITED).map(describeAwaited);
  const others = count - named.length;
  const who =
    named.length === 0
      ? `${count} ${count === 1 ? 'instance' : 'instances'}`
      : `${named.join(', ')}${others > 0 ? ` and ${others} more` : ''}`;
  const isOpen = awaited.some(({ status }) => /^(pending|delayed)$/i.test(status));
  if (seconds === undefined || !isOpen) return safe`waiting for ${who}`;
  const rest = seconds < 60 ? Math.ceil(seconds) : Math.ceil(seconds / 60) * 60;
  return safe`waiting for ${who}; the service tries to deliver for at most ${formatDuration(rest)} more (--delivery-timeout)`;
}

function describeAwaited({ instanceId, name, status, offline }: Awaited): string {
  return `${name || instanceId} (${offline ? `offline: ${offline}` : status})`;
}

interface Part {
  /** Undefined: nothing was sent yet. */
  stage: Stage | undefined;
  /** 0: not counted yet. */
  total: number;
  done: number;
}

function makeBar(io: Io): JointProgress {
  const parts = new Set<Part>();
  let shown = '';
  const draw = (line: string) => {
    if (line !== shown) io.err((shown && ownSequence(1, 'G') + ownSequence(0, 'J')) + line);
    shown = line;
  };
  const show = () => {
    const all = [...parts].filter(({ stage }) => stage !== undefined);
    const stages = new Set(all.map(({ stage }) => stage));
    const [stage = 'fleet'] = stages.size === 1 ? stages : [];
    if (all.length === 0) return;
    const total = all.reduce((sum, part) => sum + part.total, 0);
    const done = all.reduce((sum, part) => sum + part.done, 0);
    // A bar would go back to its beginning.
    if (stage === 'look') return draw(describeWait(total - done).slice(0, (io.errColumns ?? io.columns) - 1));
    draw(
      total === 0 ? `${LABELS[stage]} …` : drawBar(LABELS[stage], done, total, io.errColumns ?? io.columns),
    );
  };
  return {
    stop: () => draw(''),
    forAccount(label) {
      const part: Part = { stage: undefined, total: 0, done: 0 };
      parts.add(part);
      return (event) => {
        // For a tag the total is known only after the service has counted.
        if (event.kind === 'stage')
          Object.assign(part, { stage: event.stage, total: event.instanceIds.length, done: 0 });
        else if (event.kind === 'counters' && event.counters.targetCount > 0) {
          const { targetCount, completedCount } = event.counters;
          Object.assign(part, { stage: event.stage, total: targetCount, done: completedCount });
        } else if (event.kind === 'standstill') {
          draw('');
          io.err(safe`${label && `${label}: `}${describeStandstill(event)}\n`);
        } else return;
        show();
      };
    },
  };
}

const [SHORTEST_BAR, LONGEST_BAR] = [6, 40];
const LABEL_WIDTH = Math.max(...Object.values(LABELS).map(({ length }) => length));

/** Label, bar and counters in one line; on a narrow terminal without the bar. */
export function drawBar(label: string, done: number, total: number, columns: number): string {
  const counters = `${done}/${total}`;
  // The last column stays free: some terminals wrap as soon as it is written.
  const room = columns - 1 - LABEL_WIDTH - ` ${total}/${total}`.length - 1;
  if (room < SHORTEST_BAR) return `${label} ${counters}`;
  const size = Math.min(LONGEST_BAR, room);
  const full = '█'.repeat(Math.round((size * Math.min(done, total)) / total));
  return `${label.padEnd(LABEL_WIDTH)} ${full.padEnd(size, '░')} ${counters}`;
}

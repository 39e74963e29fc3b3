import cliProgress from 'cli-progress';
import type { PushEvent, Stage } from '../fleet/push.ts';
import type { Io } from './io.ts';

const LABELS: Readonly<Record<Stage, string>> = {
  canary: 'first instance',
  fleet: 'instances',
  look: 'agent back?',
};

/** Shows a push as it goes on: a bar on a terminal, plain lines elsewhere, nothing with `isQuiet`. */
export interface Progress {
  onEvent(event: PushEvent): void;
  /** Takes the bar off the screen; safe to call twice. */
  stop(): void;
}

export function makeProgress(io: Io, isQuiet: boolean): Progress {
  if (isQuiet) return { onEvent: () => {}, stop: () => {} };
  return io.isErrTerminal ? makeBar(io) : makeLines(io);
}

function makeLines(io: Io): Progress {
  let last = '';
  let hadCanary = false;
  const say = (line: string) => {
    if (line !== last) io.err(`${line}\n`);
    last = line;
  };
  return {
    stop: () => {},
    onEvent(event) {
      if (event.kind === 'stage') {
        const isFirst = event.stage === 'fleet' && !hadCanary;
        if (!isFirst) say(describeStage(event.stage, event.instanceIds));
        hadCanary ||= event.stage === 'canary';
      }
      if (event.kind === 'sent' && event.stage !== 'look') say(`sent: command ${event.commandId}`);
      if (event.kind === 'counters' && event.counters.targetCount > 0 && event.stage !== 'look') {
        say(`${LABELS[event.stage]}: ${event.counters.completedCount} of ${event.counters.targetCount} done`);
      }
    },
  };
}

function describeStage(stage: Stage, instanceIds: readonly string[]): string {
  if (stage === 'canary') return `first instance: ${instanceIds[0]}`;
  if (stage === 'look')
    return `waiting for ${instanceIds.length === 1 ? 'the agent' : `${instanceIds.length} agents`} to come back`;
  return 'then the others';
}

function makeBar(io: Io): Progress {
  let bar: cliProgress.SingleBar | undefined;
  let shownStage: Stage | undefined;
  const stop = () => {
    bar?.stop();
    bar = undefined;
  };
  return {
    stop,
    onEvent(event) {
      if (event.kind === 'sent') return;
      if (event.stage !== shownStage) {
        stop();
        shownStage = event.stage;
      }
      if (!bar) {
        bar = new cliProgress.SingleBar({
          stream: process.stderr,
          format: `${LABELS[event.stage].padEnd(14)} {bar} {value}/{total}`,
          barsize: Math.max(10, Math.min(40, io.columns - 40)),
          barCompleteChar: '█',
          barIncompleteChar: '░',
          hideCursor: false,
          clearOnComplete: true,
        });
        bar.start(event.kind === 'stage' ? Math.max(1, event.instanceIds.length) : 1, 0);
      }
      if (event.kind === 'counters' && event.counters.targetCount > 0) {
        bar.setTotal(event.counters.targetCount);
        bar.update(event.counters.completedCount);
      }
    },
  };
}

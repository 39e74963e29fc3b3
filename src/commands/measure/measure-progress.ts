import { repeat } from '../../clock.ts';
import {
  type ArmRun,
  describeOutcome,
  formatBytes,
  formatClock,
  livedSeconds,
  type MeasurePlan,
  nameRun,
} from '../../session/measure/index.ts';
import type { Io } from '../../terminal/io.ts';
import { ownSequence, safe, showLine } from '../../terminal/safe-text.ts';

/** Shows the progress of a measurement: on a terminal a block, redrawn each second; elsewhere plain lines. */
export interface MeasureProgress {
  onChange(run: ArmRun): void;
  /** Removes the block; safe to call twice. */
  stop(): void;
}

const REDRAW_MS = 1000;
/** A plain line comes after each tenth of the limit, within these bounds. */
const [LEAST_LINES_MS, MOST_LINES_MS] = [10_000, 600_000];

export function makeMeasureProgress(
  io: Io,
  runs: readonly ArmRun[],
  plan: MeasurePlan,
  isQuiet: boolean,
): MeasureProgress {
  if (isQuiet) return { onChange: () => {}, stop: () => {} };
  return io.canRedraw ? makeBlock(io, runs, plan) : makeLines(io, runs, plan);
}

function makeLines(io: Io, runs: readonly ArmRun[], plan: MeasurePlan): MeasureProgress {
  const startedAt = io.clock.now();
  const pace = Math.min(MOST_LINES_MS, Math.max(LEAST_LINES_MS, plan.limitSeconds * 100));
  const end = repeat(io.clock, pace, () => {
    for (const line of drawRows(runs, plan, io.clock.now()).slice(1)) io.err(safe`${line}\n`);
  });
  return {
    stop: end,
    onChange(run) {
      if (run.state !== 'open' && run.state !== 'ended') return;
      const clock = formatClock((io.clock.now() - startedAt) / 1000);
      const what =
        run.state === 'open' ? 'begun' : `${describeOutcome(run)} after ${formatClock(livedSeconds(run))}`;
      io.err(safe`${clock}  ${nameRun(run, runs)}: ${what}\n`);
    },
  };
}

function makeBlock(io: Io, runs: readonly ArmRun[], plan: MeasurePlan): MeasureProgress {
  let shown = 0;
  let isStopped = false;
  // Starts at the first column: the terminal may have echoed ^C after the block.
  const wipe = () =>
    shown > 0 ? `${ownSequence(1, 'G')}${ownSequence(shown, 'A')}${ownSequence(0, 'J')}` : '';
  const draw = () => {
    if (isStopped) return;
    // A wrapped line would take two rows, and wiping would miss one.
    const lines = drawRows(runs, plan, io.clock.now()).map((line) =>
      showLine(line).slice(0, (io.errColumns ?? io.columns) - 1),
    );
    io.err(wipe() + lines.map((line) => safe`${line}\n`).join(''));
    shown = lines.length;
  };
  const end = repeat(io.clock, REDRAW_MS, draw);
  draw();
  return {
    onChange: draw,
    stop() {
      if (isStopped) return;
      isStopped = true;
      end();
      io.err(wipe());
    },
  };
}

/** One row an arm, also with --repeat: its current session or its last. At most 79 columns. */
function drawRows(runs: readonly ArmRun[], plan: MeasurePlan, now: number): string[] {
  const row = (cells: readonly string[]) =>
    [
      cells[0]?.padEnd(10),
      cells[1]?.padStart(8),
      cells[2]?.padStart(9),
      cells[3]?.padStart(9),
      ` ${cells[4]}`,
    ].join(' ');
  return [
    row(['ARM', 'ELAPSED', 'TO HOST', 'FROM HOST', 'STATE']),
    ...plan.arms.map((arm) => {
      const own = runs.filter((run) => run.arm === arm);
      const begun = own.filter(({ state }) => state !== 'waiting');
      const current = begun.find(({ state }) => state !== 'ended') ?? begun.at(-1);
      if (!current) return row([arm, '', '', '', 'waiting']);
      const turn = own.length > 1 ? ` (${begun.length} of ${own.length})` : '';
      const state = current.state === 'ended' ? describeOutcome(current) : current.state;
      return row([
        arm,
        formatClock(livedSeconds(current, now)),
        // Counted from the end of the set-up.
        current.begunAt === undefined ? '-' : formatBytes(current.bytesOut),
        current.begunAt === undefined ? '-' : formatBytes(current.bytesIn),
        `${state}${turn}`,
      ]);
    }),
  ];
}

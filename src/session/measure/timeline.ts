/** Draws one session: a lane for output, a lane for input, the silence before the end, and the end. Pure. */

import { wordTable } from '../../word-table.ts';
import type { ArmRun } from './arm-run.ts';
import { livedSeconds } from './arm-run.ts';
import { type Html, html } from './html.ts';
import { describeOutcome, formatBytes, formatTime } from './words.ts';

/** The drawing's width in its own units. The page stretches it; lines keep their thickness. */
const WIDTH = 1000;
const LANE_HEIGHT = 22;
const LANES = { output: 2, input: 30 } as const;
const HEIGHT = 54;

/**
 * `spanSeconds`: the time of the whole width; the same for all sessions of a page. `doesSizeCount`: its sizes reset the timer, so
 * no silence of input is drawn.
 */
export function drawTimeline(run: ArmRun, name: string, spanSeconds: number, doesSizeCount: boolean): Html {
  const x = (at: number) =>
    Math.min(WIDTH, Math.max(0, ((at - (run.startedAt ?? at)) / 1000 / spanSeconds) * WIDTH));
  const end = x(run.endedAt ?? run.startedAt ?? 0);
  const begun = run.begunAt === undefined ? 0 : x(run.begunAt);
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${describe(run, name)}">
<rect class="lane" x="0" y="${LANES.output}" width="${round(end)}" height="${LANE_HEIGHT}"/>
<rect class="lane" x="0" y="${LANES.input}" width="${round(end)}" height="${LANE_HEIGHT}"/>
<rect class="setup" x="0" y="0" width="${round(begun)}" height="${HEIGHT}"/>
${axisMarks(spanSeconds).map((mark) => html`<path class="grid" vector-effect="non-scaling-stroke" d="M${round((mark / spanSeconds) * WIDTH)} 0V${HEIGHT}"/>`)}
${(['output', 'input'] as const).map((kind) => drawLane(run, kind, x, end, doesSizeCount))}
${drawMarks(
  'size',
  LANES.input,
  run.sizeAt.map((at) => round(x(at))),
)}
<path class="end ${END_CLASSES[run.outcome ?? ''] ?? 'other'}" vector-effect="non-scaling-stroke" d="M${round(end)} 0V${HEIGHT}"/>
</svg>`;
}

/** Only these two outcomes are evidence about the timer, so only they have a class of their own. */
const END_CLASSES = wordTable<string>({ alive: 'alive', 'timed-out': 'dead' });

function drawLane(
  run: ArmRun,
  kind: 'output' | 'input',
  x: (at: number) => number,
  end: number,
  doesSizeCount: boolean,
): Html {
  const top = LANES[kind];
  const events = kind === 'output' ? run.outputAt : run.inputAt;
  const marks = [...new Set(events.map((at) => round(x(at))))];
  const silentFrom = marks.at(-1) ?? 0;
  // A timer that counts this lane saw exactly this silence before the end.
  const hasSilence =
    run.outcome !== undefined &&
    run.startedAt !== undefined &&
    end > silentFrom &&
    !(kind === 'input' && doesSizeCount);
  return html`${hasSilence ? html`<rect class="silence" x="${silentFrom}" y="${top}" width="${round(end - silentFrom)}" height="${LANE_HEIGHT}"/>` : ''}
${drawMarks(kind, top, marks)}`;
}

function drawMarks(kind: string, top: number, marks: readonly number[]): Html | '' {
  const path = marks.map((mark) => `M${mark} ${top + 2}V${top + LANE_HEIGHT - 2}`).join('');
  return path === '' ? '' : html`<path class="${kind}" vector-effect="non-scaling-stroke" d="${path}"/>`;
}

function describe(run: ArmRun, name: string): string {
  return `${name}: ${describeOutcome(run)} after ${formatTime(livedSeconds(run))}; ${formatBytes(run.bytesOut)} of input, ${formatBytes(run.bytesIn)} of output${run.sizeAt.length === 0 ? '' : `; ${run.sizeAt.length} sizes`}`;
}

const DAY = 24 * 3600;

/** At most seven round numbers. */
export function axisMarks(spanSeconds: number): number[] {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400];
  const step =
    steps.find((candidate) => spanSeconds / candidate <= 6) ?? Math.ceil(spanSeconds / 6 / DAY) * DAY;
  return Array.from({ length: Math.floor(spanSeconds / step) + 1 }, (_, index) => index * step);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

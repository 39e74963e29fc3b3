/** The report as one HTML page without network or script; for light and dark screens, phones and paper. Pure. */
import { formatDuration } from '../../duration.ts';
import { type ArmRun, livedSeconds } from './arm-run.ts';
import { ARMS } from './arms.ts';
import { type Conclusion, silence } from './conclude.ts';
import { type Html, html } from './html.ts';
import { PAGE_STYLE } from './page-style.ts';
import { axisMarks, drawTimeline } from './timeline.ts';
import {
  describeConclusion,
  describeHeadline,
  describeInstance,
  describeOutcome,
  describeWhere,
  describeWhyTimesDiffer,
  formatBytes,
  formatClock,
  formatTime,
  gatherWords,
  type MeasureFacts,
  nameRun,
  type Words,
} from './words.ts';

export function renderPage(runs: readonly ArmRun[], conclusion: Conclusion, facts: MeasureFacts): string {
  const spanSeconds = Math.max(1, ...runs.map((run) => livedSeconds(run)));
  const title = `How long sessions live: ${describeInstance(facts)}`;
  return (
    '<!doctype html>\n' +
    html`<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<header>
<p class="where">How long sessions live</p>
<h1>${describeHeadline(runs, conclusion, facts)}</h1>
<p class="where">${showWhere(describeWhere(facts), facts)}</p>
${facts.isLab ? html`<p class="lab">Measured on the lab, a stand-in account on one machine. Its idle timer is not the one of your account.</p>` : ''}
</header>
<main>
<section aria-labelledby="lines">
<h2 id="lines">Session by session</h2>
${legend()}
<div class="chart">
${showAxis(spanSeconds)}
${runs.map((run) => showRun(run, nameRun(run, runs), spanSeconds, (run.arm === 'size' || run.arm === 'resize') && conclusion[run.arm] === 'yes'))}
${showAxis(spanSeconds)}
</div>
${gatherWords(runs).map(showWords)}
<p class="about">${describeWhyTimesDiffer(runs)}</p>
</section>
<section aria-labelledby="shows">
<h2 id="shows">What this shows</h2>
<dl class="shows">
${describeConclusion(conclusion).map(showConclusion)}
</dl>
</section>
<section aria-labelledby="table">
<h2 id="table">The same in numbers</h2>
<p class="about">Silence is counted back from the end; input goes to the host, output comes from it.</p>
<div class="scroll" tabindex="0" role="region" aria-labelledby="table">${showTable(runs)}</div>
</section>
<section aria-labelledby="how">
<h2 id="how">How it was measured</h2>
<dl class="facts">
${showFacts(facts)}
</dl>
</section>
</main>
<footer>Made by ssm-keepalive ${facts.version} measure. Nothing here says more than these sessions showed.</footer>
</body>
</html>
`.text
  );
}

function showConclusion({ about, says, why }: ReturnType<typeof describeConclusion>[number]): Html {
  return html`<div><dt>${about}</dt><dd><strong${says.includes('not shown') ? html` class="open"` : ''}>${says}</strong>${why === '' ? '' : html` <span class="why">${why}</span>`}</dd></div>
`;
}

function legend(): Html {
  return html`<ul class="legend" aria-label="Legend">
<li><span class="key output"></span>above, output: the host printed</li>
<li><span class="key input"></span>below, input: the client sent</li>
<li><span class="key size"></span>below, dashed: the client sent a size</li>
<li><span class="key silence"></span>silence before the end</li>
<li><span class="key setup"></span>set-up</li>
</ul>
`;
}

function showRun(run: ArmRun, name: string, spanSeconds: number, doesSizeCount: boolean): Html {
  const outcome = run.outcome ?? 'interrupted';
  const sign = outcome === 'alive' ? '●' : outcome === 'timed-out' ? '✕' : '?';
  return html`<article>
<div><h3>${name} <span class="badge ${outcome}"><span aria-hidden="true">${sign}</span> ${describeOutcome(run)}${run.startedAt === undefined ? '' : ` after ${formatTime(livedSeconds(run))}`}</span></h3>
<p class="about">${ARMS[run.arm].describe}</p></div>
${run.startedAt === undefined ? '' : html`<div class="plot">${drawTimeline(run, name, spanSeconds, doesSizeCount)}${showSilences(run, spanSeconds)}</div>`}
</article>
`;
}

/** The lengths of silences, as text above the drawing, which is stretched; only where a phone has room. */
function showSilences(run: ArmRun, spanSeconds: number): Html[] {
  return (['output', 'input'] as const).flatMap((kind) => {
    const share = silence(run, kind) / spanSeconds;
    const right = 100 * (1 - livedSeconds(run) / spanSeconds);
    // A text would cover the marks of sizes.
    const isCovering = kind === 'input' && run.sizeAt.length > 0;
    return run.outcome !== 'timed-out' || share < 0.2 || isCovering
      ? []
      : [
          html`<span class="silent ${kind}" aria-hidden="true" style="right:${right.toFixed(2)}%;width:${(share * 100).toFixed(2)}%">${formatTime(silence(run, kind))}</span>`,
        ];
  });
}

function showAxis(spanSeconds: number): Html {
  const marks = axisMarks(spanSeconds).map((mark, index) => {
    const left = (mark / spanSeconds) * 100;
    // The label of a mark near the end stands to its left, inside the page. A phone has room for every other one.
    const places = [left > 95 ? 'last' : '', index % 2 === 1 ? 'odd' : ''].filter(Boolean).join(' ');
    return html`<span class="${places}" style="left:${left.toFixed(2)}%">${formatClock(mark)}</span>`;
  });
  return html`<div class="axis" aria-hidden="true"><div class="plot">${marks}</div></div>`;
}

function showWords({ text, isQuote, names }: Words): Html {
  return html`<p class="words">${names.join(', ')}:</p>
${isQuote ? html`<blockquote>${text}</blockquote>` : html`<p class="words">${text}</p>`}
`;
}

/** On a phone each row is a list, and its cells show the head's words. */
const COLUMNS: readonly (readonly [head: string, read: (run: ArmRun) => string])[] = [
  ['Lived', (run) => formatTime(livedSeconds(run))],
  ['Input', (run) => formatBytes(run.bytesOut)],
  ['Output', (run) => formatBytes(run.bytesIn)],
  ['No input for', (run) => (run.startedAt === undefined ? '–' : formatTime(silence(run, 'input')))],
  ['No output for', (run) => (run.startedAt === undefined ? '–' : formatTime(silence(run, 'output')))],
  ['Queries answered', (run) => (run.queries === 0 ? '–' : `${run.answers} of ${run.queries}`)],
  ['How it ended', describeOutcome],
];

function showTable(runs: readonly ArmRun[]): Html {
  return html`<table aria-labelledby="table">
<thead><tr><th scope="col">Arm</th>${COLUMNS.map(([head]) => html`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>
${runs.map(
  (
    run,
  ) => html`<tr><th scope="row">${nameRun(run, runs)}</th>${COLUMNS.map(([head, read]) => html`<td data-head="${head}">${read(run)}</td>`)}</tr>
`,
)}</tbody>
</table>`;
}

/** The text, with the instance's id in one piece: a line could end at its hyphen. */
function showWhere(text: string, { instanceId }: MeasureFacts): Html[] {
  const [before = '', ...rest] = text.split(instanceId || '\0');
  return [html`${before}`, ...rest.map((part) => html`<span class="id">${instanceId}</span>${part}`)];
}

function showFacts(facts: MeasureFacts): Html[] {
  const rows: [name: string, value: string][] = [
    ['Instance', facts.instanceId],
    ['Host name', facts.hostName ?? 'not read'],
    ['Account', facts.isLab ? 'the lab' : (facts.accountId ?? 'not read')],
    ['Region', facts.region],
    ['Begun', `${facts.startedAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`],
    ['Client', facts.client === 'own' ? 'ssm-keepalive’s own' : 'the official session-manager-plugin'],
    ['Session document', facts.document ? `${facts.document} (temporary)` : 'the account’s own'],
    [
      'Its idle timeout',
      facts.idleTimeoutSeconds === undefined ? 'not read' : formatDuration(facts.idleTimeoutSeconds),
    ],
    ['Watched for', `${formatDuration(facts.limitSeconds)} at most`],
    ['Loops, keys and sizes', `every ${formatDuration(facts.tickSeconds)}`],
    ['Input and output', 'counted from the end of the set-up'],
  ];
  return rows.map(
    ([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>
`,
  );
}

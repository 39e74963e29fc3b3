/** The report as one page that needs nothing else: no network, no script, light and dark, phone and paper. Pure. */
import { formatDuration } from '../../duration.ts';
import type { ArmRun } from './arm-run.ts';
import { isQuote, livedSeconds } from './arm-run.ts';
import { findArm } from './arms.ts';
import { type Conclusion, silence } from './conclude.ts';
import { type Html, html } from './html.ts';
import { PAGE_STYLE } from './page-style.ts';
import { axisMarks, drawTimeline } from './timeline.ts';
import {
  type MeasureFacts,
  nameRun,
  sayBytes,
  sayClock,
  sayConclusion,
  sayOutcome,
  sayTime,
  sayWhere,
} from './words.ts';

export function renderPage(runs: readonly ArmRun[], conclusion: Conclusion, facts: MeasureFacts): string {
  const spanSeconds = Math.max(1, ...runs.map((run) => livedSeconds(run)));
  const title = `How long sessions live: ${facts.instanceId}`;
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
<h1>How long sessions live</h1>
<p class="where">${facts.instanceId}, ${sayWhere(facts)}</p>
</header>
<main>
<section aria-labelledby="shows">
<h2 id="shows">What this shows</h2>
<dl class="shows">
${sayConclusion(conclusion).map(showConclusion)}
</dl>
</section>
<section aria-labelledby="lines">
<h2 id="lines">Session by session</h2>
${legend()}
${runs.map((run) => showRun(run, nameRun(run, runs), spanSeconds))}
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

function showConclusion({ about, says, why }: ReturnType<typeof sayConclusion>[number]): Html {
  return html`<div><dt>${about}</dt><dd><strong${says.includes('not shown') ? html` class="open"` : ''}>${says}</strong>${why === '' ? '' : html` <span class="why">${why}</span>`}</dd></div>
`;
}

function legend(): Html {
  return html`<ul class="legend" aria-label="Legend">
<li><span class="key output"></span>output: the host printed</li>
<li><span class="key input"></span>input: the client sent</li>
<li><span class="key silence"></span>silence before the end</li>
<li><span class="key setup"></span>set-up</li>
</ul>
`;
}

function showRun(run: ArmRun, name: string, spanSeconds: number): Html {
  const outcome = run.outcome ?? 'interrupted';
  const sign = outcome === 'alive' ? '●' : outcome === 'timed-out' ? '✕' : '?';
  return html`<article>
<h3>${name} <span class="badge ${outcome}"><span aria-hidden="true">${sign}</span> ${sayOutcome(run)}${run.startedAt === undefined ? '' : ` after ${sayTime(livedSeconds(run))}`}</span></h3>
<p class="about">${findArm(run.arm).describe}</p>
${run.startedAt === undefined ? '' : showDrawing(run, name, spanSeconds)}
${run.words === '' ? '' : isQuote(run) ? html`<blockquote>${run.words}</blockquote>` : html`<p class="words">${run.words}</p>`}
</article>
`;
}

function showDrawing(run: ArmRun, name: string, spanSeconds: number): Html {
  const marks = axisMarks(spanSeconds);
  return html`<div class="line"><div class="names" aria-hidden="true"><span>output</span><span>input</span></div><div class="plot">${drawTimeline(run, name, spanSeconds)}
<div class="axis" aria-hidden="true">${marks.map((mark, index) => html`<span class="${index % 2 === 1 ? 'odd' : 'even'}" style="left:${((mark / spanSeconds) * 100).toFixed(2)}%">${sayClock(mark)}</span>`)}</div></div></div>`;
}

function showTable(runs: readonly ArmRun[]): Html {
  return html`<table aria-labelledby="table">
<thead><tr><th scope="col">Arm</th><th scope="col">Lived</th><th scope="col">Input</th><th scope="col">Output</th><th scope="col">No input for</th><th scope="col">No output for</th><th scope="col">Queries answered</th><th scope="col">How it ended</th></tr></thead>
<tbody>
${runs.map(
  (
    run,
  ) => html`<tr><th scope="row">${nameRun(run, runs)}</th><td>${sayTime(livedSeconds(run))}</td><td>${sayBytes(run.bytesOut)}</td><td>${sayBytes(run.bytesIn)}</td><td>${run.startedAt === undefined ? '–' : sayTime(silence(run, 'input'))}</td><td>${run.startedAt === undefined ? '–' : sayTime(silence(run, 'output'))}</td><td>${run.queries === 0 ? '–' : `${run.answers} of ${run.queries}`}</td><td class="text">${sayOutcome(run)}</td></tr>
`,
)}</tbody>
</table>`;
}

function showFacts(facts: MeasureFacts): Html[] {
  const rows: [name: string, value: string][] = [
    ['Instance', facts.instanceId],
    ['Account', facts.accountId ?? 'not read'],
    ['Region', facts.region],
    ['Begun', `${facts.startedAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`],
    ['Client', facts.client === 'own' ? 'ssm-keepalive’s own' : 'the official session-manager-plugin'],
    ['Session document', facts.document ? `${facts.document} (temporary)` : 'the account’s own'],
    [
      'Its idle timeout',
      facts.idleTimeoutSeconds === undefined ? 'not read' : formatDuration(facts.idleTimeoutSeconds),
    ],
    ['Watched for', `${formatDuration(facts.limitSeconds)} at most`],
    ['Loops and keys', `every ${formatDuration(facts.tickSeconds)}`],
  ];
  return rows.map(
    ([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>
`,
  );
}

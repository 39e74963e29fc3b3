import { Html } from './html.ts';

/** The page's style. Only system fonts. Contrast is at least 4.5:1 for text, 3:1 for marks. */
export const PAGE_STYLE = new Html(`
:root{--page:#fff;--ink:#1b1f24;--soft:#57606a;--edge:#d0d7de;--lane:#eef1f4;--card:#f6f8fa;--output:#0550ae;--input:#a33c00;--silence:#e3d3f5;--silence-edge:#8250df;--setup:rgba(87,96,106,.18);--good:#116329;--bad:#a40e26}
@media (prefers-color-scheme:dark){:root{--page:#0d1117;--ink:#e6edf3;--soft:#9da7b1;--edge:#30363d;--lane:#1c2229;--card:#161b22;--output:#79b8ff;--input:#ffab70;--silence:#3b2a57;--silence-edge:#b392f0;--setup:rgba(157,167,177,.22);--good:#56d364;--bad:#ff8e86}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0 auto;padding:1.5rem 1rem 3rem;max-width:64rem;background:var(--page);color:var(--ink);font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;overflow-wrap:anywhere}
h1{margin:.25rem 0;font-size:1.5rem;line-height:1.3;text-wrap:balance}
h2{margin:2.25rem 0 .75rem;font-size:1.2rem}
h3{margin:0;font-size:1rem;display:flex;flex-wrap:wrap;gap:.1rem .6rem;align-items:baseline}
.where,.about,.why,footer{color:var(--soft)}
.where,.about{margin:.15rem 0 0}
.lab{margin:.75rem 0 0;padding:.5rem .75rem;border:1px solid var(--input);border-left-width:4px;border-radius:.25rem}
.about{font-size:.9rem}
dl{margin:0}
dd{margin:0}
.shows{border:1px solid var(--edge);border-radius:.5rem;background:var(--card);padding:.25rem 1rem}
.shows>div,.facts>div{display:grid;grid-template-columns:11rem 1fr;gap:0 1rem;padding:.5rem 0}
.shows>div+div,.facts>div+div{border-top:1px solid var(--edge)}
dt{color:var(--soft)}
.why{display:block;font-size:.9rem}
.open{font-weight:400;font-style:italic}
.legend{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;margin:0 0 .5rem;padding:0;list-style:none;font-size:.85rem;color:var(--soft)}
.key{display:inline-block;width:1rem;height:.8rem;margin-right:.4rem;vertical-align:-.05rem}
.key.output{background:repeating-linear-gradient(90deg,var(--output) 0 2px,transparent 2px 5px)}
.key.input{background:repeating-linear-gradient(90deg,var(--input) 0 2px,transparent 2px 5px)}
.key.size{border-left:1px dashed var(--input);width:.5rem}
.key.silence{background:var(--silence);border:1px solid var(--silence-edge)}
.key.setup{background:var(--setup)}
article,.axis{display:grid;grid-template-columns:14rem 1fr;gap:.25rem 1rem;align-items:center}
article{padding:.6rem 0;border-top:1px solid var(--edge);break-inside:avoid}
article:last-of-type{border-bottom:1px solid var(--edge)}
.plot{position:relative;grid-column:2}
.silent{position:absolute;font-size:.75rem;line-height:22px;text-align:center;font-variant-numeric:tabular-nums;pointer-events:none;white-space:nowrap}
.silent.output{top:2px}
.silent.input{top:30px}
.badge{flex-basis:100%;font-weight:400;font-size:.9rem;color:var(--soft)}
.badge.alive{color:var(--good)}
.badge.timed-out{color:var(--bad)}
svg{display:block;width:100%;height:54px;overflow:visible}
.lane{fill:var(--lane)}
.setup{fill:var(--setup)}
.silence{fill:var(--silence);stroke:var(--silence-edge);stroke-width:1;vector-effect:non-scaling-stroke}
path{fill:none}
path.grid{stroke:var(--edge)}
path.output{stroke:var(--output);stroke-width:2}
path.input{stroke:var(--input);stroke-width:2}
path.size{stroke:var(--input);stroke-width:1;stroke-dasharray:2 2}
path.end{stroke-width:3}
path.alive{stroke:var(--good);stroke-dasharray:4 3}
path.dead{stroke:var(--bad)}
path.other{stroke:var(--soft);stroke-dasharray:2 3}
.axis .plot{height:1.3rem;font-size:.75rem;color:var(--soft);font-variant-numeric:tabular-nums}
.axis span{position:absolute;transform:translateX(-50%);white-space:nowrap}
.axis span:first-child{transform:none}
.axis .last{transform:translateX(-100%)}
blockquote{margin:.15rem 0 .75rem;padding-left:.75rem;border-left:3px solid var(--edge);font-size:.9rem}
.words{margin:.75rem 0 0;font-size:.9rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums;overflow-wrap:normal}
th,td{padding:.35rem .75rem .35rem 0;text-align:right;border-bottom:1px solid var(--edge);white-space:nowrap}
thead th{vertical-align:bottom;color:var(--soft);font-weight:600;white-space:normal}
th:first-child,td:last-child,th:last-child{text-align:left}
.id{white-space:nowrap}
footer{margin-top:2.5rem;font-size:.85rem}
@media (max-width:34rem){.badge{flex-basis:auto}.shows>div,.facts>div{grid-template-columns:1fr}.axis .odd{display:none}article,.axis{grid-template-columns:1fr}.plot{grid-column:1}table,tbody,tr,th,td{display:block}thead{display:none}tr{padding:.5rem 0;border-bottom:1px solid var(--edge)}th,td{padding:.1rem 0;border:0}td,td:last-child{display:flex;justify-content:space-between;gap:1rem;text-align:right;white-space:normal}td::before{content:attr(data-head);color:var(--soft)}}
@media print{:root{--page:#fff;--ink:#000;--soft:#444;--edge:#bbb;--lane:#eee;--card:#fff;--output:#0550ae;--input:#a33c00;--silence:#e3d3f5;--silence-edge:#8250df;--setup:rgba(0,0,0,.15);--good:#116329;--bad:#a40e26}body{max-width:none;padding:0;font-size:10pt;-webkit-print-color-adjust:exact;print-color-adjust:exact}h2{break-after:avoid;margin-top:1.25rem}article,.axis{grid-template-columns:17rem 1fr}article{padding:.3rem 0}.about{font-size:.8rem}.scroll{overflow:visible;break-inside:avoid}table{font-size:8.5pt}th,td{padding-right:.4rem}tbody th,td:last-child{white-space:normal}}
`);

/** The page's style sheet. The browser takes it by its hash alone, so it stands in the page as it is here. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #fff; --line: #e3e6eb; --text: #1b2330; --dim: #5d6878;
  --good: #1a7f4b; --warn: #9a6200; --bad: #c22f38; --gone: #7b8494; --link: #1f5fbf;
  --good-soft: #e2f4ea; --warn-soft: #fbefd8; --bad-soft: #fce6e7; --code: #eff1f4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #11151b; --card: #191f28; --line: #2a323e; --text: #e4e8ee; --dim: #97a2b2;
    --good: #56c98a; --warn: #e0a94a; --bad: #f2777f; --gone: #8a94a4; --link: #7db0f5;
    --good-soft: #16342a; --warn-soft: #3a2e16; --bad-soft: #40212a; --code: #222a35;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
}
.wide { max-width: 1180px; margin: 0 auto; padding: 20px 24px 48px; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
code, .name { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 13px; }
.name { overflow-wrap: anywhere; }
header, .line { display: flex; flex-wrap: wrap; align-items: baseline; gap: 6px 14px; }
header { margin-bottom: 14px; }
h1 { font-size: 22px; line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 15px; margin: 0; }
h3 { font-size: 13px; margin: 14px 0 4px; color: var(--dim); font-weight: 600; }
.dim { color: var(--dim); }
.push { margin-left: auto; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 14px 18px; margin-top: 14px; }
.card > .line { margin-bottom: 6px; }
.scroll { overflow-x: auto; }
.badge { display: inline-block; padding: 1px 10px; border-radius: 999px; font-weight: 600; font-size: 12px; white-space: nowrap; }
.good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); } .gone { color: var(--gone); }
.badge.good { background: var(--good-soft); } .badge.warn { background: var(--warn-soft); }
.badge.bad { background: var(--bad-soft); } .badge.gone { background: var(--code); }
.note { border-left: 4px solid var(--bad); overflow-wrap: anywhere; }
.note.warn { border-left-color: var(--warn); color: inherit; }
.tiles { display: flex; flex-wrap: wrap; gap: 14px; margin-top: 14px; }
.tile { flex: 1 1 auto; white-space: nowrap; background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px 16px; }
.tile b { display: block; font-size: 22px; line-height: 1.3; font-weight: 650; font-variant-numeric: tabular-nums; }
td.name { min-width: 13em; }
td.chips { min-width: 9em; }
.keep { white-space: nowrap; }
dd code { white-space: pre-wrap; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { text-align: left; color: var(--dim); font-weight: 600; font-size: 12px; white-space: nowrap; }
th, td { padding: 5px 14px 5px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th:last-child, td:last-child { padding-right: 0; }
tbody:last-child tr:last-child > * { border-bottom: 0; }
.num { text-align: right; white-space: nowrap; }
tr.group > * { border-bottom-color: transparent; padding-top: 9px; }
tr.part > * { padding-top: 1px; padding-bottom: 1px; border-bottom-color: transparent; font-size: 13px; }
tr.part > td:first-child { padding-left: 18px; }
tr.part.last > * { padding-bottom: 8px; border-bottom-color: var(--line); }
.chip { display: inline-block; background: var(--code); border-radius: 5px; padding: 0 6px; margin: 0 4px 2px 0; font-size: 12px; overflow-wrap: anywhere; }
.bar { display: block; width: 100%; height: 10px; margin: 8px 0; border-radius: 5px; background: var(--code); }
.bar rect.good { fill: var(--good); } .bar rect.warn { fill: var(--warn); }
.bar rect.bad { fill: var(--bad); } .bar rect.gone { fill: var(--gone); }
.legend { display: flex; flex-wrap: wrap; gap: 4px 20px; }
.dot::before { content: "●"; margin-right: 6px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 18px; margin: 6px 0 0; }
dt, dd { margin: 0; }
form { display: inline-flex; gap: 6px; flex-wrap: wrap; }
input[type="search"], button {
  font: inherit; font-size: 13px; color: inherit; background: var(--card);
  border: 1px solid var(--line); border-radius: 6px; padding: 2px 10px;
}
button { cursor: pointer; }
button:hover { border-color: var(--link); }
button[disabled] { cursor: default; border-color: var(--link); color: var(--link); font-weight: 600; }
footer { margin: 18px 0 0; }
.stale { display: none; }
body.lost .stale { display: block; }
body.lost main { opacity: .45; }
@media (max-width: 600px) { .wide { padding: 14px; } dl { grid-template-columns: 1fr; } dd { margin-bottom: 6px; } .push { margin-left: 0; } }
`;

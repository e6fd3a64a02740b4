import { failedOf, notOk, outcomeCounts, totalOf } from '../outcomes.ts';
import type { OutcomeCount, OutcomeKind, Totals } from '../outcomes.ts';
import { formatCount } from '../format.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';

const CLASSES: Readonly<Record<OutcomeKind, string>> = { good: 'good', service: 'warn', gone: 'gone', failed: 'bad' };
/** A sliver that can still be seen, of the bar's 100. */
const LEAST_WIDTH = 0.6;

/** The share of each kind of outcome. Sizes are attributes, since the page allows no inline style. */
export function outcomeBar(totals: Totals): Html {
  const total = totalOf(totals);
  let x = 0;
  const parts = outcomeCounts(totals).map(({ outcome, kind, count }) => {
    const width = Math.max(LEAST_WIDTH, (100 * count) / total);
    const start = Math.min(x, 100 - LEAST_WIDTH);
    x += width;
    return html`<rect class="${CLASSES[kind]}" x="${start}" width="${width}" height="10"
      ><title>${outcome}</title></rect
    >`;
  });
  return html`<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">${parts}</svg>`;
}

/** Every outcome with its count, in its colour. */
export function outcomeLegend(totals: Totals): Html {
  return html`<div class="legend">${outcomeCounts(totals).map(entry)}</div>`;
}

/** How many failed. */
export function failures(totals: Totals): Html {
  const failed = failedOf(totals);
  return html`<span class="${failed === 0 ? 'dim' : 'bad'}">${formatCount(failed)}</span>`;
}

/** The outcomes that are not good, in a line; a dash without any. */
export function troubles(totals: Totals): Html {
  const bad = notOk(totals);
  if (bad.length === 0) return html`<span class="dim">–</span>`;
  const parts = bad.map(
    ({ outcome, kind, count }) => html`<span class="chip ${CLASSES[kind]}">${outcome} ${formatCount(count)}</span>`,
  );
  return html`${parts}`;
}

function entry({ outcome, kind, count }: OutcomeCount): Html {
  return html`<span><span class="dot ${CLASSES[kind]}"></span>${outcome} <b>${formatCount(count)}</b></span>`;
}

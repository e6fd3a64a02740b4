import { visible } from '../visible.ts';

/** Markup that is safe to send. Made by `html`, or out of what was written in these sources. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What may stand in a template: everything but Html is escaped. */
export type HtmlValue = Html | string | number | readonly HtmlValue[] | undefined;

export const NOTHING = new Html('');

/**
 * Builds markup. Values are escaped unless they are markup already, so that forgetting is safe;
 * in attributes they have to stand between double quotes.
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let text = strings[0] ?? '';
  for (let i = 0; i < values.length; i++) text += render(values[i]) + (strings[i + 1] ?? '');
  return new Html(text);
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function render(value: HtmlValue): string {
  if (value === undefined) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string') return value.map(render).join('');
  return visible(value).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

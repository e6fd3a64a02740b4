import * as v from 'valibot';
import { type Leaf, joinHint } from './leaf.ts';
import { accept, isRecord, kindOf, type Parsed, quote, refuse, show } from './value.ts';

const MAX_FACT = 256;

interface RecordFacts {
  readonly title: string;
  /** Of each value, as JSON Schema has it. */
  readonly values: Readonly<Record<string, unknown>>;
  /** What to write, for people. */
  readonly example: string;
}

/** Texts by names. Every entry that is wrong is told at its own place. @param parse judges one, and says both as output. */
export function recordOf(
  description: string,
  { title, values, example }: RecordFacts,
  parse: (name: string, value: unknown) => Parsed<readonly [name: string, value: string]>,
): Leaf<Readonly<Record<string, string>>> {
  return v.pipe(
    v.unknown(),
    v.metadata({ title, type: 'object', additionalProperties: values, description }),
    v.rawTransform<unknown, Readonly<Record<string, string>>>(({ dataset, addIssue, NEVER }) => {
      const input = dataset.value;
      if (!isRecord(input)) {
        addIssue({ message: joinHint(`expected names and values, found ${kindOf(input)}`, `write ${example}`) });
        return NEVER;
      }
      const entries = new Map<string, string>();
      let good = true;
      for (const [key, value] of Object.entries(input)) {
        const parsed = parse(key, value);
        if (parsed.ok && !entries.has(parsed.value[0])) {
          entries.set(...parsed.value);
          continue;
        }
        good = false;
        const { message, hint } = parsed.ok ? refuse(`${quote(key)} stands twice here`, 'case does not count') : parsed;
        addIssue({ message: joinHint(message, hint), path: [{ type: 'object', origin: 'value', input, key, value }] });
      }
      return good ? Object.fromEntries(entries) : NEVER;
    }),
  );
}

/** What is known of an endpoint, or wanted of it. Numbers and truth values count as the text that they are. */
export function metadata(description: string): Leaf<Readonly<Record<string, string>>> {
  const facts = { title: 'texts', values: { type: ['string', 'number', 'boolean'] }, example: '{ version: v1 }' };
  return recordOf(description, facts, (name, value) => {
    if (name === '') return refuse('a name is empty');
    if (!['string', 'number', 'boolean'].includes(typeof value)) return refuse(`expected a text, found ${show(value)}`);
    const text = String(value);
    return text.length > MAX_FACT ? refuse(`the text is longer than ${MAX_FACT} characters`) : accept([name, text]);
  });
}

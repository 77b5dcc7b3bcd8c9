// Rows of much text, made in steps: looking for secrets in all of it at once would hold the process.
import { addCounts, type Redactions } from '../../instrumentation/redaction/index.ts';
import type { Attributes, Resource, Span, Value } from '../decode/span.ts';
import type { Steps } from '../decode/turns.ts';
import type { Secrets } from './field-redactor.ts';

/** UTF-16 units of text that are looked through at once: some milliseconds if all of it is secrets. */
const MUCH_TEXT = 32 * 1024;

/** Whether the rows of this are better made in steps. */
export function hasMuchText({ attributes, events = [] }: Resource & Partial<Span>): boolean {
  let left = MUCH_TEXT - textIn(attributes, MUCH_TEXT);
  for (const event of events) {
    if (left < 0) return true;
    left -= textIn(event.attributes, left);
  }
  return left < 0;
}

/** Units of the attributes' texts, or some more than `enough`. */
function textIn(attributes: Attributes, enough: number): number {
  let units = 0;
  for (const [key, value] of attributes) {
    units += key.length + sizeOf(value, enough - units);
    if (units > enough) break;
  }
  return units;
}

function sizeOf(value: Value, enough: number): number {
  if (typeof value === 'string') return value.length;
  if (value === null || typeof value !== 'object') return 8;
  let units = 2;
  for (const item of Object.values(value)) {
    units += sizeOf(item, enough - units);
    if (units > enough) break;
  }
  return units;
}

/**
 * Makes something out of texts that is the same whenever it is made: once to learn which texts are looked at,
 * then again with what was found in each of them meanwhile.
 */
export function* inSteps<Made>(secrets: Secrets, make: (secrets: Secrets) => Made): Steps<Made> {
  const asked = new Asked(secrets);
  make(asked);
  yield;
  const known = new Known(secrets);
  for (const [limit, texts] of asked.texts) {
    for (const text of texts) {
      known.look(text, limit);
      yield;
    }
  }
  return make(known);
}

/** Finds nothing, and keeps what it was asked. What is made with it has its secrets still. */
class Asked implements Secrets {
  /** By their limit. */
  readonly texts = new Map<number, Set<string>>();
  readonly of: Secrets;

  constructor(secrets: Secrets) {
    this.of = secrets;
  }

  text(text: string, _counts: Redactions, limit: number = Number.POSITIVE_INFINITY): string {
    const texts = this.texts.get(limit);
    if (texts) texts.add(text);
    else this.texts.set(limit, new Set([text]));
    return text.slice(0, limit);
  }

  kindUnder(key: string, text: string): string {
    return this.of.kindUnder(key, text);
  }

  mark(kind: string, counts: Redactions): string {
    return this.of.mark(kind, counts);
  }
}

/** Has looked through some texts before it is asked for them. */
class Known implements Secrets {
  readonly of: Secrets;
  readonly #texts = new Map<number, Map<string, { clean: string; counts: Redactions }>>();

  constructor(secrets: Secrets) {
    this.of = secrets;
  }

  look(text: string, limit: number): void {
    const counts: Redactions = {};
    let clean: string;
    try {
      clean = this.of.text(text, counts, limit);
    } catch {
      // It will throw again for who asks.
      return;
    }
    const texts = this.#texts.get(limit);
    if (texts) texts.set(text, { clean, counts });
    else this.#texts.set(limit, new Map([[text, { clean, counts }]]));
  }

  text(text: string, counts: Redactions, limit: number = Number.POSITIVE_INFINITY): string {
    const known = this.#texts.get(limit)?.get(text);
    if (known === undefined) return this.of.text(text, counts, limit);
    addCounts(counts, known.counts);
    return known.clean;
  }

  kindUnder(key: string, text: string): string {
    return this.of.kindUnder(key, text);
  }

  mark(kind: string, counts: Redactions): string {
    return this.of.mark(kind, counts);
  }
}

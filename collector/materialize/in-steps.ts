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
 * Makes something out of texts that is the same whenever it is made: once to list the texts that are looked at, then
 * again with what was found in each of them meanwhile.
 */
export function* inSteps<Made>(secrets: Secrets, make: (secrets: Secrets) => Made): Steps<Made> {
  const listing = new SecretsInTexts(secrets);
  make(listing);
  yield;
  // An object of its own: what is made of a resource is cached by the secrets that it was made with.
  return make(new SecretsInTexts(secrets, yield* listing.look()));
}

interface Found {
  clean: string;
  counts: Redactions;
}

/** By limit, then by text; null where looking failed: it fails again for the caller. */
type FoundByText = Map<number, Map<string, Found | null>>;

/** Lists the texts without looking for secrets in them, or answers from what was found in texts that were listed. */
class SecretsInTexts implements Secrets {
  readonly #secrets: Secrets;
  readonly #listed: FoundByText = new Map();
  readonly #found: FoundByText | undefined;

  constructor(secrets: Secrets, found?: FoundByText) {
    this.#secrets = secrets;
    this.#found = found;
  }

  *look(): Steps<FoundByText> {
    for (const [limit, texts] of this.#listed) {
      for (const text of texts.keys()) {
        texts.set(text, this.#find(text, limit));
        yield;
      }
    }
    return this.#listed;
  }

  text(text: string, counts: Redactions, limit: number = Number.POSITIVE_INFINITY): string {
    if (this.#found === undefined) {
      const texts = this.#listed.get(limit);
      if (texts) texts.set(text, null);
      else this.#listed.set(limit, new Map([[text, null]]));
      return text.slice(0, limit);
    }
    const found = this.#found.get(limit)?.get(text);
    if (!found) return this.#secrets.text(text, counts, limit);
    addCounts(counts, found.counts);
    return found.clean;
  }

  kindUnder(key: string, text: string): string {
    return this.#secrets.kindUnder(key, text);
  }

  mark(kind: string, counts: Redactions): string {
    return this.#secrets.mark(kind, counts);
  }

  #find(text: string, limit: number): Found | null {
    const counts: Redactions = {};
    try {
      return { clean: this.#secrets.text(text, counts, limit), counts };
    } catch {
      return null;
    }
  }
}

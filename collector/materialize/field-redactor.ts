// Takes secrets out of what a span says before it becomes a row, field by field, and counts them.
import { hash } from 'node:crypto';
import { Redaction, type Redactions } from '../../instrumentation/redaction/index.ts';
import { cut } from './bounds.ts';

/** What finds the secrets; each may throw, and then the field is dropped. */
export interface Secrets extends Pick<Redaction, 'text' | 'kindUnder' | 'mark'> {
  /** What stands behind it, where it is only for one span. */
  readonly of?: Secrets;
}

/** The built-in redaction with its defaults. */
export const STANDARD_SECRETS: Secrets = new Redaction();

/** Stands where a field was dropped because its redaction failed. */
const FAILED = '[redaction failed]';
const KIND_FAILED = 'redaction_failed';
/** Hex digits of the digest that distinguishes redacted ids. */
const DIGEST_DIGITS = 8;

/** Ids and keys come again and again: those without secrets are looked for only once. */
const cleanIds = new WeakMap<Secrets, Set<string>>();
const MAX_CLEAN_IDS = 8192;
/** UTF-16 units of an id that is remembered. */
const MAX_CLEAN_LENGTH = 128;

function cleanIdsOf(secrets: Secrets): Set<string> {
  let ids = cleanIds.get(secrets);
  if (ids === undefined) {
    ids = new Set();
    cleanIds.set(secrets, ids);
  }
  return ids;
}

export class FieldRedactor {
  /** What was removed: kind → count. */
  readonly counts: Redactions = {};
  /** Names of the fields that were dropped because their redaction failed. */
  readonly dropped: string[] = [];
  readonly secrets: Secrets;
  private readonly cleanIds: Set<string>;

  constructor(secrets: Secrets) {
    this.secrets = secrets;
    this.cleanIds = cleanIdsOf(secrets);
  }

  /** A text without its secrets, cut to at most `maxBytes` bytes of UTF-8. */
  text(name: string, text: string, maxBytes: number): string {
    return cut(this.clean(name, text, maxBytes), maxBytes);
  }

  /**
   * The same for an id. One that is not what it was ends in a digest of what it was, so that different
   * ids stay different.
   */
  id(name: string, text: string, maxBytes: number): string {
    if (text === '') return '';
    const isShort = text.length <= MAX_CLEAN_LENGTH && 3 * text.length <= maxBytes;
    if (isShort && this.cleanIds.has(text)) return text;
    const clean = this.clean(name, text, maxBytes);
    if (isShort && clean === text) this.remember(text);
    if (text.startsWith(clean)) return cut(clean, maxBytes);
    const digest = `~${hash('sha256', text.slice(0, maxBytes)).slice(0, DIGEST_DIGITS)}`;
    return cut(clean, maxBytes - digest.length) + digest;
  }

  private remember(id: string): void {
    if (this.cleanIds.size >= MAX_CLEAN_IDS) this.cleanIds.clear();
    this.cleanIds.add(id);
  }

  /** The text of an attribute's value; under a secret-like key nothing is left of it. */
  value(key: string, text: string, maxBytes: number): string {
    return this.#guarded(key, () => {
      const kind = this.secrets.kindUnder(key, text);
      return kind === '' ? this.text(key, text, maxBytes) : this.secrets.mark(kind, this.counts);
    });
  }

  /** The first `maxUnits` UTF-16 units of a text, without the secrets that start in them. */
  clean(name: string, text: string, maxUnits: number): string {
    if (text === '') return '';
    return this.#guarded(name, () => this.secrets.text(text, this.counts, maxUnits));
  }

  /** Fails closed: without redaction there is no field. */
  #guarded(name: string, redact: () => string): string {
    try {
      return redact();
    } catch {
      this.counts[KIND_FAILED] = (this.counts[KIND_FAILED] ?? 0) + 1;
      this.dropped.push(name);
      return FAILED;
    }
  }
}

// Takes attributes out of a span one by one: by our name first, then by the names that others use.
// What nobody took ends in the `attributes` column.
import {
  ALIASES,
  ATTR_EVOLUTION_AUTHOR,
  ATTR_EVOLUTION_ID,
  ATTR_GEN_AI_AGENT_ID,
  ATTR_GEN_AI_AGENT_NAME,
  ATTR_GEN_AI_CONVERSATION_ID,
  ATTR_GRAPH_ID,
  ATTR_GRAPH_NODE_ID,
  ATTR_GRAPH_NODE_NAME,
  ATTR_GRAPH_RUN_ID,
  ATTR_GROUP_EVENT_AUTHOR,
  MAX_BYTES,
} from '../../instrumentation/semconv/index.ts';
import type { Attributes, Value } from '../decode/span.ts';
import { cut, MAX_NAME_BYTES, textOf } from './bounds.ts';
import { FieldRedactor, type Secrets, STANDARD_SECRETS } from './field-redactor.ts';
import { storedAttributes } from './stored-attributes.ts';

const LIMITS: Readonly<Record<string, number>> = MAX_BYTES;
const MAX_UINT32 = 2 ** 32 - 1;
const MAX_NAMES = 64;
/** What distinguishes agents, sessions, runs and nodes stays different when it is redacted. */
const IDS = new Set<string>([
  ATTR_EVOLUTION_AUTHOR,
  ATTR_EVOLUTION_ID,
  ATTR_GEN_AI_AGENT_ID,
  ATTR_GEN_AI_AGENT_NAME,
  ATTR_GEN_AI_CONVERSATION_ID,
  ATTR_GRAPH_ID,
  ATTR_GRAPH_NODE_ID,
  ATTR_GRAPH_NODE_NAME,
  ATTR_GRAPH_RUN_ID,
  ATTR_GROUP_EVENT_AUTHOR,
]);

export class AttributeReader {
  /** Names of the attributes that were cut to their bound. */
  readonly truncated = new Set<string>();
  /** All text that leaves this reader for a row passes through it; only `peek` shows what was sent. */
  readonly redactor: FieldRedactor;
  private readonly all: Attributes;
  private readonly taken = new Set<string>();

  /** @param secrets what finds secrets @default the built-in redaction */
  constructor(attributes: Attributes, secrets: Secrets = STANDARD_SECRETS) {
    this.all = attributes;
    this.redactor = new FieldRedactor(secrets);
  }

  /** Looks without taking, for decisions and not for rows; '' when absent. */
  peek(key: string): string {
    return textOf(this.all.get(key));
  }

  has(key: string): boolean {
    return this.all.has(key);
  }

  /** Says whether a key passes the test. */
  some(test: (key: string) => boolean): boolean {
    for (const key of this.all.keys()) if (test(key)) return true;
    return false;
  }

  /**
   * The text under the first of the key and its aliases that says something, without secrets and
   * within its bound.
   */
  text(key: string, aliases: readonly string[] | undefined = ALIASES[key]): string {
    const own = this.peek(key);
    if (own !== '') {
      this.taken.add(key);
      return this.bounded(key, own);
    }
    if (aliases === undefined) return '';
    for (const name of aliases) {
      const value = this.peek(name);
      if (value === '') continue;
      this.taken.add(name);
      return this.bounded(key, value);
    }
    return '';
  }

  /** Takes secrets out of a text, cuts it to the bound of this attribute and remembers that it did. */
  bounded(key: string, text: string): string {
    const limit = LIMITS[key] ?? MAX_NAME_BYTES;
    if (IDS.has(key)) {
      if (Buffer.byteLength(text) > limit) this.truncated.add(key);
      return this.redactor.id(key, text, limit);
    }
    const clean = this.redactor.clean(key, text, limit);
    const short = cut(clean, limit);
    if (text.length > limit || short.length !== clean.length) this.truncated.add(key);
    return short;
  }

  /** One of the allowed values; otherwise '', and the attribute stays where it is. */
  oneOf(key: string, allowed: readonly string[]): string {
    return allowed.includes(this.peek(key)) ? this.text(key) : '';
  }

  /** An integer from 1 that fits UInt32; otherwise the default. */
  ordinal(key: string, absent: number): number {
    const number = Number(this.peek(key) || Number.NaN);
    if (!Number.isInteger(number) || number < 1 || number > MAX_UINT32) return absent;
    this.taken.add(key);
    return number;
  }

  /** A list of strings, also when it comes as one string. */
  names(key: string): string[] {
    const value = this.all.get(key);
    if (value === undefined || value === null) return [];
    this.taken.add(key);
    const items: Value[] = Array.isArray(value) ? value : [value];
    return items
      .slice(0, MAX_NAMES)
      .map((item) => this.redactor.text(key, textOf(item), MAX_NAME_BYTES))
      .filter((item) => item !== '');
  }

  /** JSON text of kind → count; other entries are left out. */
  counts(key: string): Record<string, number> {
    const text = this.peek(key);
    if (text === '') return {};
    const parsed = parseJson(text);
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return {};
    this.taken.add(key);
    const counts = Object.entries(parsed).filter(
      ([, count]) => Number.isInteger(count) && count >= 0 && count <= MAX_UINT32,
    );
    return Object.fromEntries(
      counts
        .slice(0, MAX_NAMES)
        .map(([kind, count]) => [this.redactor.text(key, kind, MAX_NAME_BYTES), count]),
    );
  }

  /** Marks an attribute as stored elsewhere. */
  take(key: string): void {
    this.taken.add(key);
  }

  /** Marks the attributes that hold this text as stored elsewhere. */
  takeValue(text: string): void {
    if (text === '') return;
    for (const [key, value] of this.all) if (value === text) this.taken.add(key);
  }

  /** What nobody took, behind what is given, as bounded text without secrets. */
  rest(first: [string, Value][]): Record<string, string> {
    const entries = first;
    for (const entry of this.all) if (!this.taken.has(entry[0])) entries.push(entry);
    return storedAttributes(entries, this.redactor);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

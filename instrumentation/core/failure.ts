// What a failed attempt or run says about itself: exception, input, state and evidence as attributes,
// redacted first and cut to their limits last.
import { hash } from 'node:crypto';
import type { Attributes } from '@opentelemetry/api';
import {
  addCounts,
  mayHide,
  type Redactions,
  type Redactor,
  redact,
  standard,
} from '../redaction/index.ts';
import { canonicalJson, cutToBytes, type Json, toPlain } from '../redaction/plain.ts';
import {
  ATTR_ERROR_TYPE,
  ATTR_EXCEPTION_MESSAGE,
  ATTR_EXCEPTION_STACKTRACE,
  ATTR_EXCEPTION_TYPE,
  ATTR_FAILURE_EVIDENCE,
  ATTR_FAILURE_INPUT,
  ATTR_FAILURE_INPUT_DIGEST,
  ATTR_FAILURE_REDACTIONS,
  ATTR_FAILURE_STATE,
  ATTR_FAILURE_TRUNCATED,
  MAX_BYTES,
} from '../semconv/attributes.ts';
import { describeException, type ExceptionFacts } from './exception.ts';
import { withRedactedJson } from './redacted-json.ts';

/** What a node received and the run's state when it failed; read only if a failure is recorded. */
export interface FailureContext {
  readonly input?: unknown;
  readonly state?: unknown;
  /** Added to the chain of causes in `failure.evidence`. */
  readonly evidence?: Record<string, unknown>;
  /**
   * Added to the evidence too, each redacted whole and then, if its JSON text has more bytes than it
   * may have, cut to the start of that text.
   */
  readonly excerpts?: Readonly<Record<string, Excerpt>>;
}

/** A value of which the start is enough. */
export interface Excerpt {
  readonly value: unknown;
  readonly bytes: number;
}

/** Attributes of a failure, and the exception as other backends expect it in an event. */
export interface FailureFacts {
  readonly attributes: Attributes;
  readonly exceptionEvent: Attributes;
  /** The redacted message, at most 1 KiB, for the span's status. */
  readonly message: string;
}

const STATUS_MESSAGE_BYTES = 1024;

/** Collects attributes, counting what was removed and naming what was cut. */
class Collected {
  readonly attributes: Attributes = {};
  readonly #redactor: Redactor;
  readonly #redactions: Redactions = {};
  readonly #isStandard: boolean;
  readonly #truncated = new Set<string>();

  constructor(redactor: Redactor) {
    this.#redactor = redactor;
    this.#isStandard = redactor === redact;
  }

  /** Adds a string attribute; if redaction fails the attribute is dropped and named as cut. */
  text(name: string, value: string): string {
    const redacted = this.#isStandard ? this.#standard(name, value) : this.#redact(name, value);
    return redacted === undefined ? '' : this.#put(name, String(redacted));
  }

  /** Adds a JSON attribute, and the digest of its whole text if `digest` names an attribute. */
  json(name: string, value: unknown, digest?: string): void {
    if (this.#isStandard) {
      const limit = limitOf(name);
      this.#safely(name, (counts) =>
        withRedactedJson(value, counts, (json) => {
          if (digest) this.attributes[digest] = json.digest();
          if (json.bytes > limit) this.#truncated.add(name);
          this.attributes[name] = json.start(limit);
        }),
      );
      return;
    }
    const redacted = this.#redact(name, value);
    if (redacted === undefined) return;
    const text = canonicalJson(redacted);
    if (digest) this.attributes[digest] = hash('sha256', text, 'hex');
    this.#put(name, text);
  }

  /** What stands under `key` in `name` for a value that may be large. */
  excerpt(name: string, key: string, { value, bytes }: Excerpt): Json | undefined {
    const redacted = this.#redact(name, value, key);
    if (redacted === undefined) return undefined;
    const text = canonicalJson(redacted);
    const cut = cutToBytes(text, bytes);
    if (cut.length === text.length) return redacted;
    this.#truncated.add(name);
    return cut;
  }

  finish(): Attributes {
    if (Object.keys(this.#redactions).length > 0) {
      this.#put(ATTR_FAILURE_REDACTIONS, canonicalJson(this.#redactions));
    }
    if (this.#truncated.size > 0) this.attributes[ATTR_FAILURE_TRUNCATED] = [...this.#truncated];
    return this.attributes;
  }

  /** As far as it can be sent: what follows in a long text is not looked at. */
  #standard(name: string, value: string): string | undefined {
    const limit = mayHide(value) ? Number.POSITIVE_INFINITY : limitOf(name);
    if (value.length > limit) this.#truncated.add(name);
    return this.#safely(name, (counts) => standard.text(value, counts, limit));
  }

  #redact(name: string, value: unknown, ...keys: string[]): Json | undefined {
    return this.#safely(name, (counts) => {
      const path = [fieldOf(name), ...keys];
      const { value: redacted, redactions } = this.#redactor(toPlain(value), path);
      addCounts(counts, redactions);
      return redacted;
    });
  }

  #safely<T>(name: string, work: (counts: Redactions) => T): T | undefined {
    try {
      return work(this.#redactions);
    } catch {
      // Fail closed: no redaction, no field.
      addCounts(this.#redactions, { redaction_failed: 1 });
      this.#truncated.add(name);
      return undefined;
    }
  }

  #put(name: string, text: string): string {
    const cut = cutToBytes(text, limitOf(name));
    if (cut.length < text.length) this.#truncated.add(name);
    this.attributes[name] = cut;
    return cut;
  }
}

/** `input` of `failure.input`: how a redactor's paths begin. */
function fieldOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

function limitOf(name: string): number {
  return (MAX_BYTES as Record<string, number>)[name] ?? Number.POSITIVE_INFINITY;
}

/**
 * The attributes of a failure. The input is hashed whole after redaction and then cut, so equal
 * inputs have equal digests however long they are.
 */
export function failureFacts(
  error: unknown,
  context: FailureContext,
  redactor: Redactor,
): FailureFacts {
  const collected = new Collected(redactor);
  const facts = describeException(error);
  const message = putException(collected, facts);
  if ('input' in context) {
    collected.json(ATTR_FAILURE_INPUT, context.input, ATTR_FAILURE_INPUT_DIGEST);
  }
  if (context.state !== undefined) collected.json(ATTR_FAILURE_STATE, context.state);
  const evidence = evidenceOf(facts, context, collected);
  if (evidence) collected.json(ATTR_FAILURE_EVIDENCE, evidence);
  const attributes = collected.finish();
  const exceptionEvent: Attributes = {};
  for (const name of [ATTR_EXCEPTION_TYPE, ATTR_EXCEPTION_MESSAGE, ATTR_EXCEPTION_STACKTRACE]) {
    if (attributes[name] !== undefined) exceptionEvent[name] = attributes[name];
  }
  return { attributes, exceptionEvent, message: cutToBytes(message, STATUS_MESSAGE_BYTES) };
}

/** The redacted message of an error that another span reports in full, for a status. */
export function redactedMessage(error: unknown, redactor: Redactor): string {
  const collected = new Collected(redactor);
  const text = collected.text(ATTR_EXCEPTION_MESSAGE, describeException(error).message);
  return cutToBytes(text, STATUS_MESSAGE_BYTES);
}

function putException(collected: Collected, facts: ExceptionFacts): string {
  collected.text(ATTR_ERROR_TYPE, facts.errorType);
  collected.text(ATTR_EXCEPTION_TYPE, facts.type);
  const message = collected.text(ATTR_EXCEPTION_MESSAGE, facts.message);
  collected.text(ATTR_EXCEPTION_STACKTRACE, facts.stack);
  return message;
}

function evidenceOf(
  facts: ExceptionFacts,
  { evidence, excerpts }: FailureContext,
  collected: Collected,
): Record<string, unknown> | undefined {
  if (!excerpts && facts.causes.length === 0) return evidence;
  const parts = Object.entries(excerpts ?? {}).map(
    ([key, excerpt]) => [key, collected.excerpt(ATTR_FAILURE_EVIDENCE, key, excerpt)] as const,
  );
  const causes = facts.causes.length > 0 && { causes: facts.causes };
  return { ...evidence, ...Object.fromEntries(parts), ...causes };
}

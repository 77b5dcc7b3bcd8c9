// Which failures are the same, offline: one JSON line in and one out.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { z } from 'zod';
import { MAX_NAME_BYTES } from '../../collector/materialize/bounds.ts';
import { identify } from '../../collector/materialize/classify/identify.ts';
import { FieldRedactor, STANDARD_SECRETS } from '../../collector/materialize/field-redactor.ts';
import {
  ATTR_ERROR_TYPE,
  ATTR_EXCEPTION_MESSAGE,
  ATTR_EXCEPTION_STACKTRACE,
  MAX_BYTES,
} from '../../instrumentation/semconv/index.ts';

const text = z.string();
const optional = text.nullish().transform((value) => value ?? '');
const failure = z.object({
  error_type: text,
  error_message: text,
  stack_trace: optional,
  node_id: optional,
  agent_id: optional,
});
/** A failure as a line holds it; every field is there, '' where the line has none. */
export type Failure = z.output<typeof failure>;

/**
 * Answers each line `{error_type, error_message, stack_trace?, node_id?, agent_id?}` with
 * `{fingerprint, template, class, why}`. A line that is none of these is reported on `errors`.
 *
 * @returns how many lines were refused
 */
export async function fingerprintLines(
  input: Readable,
  output: Writable,
  errors: Writable,
): Promise<number> {
  let refused = 0;
  let number = 0;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number++;
    if (line.trim() === '') continue;
    const read = readLine(line);
    if (typeof read === 'string') {
      refused++;
      errors.write(`faultline: line ${number}: ${read}\n`);
    } else if (!output.write(`${JSON.stringify(fingerprintOf(read))}\n`))
      await once(output, 'drain');
  }
  return refused;
}

/** The failure of a line, or what is wrong with it. */
function readLine(line: string): Failure | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return `not JSON: ${(error as Error).message.slice(0, 120)}`;
  }
  const read = failure.safeParse(value);
  if (read.success) return read.data;
  const { path, message } = read.error.issues[0]!;
  return path.length === 0 ? `not an object: ${message}` : `${path.join('.')}: ${message}`;
}

/** What the collector would make of a failure: redacted and bounded first, then fingerprinted. */
export function fingerprintOf({ error_type, error_message, stack_trace, ...ids }: Failure) {
  const found = identify({
    ...ids,
    site: '',
    class: 'unclassified',
    error_type: stored(ATTR_ERROR_TYPE, error_type),
    error_message: stored(ATTR_EXCEPTION_MESSAGE, error_message),
    stack_trace: stored(ATTR_EXCEPTION_STACKTRACE, stack_trace),
    attributes: {},
  });
  const about = found.evidence === '' ? 'no evidence for a class' : `class: ${found.evidence}`;
  return {
    fingerprint: found.fingerprint,
    template: found.template,
    class: found.class,
    why: `${found.why()}; ${about}`,
  };
}

const redactor = new FieldRedactor(STANDARD_SECRETS);
const LIMITS: Readonly<Record<string, number>> = MAX_BYTES;

/** The text as the collector would store it: without secrets, within its bound. */
function stored(key: string, value: string): string {
  const limit = LIMITS[key] ?? MAX_NAME_BYTES;
  return redactor.text(key, value, limit);
}

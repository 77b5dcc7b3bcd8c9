// The table that executors in all languages share: `instrumentation/python/tests/test_vectors.py` runs the
// same one. Texts with secrets lie in pieces, so that no scanner takes the table for a leak.
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { snapshotOf } from '../../instrumentation/core/snapshot.ts';

import { redact } from '../../instrumentation/redaction/index.ts';
import { canonicalJson, type Json, toPlain } from '../../instrumentation/redaction/plain.ts';
import { failureId } from '../../instrumentation/semconv/failure-id.ts';

interface Vectors {
  canonical: { source: string; json: string; digest: string }[];
  snapshots: { source: string; ref: string; body: string }[];
  redaction: { text: string[]; result: string[]; counts: Record<string, number> }[];
  members: { value: string[]; json: string[]; counts: Record<string, number>; digest: string }[];
  failure_ids: { trace_id: string; span_id: string; failure_id: string }[];
}

const vectors = JSON.parse(
  readFileSync(new URL('./vectors.json', import.meta.url), 'utf8'),
) as Vectors;
const digestOf = (text: string) => hash('sha256', text, 'hex');

describe('the table of all executors', () => {
  test.each(vectors.canonical)('canonical JSON of $source', ({ source, json, digest }) => {
    expect(canonicalJson(toPlain(JSON.parse(source)))).toBe(json);
    expect(digestOf(json)).toBe(digest);
  });

  test.each(vectors.snapshots)('snapshot of $source', ({ source, ref, body }) => {
    expect(snapshotOf(JSON.parse(source))).toEqual({ ref, body });
  });

  test.each(vectors.redaction)('redaction of text %#', ({ text, result, counts }) => {
    expect(redact(text.join(''))).toEqual({ value: result.join(''), redactions: counts });
  });

  test.each(vectors.members)('redaction of a value %#', ({ value, json, counts, digest }) => {
    const redacted = redact(JSON.parse(value.join('')) as Json);
    expect(canonicalJson(redacted.value)).toBe(json.join(''));
    expect(redacted.redactions).toEqual(counts);
    expect(digestOf(canonicalJson(redacted.value))).toBe(digest);
  });

  test.each(vectors.failure_ids)('failure id of $span_id', ({ trace_id, span_id, failure_id }) => {
    expect(failureId(trace_id, span_id)).toBe(failure_id);
  });
});

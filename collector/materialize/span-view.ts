// A span as the dialects look at it.

import { type Scope, type Span, STATUS_ERROR } from '../decode/span.ts';
import type { Exception, SpanView } from '../dialects/dialect.ts';
import type { AttributeReader } from './attribute-reader.ts';
import { textOf } from './bounds.ts';

/** Items of a list of names. */
const MOST_TEXTS = 256;

export function spanView(
  span: Span,
  scope: Scope,
  attributes: AttributeReader,
  exception: Exception,
): SpanView {
  return {
    name: span.name,
    scope: scope.name,
    kind: span.kind,
    hasParent: span.parentSpanId !== '',
    isFailed: span.statusCode === STATUS_ERROR,
    exception: { ...exception, message: exception.message || span.statusMessage },
    has: (key) => attributes.has(key),
    text: (key) => attributes.peek(key),
    texts: (key) => textsOf(attributes.peek(key)),
    eventText: (name, key) =>
      textOf(span.events.find((event) => event.name === name)?.attributes.get(key)),
  };
}

function textsOf(json: string): string[] {
  if (!json.startsWith('[')) return [];
  try {
    const items: unknown = JSON.parse(json);
    if (!Array.isArray(items)) return [];
    return items.slice(0, MOST_TEXTS).filter((item): item is string => typeof item === 'string');
  } catch {
    return [];
  }
}

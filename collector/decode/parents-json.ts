// Ids and parents of the spans of a JSON request.
import { type JsonObject, textAt } from './json-fields.ts';
import { readJsonGroups } from './json-groups.ts';
import type { Steps } from './turns.ts';

export function* readJsonParents(
  body: Buffer,
  add: (traceId: string, spanId: string, parentId: string) => void,
): Steps<void> {
  const wants = (raw: JsonObject, path: string): boolean => {
    const [traceId, spanId, parentId] = ['traceId', 'spanId', 'parentSpanId'].map((field) =>
      textAt(raw, field, path).toLowerCase(),
    ) as [string, string, string];
    add(traceId, spanId, parentId);
    return false;
  };
  const fields = ['resourceSpans', 'scopeSpans', 'spans'] as const;
  yield* readJsonGroups(body, { fields, wants, read: () => undefined }, () => {});
}

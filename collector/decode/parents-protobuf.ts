// Ids and parents of the spans of a protobuf request.
import type { Cursor } from './cursor.ts';
import { readGroups } from './protobuf-groups.ts';
import { SPAN_SPAN_ID, SPAN_TRACE_ID } from './scan.ts';
import type { Steps } from './turns.ts';

const SPAN_PARENT_ID = 0x22;

export function* readProtobufParents(
  body: Buffer,
  add: (traceId: string, spanId: string, parentId: string) => void,
): Steps<void> {
  const wants = (cursor: Cursor, end: number): number => {
    let [traceId, spanId, parentId] = ['', '', ''];
    while (cursor.pos < end) {
      const tag = cursor.readTag();
      if (tag === SPAN_TRACE_ID) traceId = cursor.readHex(end);
      else if (tag === SPAN_SPAN_ID) spanId = cursor.readHex(end);
      else if (tag === SPAN_PARENT_ID) parentId = cursor.readHex(end);
      else cursor.skipField(tag, end);
    }
    add(traceId, spanId, parentId);
    return 0;
  };
  yield* readGroups(body, { wants, read: () => undefined }, () => {});
}

// A second walk over a request, only to see which span is around which; nothing else is decoded.

import { readJsonParents } from './parents-json.ts';
import { readProtobufParents } from './parents-protobuf.ts';
import type { Encoding } from './response.ts';
import type { Steps } from './turns.ts';

/** The parent of each span, by trace and span id. */
export class Parents {
  private readonly traces: Map<string, Map<string, string>>;
  private room = MAX_SPANS;

  /** @param traceIds of the traces to remember */
  constructor(traceIds: Iterable<string>) {
    this.traces = new Map([...traceIds].map((traceId) => [traceId, new Map()]));
  }

  /** @param parentId '' for a span that has none */
  add(traceId: string, spanId: string, parentId: string): void {
    const parents = this.traces.get(traceId);
    if (parents === undefined || this.room === 0) return;
    if (parentId !== '' && !SPAN_ID.test(parentId)) return;
    parents.set(spanId, parentId);
    this.room--;
  }

  /** The spans around one, the innermost first, as far as they are known; whole up to one without parent. */
  around(traceId: string, spanId: string): { spanIds: string[]; isWhole: boolean } {
    const parents = this.traces.get(traceId);
    const found = new Set<string>();
    let parent = parents?.get(spanId);
    while (parent && !found.has(parent) && found.size < MAX_ANCESTORS) {
      found.add(parent);
      parent = parents!.get(parent);
    }
    return { spanIds: [...found], isWhole: parent === '' };
  }
}

/** What is remembered of one request at most. */
const MAX_SPANS = 100_000;
const MAX_ANCESTORS = 32;
const SPAN_ID = /^(?!0{16}$)[0-9a-f]{16}$/;

/** The parents of these traces' spans in a request that was read before. */
export function* readParents(
  body: Buffer,
  encoding: Encoding,
  traceIds: Iterable<string>,
): Steps<Parents> {
  const parents = new Parents(traceIds);
  const add = parents.add.bind(parents);
  if (encoding === 'json') yield* readJsonParents(body, add);
  else yield* readProtobufParents(body, add);
  return parents;
}

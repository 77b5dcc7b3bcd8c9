// The recordings of test/interop/recorded, span by span.
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { TraceService } from '../../collector/receive/traces.ts';
import type { Rows } from '../../collector/rows/rows.ts';
import { ExportRequest, encodeRequest } from '../collector/decode/otlp-proto.ts';
import { MemorySink } from './memory-sink.ts';

/** As protobufjs has it. */
export interface RecordedSpan {
  traceId: Buffer;
  spanId: Buffer;
  parentSpanId?: Buffer;
  name: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes?: { key: string; value: object }[];
  status?: { code?: number; message?: string };
  links?: object[];
}

/** A span by itself, with its resource and scope: one of `resourceSpans`. */
export interface Alone {
  resource: object;
  scopeSpans: [{ scope: object; spans: [RecordedSpan] }];
}

const folder = new URL('../interop/recorded/', import.meta.url);

export const RECORDINGS: readonly string[] = readdirSync(folder)
  .filter((name) => name.endsWith('.otlp.gz'))
  .map((name) => name.slice(0, -'.otlp.gz'.length));

/** The request of a recording, in protobuf. */
export function recordedRequest(name: string): Buffer {
  return gunzipSync(readFileSync(new URL(`${name}.otlp.gz`, folder)));
}

export function recordedSpans(name: string): Alone[] {
  const message = ExportRequest.decode(recordedRequest(name));
  const { resourceSpans } = ExportRequest.toObject(message, { longs: String } as never) as {
    resourceSpans: { resource: object; scopeSpans: { scope: object; spans: RecordedSpan[] }[] }[];
  };
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ scope, spans }) =>
      spans.map((span): Alone => ({ resource, scopeSpans: [{ scope, spans: [span] }] })),
    ),
  );
}

/** What the receiver makes of requests; the linker has seen nothing of it. */
export async function receivedRows(
  requests: readonly (readonly Alone[])[],
  afterEach: (rows: Rows) => void = () => {},
): Promise<Rows> {
  const sink = new MemorySink();
  const service = new TraceService(sink, 'agents', () => 1_800_000_000_000_000_000n);
  for (const resourceSpans of requests) {
    await service.accept(encodeRequest({ resourceSpans }), 'protobuf');
    afterEach(sink.rows);
  }
  return sink.rows;
}

// Traces of an agent in OpenInference's words, span by span.

import type { Conditions } from '../../../collector/conditions/index.ts';
import { TraceService } from '../../../collector/receive/traces.ts';
import type { Rows } from '../../../collector/rows/rows.ts';
import { MemorySink } from '../../support/memory-sink.ts';

export const TRACE = '0af7651916cd43dd8448eb211c80319c';
const START = 1_764_400_000_000n;

type Plain = string | number | boolean | string[];

export interface TestSpan {
  id: number;
  parent?: number;
  name: string;
  /** Milliseconds since the trace began. */
  at: [start: number, end: number];
  error?: { type: string; message: string };
  attributes: Record<string, Plain>;
}

/** An OpenInference span of a kind. */
export function span(
  id: number,
  parent: number,
  kind: string,
  name: string,
  at: [number, number],
  attributes: Record<string, Plain> = {},
): TestSpan {
  return { id, parent, name, at, attributes: { 'openinference.span.kind': kind, ...attributes } };
}

export function request(spans: TestSpan[], service = 'desk'): Buffer {
  const body = {
    resourceSpans: [
      {
        resource: { attributes: attributesOf({ 'service.name': service }) },
        scopeSpans: [{ scope: { name: 'test' }, spans: spans.map(otlp) }],
      },
    ],
  };
  return Buffer.from(JSON.stringify(body));
}

export async function rowsOf(requests: Buffer[], conditions?: Conditions): Promise<Rows> {
  const sink = new MemorySink();
  const service = new TraceService(sink, 'agents', () => 0n, undefined, undefined, conditions);
  for (const body of requests) await service.accept(body, 'json');
  return sink.rows;
}

function otlp({ id, parent = 0, name, at, error, attributes }: TestSpan): object {
  return {
    traceId: TRACE,
    spanId: spanId(id),
    ...(parent === 0 ? {} : { parentSpanId: spanId(parent) }),
    name,
    kind: 1,
    startTimeUnixNano: nanoseconds(at[0]),
    endTimeUnixNano: nanoseconds(at[1]),
    attributes: attributesOf(attributes),
    ...(error && {
      status: { code: 2, message: error.message },
      events: [
        {
          name: 'exception',
          timeUnixNano: nanoseconds(at[1]),
          attributes: attributesOf({
            'exception.type': error.type,
            'exception.message': error.message,
          }),
        },
      ],
    }),
  };
}

export const spanId = (id: number): string => id.toString(16).padStart(16, '0');

const nanoseconds = (ms: number): string => String((START + BigInt(ms)) * 1_000_000n);

function attributesOf(attributes: Record<string, Plain>): object[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: Plain): object {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number')
    return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  return { arrayValue: { values: value.map((stringValue) => ({ stringValue })) } };
}

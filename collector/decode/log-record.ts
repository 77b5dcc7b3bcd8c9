// The shape that both log readers (protobuf and JSON) return: a log record that reports an exception.
import type { Attributes, ReadResult, Value } from './span.ts';

export interface LogRecord {
  /** 32 hex digits, lower case. */
  traceId: string;
  /** 16 hex digits, lower case. */
  spanId: string;
  /** Unix time in nanoseconds, 0 when not given. */
  timeNs: bigint;
  /** Unix time in nanoseconds at which it was seen first, 0 when not given. */
  observedNs: bigint;
  /** From 1 (trace) to 24 (fatal); 0 when not given. */
  severityNumber: number;
  /** '' when the record is no event. */
  eventName: string;
  body: Value;
  attributes: Attributes;
}

export interface LogReadResult extends ReadResult {
  /** Records that report an exception but not of which span. */
  untied: number;
}

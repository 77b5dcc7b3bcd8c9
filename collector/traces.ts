// One trace request on its way: bytes to spans, spans to rows, rows to the sink. Every transport ends
// here.

import { isTimed } from './materialize/time.ts';
import { toRows } from './materialize/to-rows.ts';
import { readJson } from './otlp/json.ts';
import type { KeepPolicy } from './otlp/keep.ts';
import { readProtobuf } from './otlp/protobuf.ts';
import type { Encoding } from './otlp/response.ts';
import { MAX_MESSAGES } from './otlp/span.ts';
import { appendRows, countRows, emptyRows } from './rows.ts';
import { type Sink, SinkRefused } from './sink.ts';

export interface Outcome {
  rejectedSpans: number;
  /** Why spans were rejected, or a warning; '' when there is nothing to say. */
  message: string;
}

export interface TraceStats {
  requests: number;
  receivedSpans: number;
  keptSpans: number;
  skippedSpans: number;
  rejectedSpans: number;
}

export class TraceService {
  private readonly sink: Sink;
  private readonly keep: KeepPolicy;
  private readonly now: () => bigint;
  private readonly counted: TraceStats = {
    requests: 0,
    receivedSpans: 0,
    keptSpans: 0,
    skippedSpans: 0,
    rejectedSpans: 0,
  };

  /** @param now Unix time in nanoseconds */
  constructor(sink: Sink, keep: KeepPolicy, now: () => bigint = systemTimeNs) {
    this.sink = sink;
    this.keep = keep;
    this.now = now;
  }

  /**
   * Takes an ExportTraceServiceRequest; resolves when what it keeps of it is on disk.
   * @throws DecodeError when the body is not such a request
   * @throws SinkUnavailable when the rows cannot be stored now
   */
  async accept(body: Buffer, encoding: Encoding): Promise<Outcome> {
    this.counted.requests++;
    const receivedAt = this.now();
    const rows = emptyRows();
    const messages: string[] = [];
    let rejected = 0;
    const read = encoding === 'json' ? readJson : readProtobuf;
    const result = read(body, this.keep, (resource, scope, span) => {
      const known = isTimed(span)
        ? receivedAt
        : (this.sink.receivedAt?.(span.traceId, span.spanId, receivedAt) ?? receivedAt);
      const made = toRows(resource, scope, span, known);
      appendRows(rows, made.rows);
      messages.push(...made.warnings);
      if (made.rejection === undefined) return;
      rejected++;
      messages.push(made.rejection);
    });
    rejected += result.rejected;
    let stored = result.kept - (rejected - result.rejected);
    messages.unshift(...result.messages);
    if (countRows(rows) > 0) {
      try {
        await this.sink.accept(rows);
      } catch (error) {
        if (!(error instanceof SinkRefused)) throw error;
        messages.unshift(`the store refused the rows: ${error.message}`);
        rejected += stored;
        stored = 0;
      }
    }
    this.counted.receivedSpans += result.received;
    this.counted.keptSpans += stored;
    this.counted.rejectedSpans += rejected;
    this.counted.skippedSpans += result.received - stored - rejected;
    return { rejectedSpans: rejected, message: summarize(messages) };
  }

  stats(): TraceStats {
    return { ...this.counted };
  }
}

function summarize(messages: string[]): string {
  const shown = messages.slice(0, MAX_MESSAGES).join('; ');
  const more = messages.length - MAX_MESSAGES;
  return more > 0 ? `${shown}; and ${more} more` : shown;
}

function systemTimeNs(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}

// A trace request while it is read: its spans become rows, which are handed over in parts.
import { addCounts, type Redactions } from '../../instrumentation/redaction/index.ts';
import type { Conditions } from '../conditions/index.ts';
import type { Encoding } from '../decode/response.ts';
import type { ReadResult, SkippedFailure, Span, Visit } from '../decode/span.ts';
import { after, inTurns, type Steps } from '../decode/turns.ts';
import { addAncestors } from '../linking/ancestors.ts';
import type { Secrets } from '../materialize/field-redactor.ts';
import { hasMuchText } from '../materialize/in-steps.ts';
import { inStepsOf, isReplay } from '../materialize/origin.ts';
import { type Materialized, toRows } from '../materialize/to-rows.ts';
import type { Intake, Sink } from '../queue/sink.ts';
import {
  appendRows,
  emptyRows,
  type FailureRow,
  type Rows,
  type TraceSpanRow,
} from '../rows/rows.ts';
import { isTimed } from '../rows/time.ts';
import { type Outcome, type Replays, store } from './signal-service.ts';
import { SkippedFailureCounts } from './skipped-failures.ts';

/** Rows are handed over after so many kept spans: what lives longer is copied by the collector of garbage. */
const SPANS_AT_ONCE = 16;

const CHANGE_REFUSED =
  'evolutions and changes of groups need the token that POST /evolutions needs; an ingest token only reports';

interface RequestParts {
  sink: Sink;
  secrets: Secrets;
  conditions: Conditions;
  replays: Replays;
  /** Unix time in nanoseconds. */
  receivedAt: bigint;
  /** Whether evolutions and changes of groups are taken from this sender. */
  mayChange: boolean;
}

export class TraceRequest {
  /** Failed spans that no dialect knows. */
  readonly skippedFailures = new SkippedFailureCounts();
  readonly #parts: RequestParts;
  readonly #intake: Intake;
  #rows = emptyRows();
  #spans = 0;
  /** Spans of replays. */
  #replayed = 0;
  /** These two get the spans around them when the whole request was read. */
  readonly #failuresInside: FailureRow[] = [];
  readonly #traceSpans: TraceSpanRow[] = [];
  readonly #refusals: string[] = [];
  readonly #warnings: string[] = [];
  readonly #redactions: Redactions = {};
  #rest: Steps<void> | undefined;

  constructor(parts: RequestParts) {
    this.#parts = parts;
    this.#intake = parts.sink.open();
  }

  /** Takes a span that is kept. */
  readonly visit: Visit<Span> = (resource, scope, span) => {
    const { sink, secrets, conditions, replays, receivedAt } = this.#parts;
    if (replays === 'skipped' && isReplay(resource)) {
      this.#replayed++;
      return;
    }
    const seenAt = isTimed(span)
      ? receivedAt
      : sink.receivedAt(span.traceId, span.spanId, receivedAt);
    const make = (by: Secrets) => toRows(resource, scope, span, seenAt, by, conditions);
    if (hasMuchText(span) || hasMuchText(resource)) {
      this.#rest = after(inStepsOf(resource, secrets, make), (made) => this.#take(span, made));
    } else this.#take(span, make(secrets));
  };

  /** Counts a failed span that is not kept. */
  readonly skip: SkippedFailure = ({ attributes }, name) => {
    if (this.#parts.replays === 'skipped' && isReplay({ attributes })) return;
    const service = attributes.get('service.name');
    this.skippedFailures.add(typeof service === 'string' ? service : '', name);
  };

  /** What is left to do of the span that was read last. */
  takeRest(): Steps<void> | undefined {
    const rest = this.#rest;
    this.#rest = undefined;
    return rest;
  }

  /**
   * Stores the rows when all was read.
   * @throws SinkUnavailable when they cannot be stored now
   */
  async store(read: ReadResult, body: Buffer, encoding: Encoding): Promise<Outcome> {
    const intake = this.#intake;
    await inTurns(addAncestors(this.#failuresInside, this.#traceSpans, body, encoding));
    intake.add(this.#rows);
    await inTurns(addInSteps(intake, this.#failuresInside, this.#traceSpans));
    const refused = this.#refusals.length;
    return await store(intake, {
      received: read.received,
      kept: read.kept - refused - this.#replayed,
      rejected: read.rejected + refused,
      redactions: this.#redactions,
      messages: [...read.messages, ...this.#refusals, ...this.#warnings],
    });
  }

  #take({ spanId }: Span, made: Materialized): void {
    if (!this.#parts.mayChange && isChange(made.rows)) {
      this.#refusals.push(`span ${spanId}: ${CHANGE_REFUSED}`);
      return;
    }
    const { failures, trace_spans } = made.rows;
    if (failures.some(({ level }) => level === 'operation')) {
      this.#failuresInside.push(...failures.splice(0));
    }
    this.#traceSpans.push(...trace_spans.splice(0));
    appendRows(this.#rows, made.rows);
    if (++this.#spans % SPANS_AT_ONCE === 0) {
      this.#intake.add(this.#rows);
      this.#rows = emptyRows();
    }
    this.#warnings.push(...made.warnings);
    addCounts(this.#redactions, made.redactions);
    if (made.rejection !== undefined) this.#refusals.push(made.rejection);
  }
}

function* addInSteps(
  intake: Intake,
  failures: readonly FailureRow[],
  spans: readonly TraceSpanRow[],
): Steps<void> {
  for (let i = 0; i < Math.max(failures.length, spans.length); i += SPANS_AT_ONCE) {
    const end = i + SPANS_AT_ONCE;
    intake.add({
      ...emptyRows(),
      failures: failures.slice(i, end),
      trace_spans: spans.slice(i, end),
    });
    yield;
  }
}

/** Whether the rows of a span change what others reported. */
function isChange({ evolutions, group_events }: Rows): boolean {
  return evolutions.length > 0 || group_events.length > 0;
}

// Takes trace requests: bytes to spans, spans to rows, rows to the sink.
import { addCounts, type Redactions } from '../../instrumentation/redaction/index.ts';
import { BUILT_IN_CONDITIONS, type Conditions } from '../conditions/index.ts';
import { type KeepPolicy, MODEL } from '../decode/flags.ts';
import { readJson } from '../decode/json.ts';
import { readProtobuf } from '../decode/protobuf.ts';
import type { Encoding } from '../decode/response.ts';
import { TRACES } from '../decode/signals.ts';
import type { SkippedFailure, Span, Visit } from '../decode/span.ts';
import { after, inTurns, type Steps, withRest } from '../decode/turns.ts';
import { addAncestors } from '../linking/ancestors.ts';
import { type Secrets, STANDARD_SECRETS } from '../materialize/field-redactor.ts';
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
import {
  type Outcome,
  type Replays,
  type SignalService,
  store,
  systemTimeNs,
} from './signal-service.ts';
import { SkippedFailureCounts, type SkippedFailures } from './skipped-failures.ts';

/** Rows are handed over after so many kept spans: what lives longer is copied by the collector of garbage. */
const SPANS_AT_ONCE = 16;

const CHANGE_REFUSED =
  'evolutions and changes of groups need the token that POST /evolutions needs; an ingest token only reports';

export interface TraceStats {
  requests: number;
  receivedSpans: number;
  keptSpans: number;
  skippedSpans: number;
  rejectedSpans: number;
  /** Of the skipped, those that failed: the most frequent first. */
  skippedFailures: SkippedFailures[];
}

export class TraceService implements SignalService {
  readonly signal = TRACES;
  private readonly sink: Sink;
  private readonly keep: KeepPolicy;
  private readonly now: () => bigint;
  private readonly secrets: Secrets;
  private readonly replays: Replays;
  private readonly conditions: Conditions;
  private readonly skippedFailures = new SkippedFailureCounts();
  private readonly counted: Omit<TraceStats, 'skippedFailures'> = {
    requests: 0,
    receivedSpans: 0,
    keptSpans: 0,
    skippedSpans: 0,
    rejectedSpans: 0,
  };

  /**
   * @param now Unix time in nanoseconds
   * @param secrets what finds secrets @default the built-in redaction
   * @param replays what becomes of the spans of replays @default skipped: they are no part of production
   * @param conditions what finds failures that nothing reports @default the built-in ones
   */
  constructor(
    sink: Sink,
    keep: KeepPolicy,
    now: () => bigint = systemTimeNs,
    secrets: Secrets = STANDARD_SECRETS,
    replays: Replays = 'skipped',
    conditions: Conditions = BUILT_IN_CONDITIONS,
  ) {
    this.sink = sink;
    this.keep = keep;
    this.now = now;
    this.secrets = secrets;
    this.replays = replays;
    this.conditions = conditions;
  }

  async accept(body: Buffer, encoding: Encoding, mayChange = true): Promise<Outcome> {
    this.counted.requests++;
    const receivedAt = this.now();
    const intake = this.sink.open();
    let rows = emptyRows();
    let spans = 0;
    let skipped = 0;
    /** They learn of the spans around them when the whole request was read. */
    const inside: FailureRow[] = [];
    const parts: TraceSpanRow[] = [];
    const refusals: string[] = [];
    const warnings: string[] = [];
    const redactions: Redactions = {};
    const read = encoding === 'json' ? readJson : readProtobuf;
    const also = this.conditions.wantsModels ? MODEL : 0;
    const take = ({ spanId }: Span, made: Materialized): void => {
      if (!mayChange && isChange(made.rows)) {
        refusals.push(`span ${spanId}: ${CHANGE_REFUSED}`);
        return;
      }
      const { failures } = made.rows;
      if (failures.some(({ level }) => level === 'operation')) inside.push(...failures.splice(0));
      parts.push(...made.rows.trace_spans.splice(0));
      appendRows(rows, made.rows);
      if (++spans % SPANS_AT_ONCE === 0) {
        intake.add(rows);
        rows = emptyRows();
      }
      warnings.push(...made.warnings);
      addCounts(redactions, made.redactions);
      if (made.rejection !== undefined) refusals.push(made.rejection);
    };
    /** What is left to do of the span that was read last. */
    let rest: Steps<void> | undefined;
    const visit: Visit<Span> = (resource, scope, span) => {
      if (this.replays === 'skipped' && isReplay(resource)) {
        skipped++;
        return;
      }
      const known = isTimed(span)
        ? receivedAt
        : this.sink.receivedAt(span.traceId, span.spanId, receivedAt);
      const make = (secrets: Secrets) =>
        toRows(resource, scope, span, known, secrets, this.conditions);
      if (hasMuchText(span) || hasMuchText(resource)) {
        rest = after(inStepsOf(resource, this.secrets, make), (made) => take(span, made));
      } else take(span, make(this.secrets));
    };
    const skippedFailures = new SkippedFailureCounts();
    const skip: SkippedFailure = ({ attributes }, name) => {
      if (this.replays === 'skipped' && isReplay({ attributes })) return;
      const service = attributes.get('service.name');
      skippedFailures.add(typeof service === 'string' ? service : '', name);
    };
    const steps = withRest(read(body, this.keep, visit, also, skip), () => {
      const left = rest;
      rest = undefined;
      return left;
    });
    const result = await inTurns(steps);
    await inTurns(addAncestors(inside, parts, body, encoding));
    intake.add(rows);
    await inTurns(addInSteps(intake, inside, parts));
    const outcome = await store(intake, {
      received: result.received,
      kept: result.kept - refusals.length - skipped,
      rejected: result.rejected + refusals.length,
      redactions,
      messages: [...result.messages, ...refusals, ...warnings],
    });
    this.skippedFailures.addAll(skippedFailures, this.secrets);
    this.counted.receivedSpans += result.received;
    this.counted.keptSpans += outcome.kept;
    this.counted.rejectedSpans += outcome.rejected;
    this.counted.skippedSpans += result.received - outcome.kept - outcome.rejected;
    return outcome;
  }

  stats(): TraceStats {
    return { ...this.counted, skippedFailures: this.skippedFailures.list() };
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

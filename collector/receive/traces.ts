// Takes trace requests: bytes to spans, spans to rows, rows to the sink.
import { BUILT_IN_CONDITIONS, type Conditions } from '../conditions/index.ts';
import { type KeepPolicy, MODEL } from '../decode/flags.ts';
import { readJson } from '../decode/json.ts';
import { readProtobuf } from '../decode/protobuf.ts';
import type { Encoding } from '../decode/response.ts';
import { TRACES } from '../decode/signals.ts';
import { inTurns, withRest } from '../decode/turns.ts';
import { type Secrets, STANDARD_SECRETS } from '../materialize/field-redactor.ts';
import type { Sink } from '../queue/sink.ts';
import { type Outcome, type Replays, type SignalService, systemTimeNs } from './signal-service.ts';
import { SkippedFailureCounts, type SkippedFailures } from './skipped-failures.ts';
import { TraceRequest } from './trace-request.ts';

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
    const { sink, secrets, conditions, replays } = this;
    const receivedAt = this.now();
    const request = new TraceRequest({ sink, secrets, conditions, replays, receivedAt, mayChange });
    const read = encoding === 'json' ? readJson : readProtobuf;
    const also = conditions.wantsModels ? MODEL : 0;
    const spans = read(body, this.keep, request.visit, also, request.skip);
    const result = await inTurns(withRest(spans, () => request.takeRest()));
    const outcome = await request.store(result, body, encoding);
    this.skippedFailures.addAll(request.skippedFailures, secrets);
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

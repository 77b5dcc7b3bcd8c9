// Takes log requests: bytes to records, records that report a span's exception to rows, rows to the
// sink. All other records are counted and skipped.
import { addCounts, type Redactions } from '../../instrumentation/redaction/index.ts';
import { readJsonLogs } from '../decode/json-logs.ts';
import type { LogRecord } from '../decode/log-record.ts';
import { readProtobufLogs } from '../decode/protobuf-logs.ts';
import type { Encoding } from '../decode/response.ts';
import { LOGS } from '../decode/signals.ts';
import type { Visit } from '../decode/span.ts';
import { after, inTurns, type Steps, withRest } from '../decode/turns.ts';
import { exceptionRecordRow, isTimedRecord } from '../materialize/exception-record.ts';
import { type Secrets, STANDARD_SECRETS } from '../materialize/field-redactor.ts';
import { hasMuchText } from '../materialize/in-steps.ts';
import { inStepsOf, isReplay } from '../materialize/origin.ts';
import type { Sink } from '../queue/sink.ts';
import { type ExceptionRecordRow, emptyRows } from '../rows/rows.ts';
import {
  type Outcome,
  type Replays,
  type SignalService,
  store,
  systemTimeNs,
} from './signal-service.ts';

export interface LogStats {
  requests: number;
  receivedRecords: number;
  keptRecords: number;
  skippedRecords: number;
  /** Of the skipped: those that report an exception, but not of which span. */
  untiedRecords: number;
  rejectedRecords: number;
}

export class LogService implements SignalService {
  readonly signal = LOGS;
  private readonly sink: Sink;
  private readonly now: () => bigint;
  private readonly secrets: Secrets;
  private readonly replays: Replays;
  private readonly counted: LogStats = {
    requests: 0,
    receivedRecords: 0,
    keptRecords: 0,
    skippedRecords: 0,
    untiedRecords: 0,
    rejectedRecords: 0,
  };

  /**
   * @param now Unix time in nanoseconds
   * @param secrets what finds secrets @default the built-in redaction
   * @param replays what becomes of the records of replays @default skipped: they are no part of production
   */
  constructor(
    sink: Sink,
    now: () => bigint = systemTimeNs,
    secrets: Secrets = STANDARD_SECRETS,
    replays: Replays = 'skipped',
  ) {
    this.sink = sink;
    this.now = now;
    this.secrets = secrets;
    this.replays = replays;
  }

  async accept(body: Buffer, encoding: Encoding): Promise<Outcome> {
    this.counted.requests++;
    const receivedAt = this.now();
    const intake = this.sink.open();
    const redactions: Redactions = {};
    const read = encoding === 'json' ? readJsonLogs : readProtobufLogs;
    let skipped = 0;
    const take = (row: ExceptionRecordRow): void => {
      addCounts(redactions, row.redactions);
      intake.add({ ...emptyRows(), exception_records: [row] });
    };
    /** What is left to do of the record that was read last. */
    let rest: Steps<void> | undefined;
    const visit: Visit<LogRecord> = (resource, scope, record) => {
      if (this.replays === 'skipped' && isReplay(resource)) {
        skipped++;
        return;
      }
      const { traceId, spanId } = record;
      const known = isTimedRecord(record)
        ? receivedAt
        : this.sink.receivedAt(traceId, spanId, receivedAt);
      const make = (secrets: Secrets) =>
        exceptionRecordRow(resource, scope, record, known, secrets);
      if (hasMuchText(record) || hasMuchText(resource)) {
        rest = after(inStepsOf(resource, this.secrets, make), take);
      } else take(make(this.secrets));
    };
    const steps = withRest(read(body, visit), () => {
      const left = rest;
      rest = undefined;
      return left;
    });
    const result = await inTurns(steps);
    const { received, kept, untied, rejected, messages } = result;
    const outcome = await store(intake, {
      received,
      kept: kept - skipped,
      rejected,
      redactions,
      messages,
    });
    this.counted.receivedRecords += received;
    this.counted.keptRecords += outcome.kept;
    this.counted.untiedRecords += untied;
    this.counted.rejectedRecords += outcome.rejected;
    this.counted.skippedRecords += received - outcome.kept - outcome.rejected;
    return outcome;
  }

  stats(): LogStats {
    return { ...this.counted };
  }
}

// The collector's own telemetry: metrics, its spans, and what it says of callers it refused. Each part

// of the collector is watched from outside; none knows that.
import type { ServerInterceptor } from '@grpc/grpc-js';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import type { RuleFault } from '../conditions/index.ts';
import type { DiskBoundStats } from '../forget/disk-bound.ts';
import type { LinkerStats, Round } from '../linking/linker.ts';
import type { QueueStats } from '../queue/index.ts';
import type { Observer } from '../queue/sink.ts';
import type { InsertEnd } from '../queue/writer.ts';
import type { Outcome, SignalService } from '../receive/signal-service.ts';
import type { SkippedFailures } from '../receive/skipped-failures.ts';
import { Counts, measure, type Sample } from '../serving/measure.ts';
import { addMetricsRoute } from '../serving/metrics-route.ts';
import { RefusedLogins } from '../serving/refused-logins.ts';
import type { AccessCheck } from '../serving/tokens.ts';
import { addPastSpan, reportCounts, type Tracing } from '../serving/tracing.ts';
import { AcceptedRows } from './accepted-rows.ts';
import { addInsertMetrics } from './insert-metrics.ts';
import { addLinkerMetrics } from './linker-metrics.ts';
import { addProcessMetrics } from './process-metrics.ts';
import { addQueueMetrics } from './queue-metrics.ts';
import { RequestObserver } from './requests.ts';

export interface TelemetryOptions {
  /** Of Faultline. */
  version: string;
  tracing?: Tracing | undefined;
  logger: Logger;
}

/** A log record may name kinds of its own, so neither their number nor their form can be trusted. */
const MOST_KINDS = 64;
const KIND = /^[a-z][a-z0-9_.-]{0,39}$/i;

export class Telemetry {
  private readonly registry = new Registry();
  private readonly refused: RefusedLogins;
  private readonly requests: RequestObserver;
  private readonly endProcessMetrics: () => void;
  private readonly items = {
    received: new Counts(),
    kept: new Counts(),
    skipped: new Counts(),
    invalid: new Counts(),
    refused: new Counts(),
  };
  private readonly redactions = new Counts(MOST_KINDS);
  /** Takes the end of each insert. */
  readonly inserted: (insert: InsertEnd) => void;
  /** Takes the end of each of the linker's rounds. */
  readonly linked: (round: Round) => void;

  constructor({ version, tracing, logger }: TelemetryOptions) {
    const { registry } = this;
    this.refused = new RefusedLogins(logger);
    this.requests = new RequestObserver({ registry, refused: this.refused, tracing });
    this.addItemMetrics();
    this.inserted = addInsertMetrics(registry, tracing);
    this.linked = ({ traces, seconds }) => {
      if (tracing)
        addPastSpan(tracing, 'link traces', seconds, { 'faultline.link.traces': traces });
    };
    measure(registry, {
      type: 'counter',
      name: 'faultline_refused_logins_total',
      help: 'Requests without a valid token where one is needed, by door (http, grpc).',
      labels: ['door'],
      read: () => this.refused.samples(),
    });
    this.endProcessMetrics = addProcessMetrics(registry, version);
  }

  /** Counts what is accepted; makes an observer for each request. */
  accepted(): () => Observer {
    const accepted = new AcceptedRows();
    const { registry } = this;
    measure(registry, {
      type: 'counter',
      name: 'faultline_rows_accepted_total',
      help: 'Rows that are on disk in the queue or further, by table; those sent again too.',
      labels: ['table'],
      read: () => accepted.samples(),
    });
    measure(registry, {
      type: 'counter',
      name: 'faultline_duplicate_failures_total',
      help: 'Failures accepted whose id is among the recent ones: sent again. They are stored once.',
      read: () => accepted.duplicateFailures,
    });
    return () => accepted.observe();
  }

  /** Counts what comes of a signal's requests. */
  service(inner: SignalService): SignalService {
    const { signal } = inner;
    return {
      signal,
      accept: async (body, encoding, mayChange) => {
        const outcome = await inner.accept(body, encoding, mayChange);
        this.count(signal.name, outcome);
        reportCounts(signal.name, outcome);
        return outcome;
      },
    };
  }

  /** Adds the metrics of the queue. */
  queue(stats: () => QueueStats, maxBytes: number): void {
    addQueueMetrics(this.registry, stats, maxBytes);
  }

  /** Adds the metrics of the linker. */
  linker(stats: () => LinkerStats): void {
    addLinkerMetrics(this.registry, stats);
  }

  /** Adds the metrics of the tables' size. */
  disk(stats: () => DiskBoundStats): void {
    measure(this.registry, {
      type: 'gauge',
      name: 'faultline_disk_bytes',
      help: 'Bytes that the tables take; only with --max-disk-gib.',
      read: () => stats().bytes,
    });
    measure(this.registry, {
      type: 'counter',
      name: 'faultline_disk_weeks_dropped_total',
      help: 'Weeks of rows that were dropped for --max-disk-gib.',
      read: () => stats().weeks,
    });
  }

  /** Counts rules of conditions that could not be evaluated, and writes them to the log. */
  ruleFaults(logger: Logger): (fault: RuleFault) => void {
    const faults = new Map<string, Sample>();
    measure(this.registry, {
      type: 'counter',
      name: 'faultline_condition_faults_total',
      help: 'Times that a rule of --conditions was too slow or threw and rests for a minute, by rule and reason.',
      labels: ['rule', 'reason'],
      read: () => [...faults.values()],
    });
    return ({ rule, reason, message }) => {
      const key = `${rule} ${reason}`;
      const [labels, count] = faults.get(key) ?? [{ rule, reason }, 0];
      faults.set(key, [labels, count + 1]);
      logger.warn({ rule, reason, error: message }, 'a rule of --conditions rests for a minute');
    };
  }

  /** Adds the metric of failed spans that were skipped. */
  skippedFailures(list: () => readonly SkippedFailures[]): void {
    measure(this.registry, {
      type: 'counter',
      name: 'faultline_failed_spans_skipped_total',
      help: 'Failed spans without the mark of an agent, by service and span name; --keep all-errors keeps them.',
      labels: ['service', 'span'],
      read: () => list().map(({ service, span, count }): Sample => [{ service, span }, count]),
    });
  }

  /** Adds the metric of the bodies in memory. */
  bodies(bytes: () => number): void {
    measure(this.registry, {
      type: 'gauge',
      name: 'faultline_body_bytes',
      help: 'Bytes of request bodies in memory, as they came and decompressed.',
      read: bytes,
    });
  }

  /** Watches a server that does not listen yet, and adds `/metrics` to it. */
  http(app: FastifyInstance, access: AccessCheck): void {
    this.requests.http(app);
    addMetricsRoute(app, this.registry, access);
  }

  /** Watches calls; has to be the first of a server's interceptors. */
  grpc(): ServerInterceptor {
    return this.requests.grpc();
  }

  close(): void {
    this.endProcessMetrics();
    this.refused.close();
  }

  private count(signal: string, { received, kept, rejected, refused, redactions }: Outcome): void {
    this.items.received.add(signal, received);
    this.items.kept.add(signal, kept);
    this.items.skipped.add(signal, received - kept - rejected);
    this.items.invalid.add(signal, rejected - refused);
    this.items.refused.add(signal, refused);
    for (const kind in redactions) {
      this.redactions.add(KIND.test(kind) ? kind : 'other', redactions[kind]);
    }
  }

  private addItemMetrics(): void {
    const { registry, items } = this;
    const help = {
      received:
        'Spans (signal traces) and log records (signal logs) received in readable requests.',
      kept: 'Spans and log records whose rows were accepted.',
      skipped: 'Spans and log records that say nothing of failures, attempts, runs or evolutions.',
    };
    for (const which of ['received', 'kept', 'skipped'] as const) {
      measure(registry, {
        type: 'counter',
        name: `faultline_items_${which}_total`,
        help: help[which],
        labels: ['signal'],
        read: () => items[which].samples('signal'),
      });
    }
    measure(registry, {
      type: 'counter',
      name: 'faultline_items_rejected_total',
      help: 'Spans and log records rejected: invalid in themselves, or too large for the store.',
      labels: ['signal', 'reason'],
      read: () =>
        (['invalid', 'refused'] as const).flatMap((reason) =>
          items[reason]
            .samples('signal')
            .map(([labels, value]): Sample => [{ ...labels, reason }, value]),
        ),
    });
    measure(registry, {
      type: 'counter',
      name: 'faultline_redactions_total',
      help: 'Secrets that the collector removed from accepted rows, by kind.',
      labels: ['kind'],
      read: () => this.redactions.samples('kind'),
    });
  }
}

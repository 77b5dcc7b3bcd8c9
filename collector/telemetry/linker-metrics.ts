import type { Registry } from 'prom-client';
import type { LinkerStats } from '../linking/linker.ts';
import { type Measure, measure } from '../serving/measure.ts';

/** Adds the metrics of the linker. */
export function addLinkerMetrics(registry: Registry, stats: () => LinkerStats): void {
  const add = (
    type: Measure['type'],
    name: string,
    help: string,
    read: (linker: LinkerStats) => number,
  ): void => measure(registry, { type, name, help, read: () => read(stats()) });

  add(
    'gauge',
    'faultline_linker_open_traces',
    'Traces in which something may still be linked.',
    (linker) => linker.openTraces,
  );
  add(
    'gauge',
    'faultline_linker_waiting_traces',
    'Traces with new rows that were not looked at yet.',
    (linker) => linker.waitingTraces,
  );
  add(
    'counter',
    'faultline_linker_dropped_traces_total',
    'Traces that were given up before they were linked, for lack of room.',
    (linker) => linker.droppedTraces,
  );
  add(
    'counter',
    'faultline_linker_joined_failures_total',
    'Failures that got their exception from a log record.',
    (linker) => linker.joined,
  );
  add(
    'counter',
    'faultline_linker_tied_failures_total',
    'Failures of operations that got the node around them.',
    (linker) => linker.tied,
  );
  add(
    'counter',
    'faultline_linker_orphan_failures_total',
    'Failures that only a log record reports.',
    (linker) => linker.orphans,
  );
  add(
    'counter',
    'faultline_linker_failures_total',
    'Times that rows could not be linked; they are linked later.',
    (linker) => linker.failedLooks,
  );
}

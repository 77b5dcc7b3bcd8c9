// What the process itself takes: event loop, memory, CPU.
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { Registry } from 'prom-client';
import { measure, type Sample } from '../serving/measure.ts';

/** How often the event loop is looked at. */
const LAG_EVERY_MS = 100;

/**
 * Adds the metrics of the process.
 * @param version of Faultline
 * @returns ends what measures in the background
 */
export function addProcessMetrics(registry: Registry, version: string): () => void {
  const loop = monitorEventLoopDelay({ resolution: LAG_EVERY_MS });
  loop.enable();
  measure(registry, {
    type: 'gauge',
    name: 'faultline_event_loop_delay_seconds',
    help: 'How much later than due timers ran since the last scrape, by quantile; 1 is the longest.',
    labels: ['quantile'],
    read: () => lagOf(loop),
  });
  measure(registry, {
    type: 'gauge',
    name: 'faultline_process_memory_bytes',
    help: 'Memory of the process by kind; rss holds all the others.',
    labels: ['kind'],
    read: () => {
      const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
      return [
        [{ kind: 'rss' }, rss],
        [{ kind: 'heap_used' }, heapUsed],
        [{ kind: 'external' }, external],
        [{ kind: 'array_buffers' }, arrayBuffers],
      ];
    },
  });
  measure(registry, {
    type: 'counter',
    name: 'faultline_process_cpu_seconds_total',
    help: 'CPU time of the process by mode.',
    labels: ['mode'],
    read: () => {
      const { user, system } = process.cpuUsage();
      return [
        [{ mode: 'user' }, user / 1e6],
        [{ mode: 'system' }, system / 1e6],
      ];
    },
  });
  measure(registry, {
    type: 'gauge',
    name: 'faultline_process_uptime_seconds',
    help: 'Time since the process started.',
    read: () => process.uptime(),
  });
  measure(registry, {
    type: 'gauge',
    name: 'faultline_build_info',
    help: 'Always 1; the labels are the versions.',
    labels: ['version', 'node'],
    read: () => [[{ version, node: process.version }, 1]],
  });
  return () => loop.disable();
}

/** The delays since the last call. The histogram holds whole intervals, so what was due is taken off. */
function lagOf(loop: IntervalHistogram): Sample[] {
  const seconds = (ns: number): number =>
    loop.count === 0 ? 0 : Math.max(0, ns / 1e9 - LAG_EVERY_MS / 1e3);
  const samples: Sample[] = [
    [{ quantile: '0.5' }, seconds(loop.percentile(50))],
    [{ quantile: '0.99' }, seconds(loop.percentile(99))],
    [{ quantile: '1' }, seconds(loop.max)],
  ];
  loop.reset();
  return samples;
}

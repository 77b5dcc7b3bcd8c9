// A folder as Hive keeps it, written by tests: event dumps, and agents with their sessions.
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ReceivedSpan } from '../../instrumentation/receiver.ts';
import { EventWriter, newFolder, type Watched, watchOnce } from './hive-records.ts';

const HOUR_MS = 3600_000;
/** `session_YYYYMMDD_HHMMSS_<end>`: an hour ago, in local time as Hive names it. */
export function sessionId(end: string): string {
  const at = new Date(Date.now() - HOUR_MS);
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${at.getFullYear()}${two(at.getMonth() + 1)}${two(at.getDate())}`;
  return `session_${day}_${two(at.getHours())}${two(at.getMinutes())}${two(at.getSeconds())}_${end}`;
}

/** One folder as Hive keeps it: event dumps and agents with their sessions. */
export class Home {
  readonly dir = newFolder();
  readonly events = new EventWriter(join(this.dir, 'event_logs'));

  #session(id: string): string {
    const folder = join(this.dir, 'agents/orders/sessions', id);
    mkdirSync(join(folder, 'logs'), { recursive: true });
    return folder;
  }

  detail(id: string, node: string, over: Record<string, unknown> = {}): void {
    const row = {
      node_id: node,
      node_name: node.toUpperCase(),
      node_type: 'event_loop',
      success: true,
      error: null,
      stacktrace: '',
      latency_ms: 5,
      exit_status: 'success',
      trace_id: '1'.repeat(32),
      span_id: '2'.repeat(16),
      ...over,
    };
    appendFileSync(join(this.#session(id), 'logs/details.jsonl'), `${JSON.stringify(row)}\n`);
  }

  summary(id: string, status: string, path: string[]): void {
    const summary = { run_id: id, agent_id: 'orders', status, node_path: path, duration_ms: 20 };
    writeFileSync(join(this.#session(id), 'logs/summary.json'), JSON.stringify(summary));
  }

  state(id: string, state: Record<string, unknown>): void {
    writeFileSync(join(this.#session(id), 'state.json'), JSON.stringify(state));
  }

  mark(id: string): void {
    writeFileSync(join(this.#session(id), 'faultline.json'), '{"reported_by":"faultline-python"}');
  }

  watch(): Promise<Watched> {
    return watchOnce(this.dir);
  }
}

export const raised = (type: string, words: string, line = 1) =>
  `Traceback (most recent call last):\n  File "/app/nodes.py", line ${line}, in step\n    raise err\n${type}${words && `: ${words}`}\n`;
export const failedRow = (error: string, stacktrace: string) => ({
  success: false,
  error,
  stacktrace,
});
export const failuresOf = (spans: readonly ReceivedSpan[]) =>
  spans.filter(({ attributes }) => attributes['error.type']);
export const inputOf = (span: ReceivedSpan | undefined) =>
  JSON.parse(span?.attributes['failure.input'] ?? 'null');

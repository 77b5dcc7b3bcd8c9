// What the linker makes, on its way to the queue.
import type { Intake, Sink } from '../queue/sink.ts';
import { emptyRows, type FailureRow, type Rows } from '../rows/rows.ts';

/** Characters of rows from which they are handed to the queue: few enough that a change is one entry of it. */
const MAX_HANDED_CHARS = 256 * 1024;
/** About what a span's row and what was made of it hold. */
const SPAN_CHARS = 2048;

/** New rows on their way to the queue. */
export class Outbox {
  /** Traces of which rows were added. */
  readonly changed = new Set<string>();
  /** What kept the queue from taking some. */
  failure: unknown;
  readonly #sink: Sink;
  #intake: Intake | undefined;
  #chars = 0;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /** Whether so much was added that it should be committed. */
  get isLarge(): boolean {
    return this.#chars >= MAX_HANDED_CHARS;
  }

  add(traceId: string, rows: Partial<Rows>): void {
    this.#intake ??= this.#sink.open();
    this.#intake.add({ ...emptyRows(), ...rows });
    this.changed.add(traceId);
    for (const row of rows.failures ?? []) this.#chars += charsOf(row);
    this.#chars += SPAN_CHARS * (rows.trace_spans?.length ?? 0);
  }

  /** Hands what was added to the queue. What it does not take is made again by the next look. */
  async commit(): Promise<void> {
    const intake = this.#intake;
    this.#intake = undefined;
    this.#chars = 0;
    try {
      await intake?.commit();
    } catch (error) {
      this.failure ??= error;
    }
  }
}

function charsOf(row: FailureRow): number {
  const { error_message, stack_trace, input_context, graph_state, evidence } = row;
  return [error_message, stack_trace, input_context, graph_state, evidence]
    .concat(Object.values(row.attributes), Object.values(row.resource_attributes))
    .reduce((sum, text) => sum + text.length, 1024);
}

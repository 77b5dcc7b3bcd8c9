// What lies under a node's failure in Hive: a node whose tools fail reports only that it gave up, so the
// last tool errors, verdicts and retries are kept with it.
import { dataNumber, dataText, type HiveEvent, type StepLog } from './records.ts';

const KEPT = 5;
const MAX_TEXT = 1000;
const MAX_OPEN_CALLS = 100;

interface ToolError {
  tool: string;
  error: string;
  input?: unknown;
}

/** Collects what happened inside one attempt. */
export class Evidence {
  readonly #toolErrors: ToolError[] = [];
  #toolErrorCount = 0;
  readonly #calls = new Map<string, unknown>();
  readonly #retries: string[] = [];
  #retryCount = 0;
  #verdict: { action: string; feedback: string } | undefined;
  #verdictCount = 0;
  #doomLoop: string | undefined;
  #escalation: string | undefined;

  /** The judge's last word. */
  get verdict(): { action: string; feedback: string } | undefined {
    return this.#verdict;
  }

  /** Why the node asked for help, if it did. */
  get escalation(): string | undefined {
    return this.#escalation;
  }

  /** Takes an event of the node; others are left alone. */
  see(event: HiveEvent): void {
    switch (event.type) {
      case 'tool_call_started':
        if (this.#calls.size >= MAX_OPEN_CALLS) this.#calls.clear();
        this.#calls.set(dataText(event, 'tool_use_id'), event.data.tool_input);
        break;
      case 'tool_call_completed':
        this.#completed(event);
        break;
      case 'judge_verdict':
        this.judged(dataText(event, 'action'), dataText(event, 'feedback'));
        break;
      case 'node_tool_doom_loop':
        this.#doomLoop = cut(dataText(event, 'description'));
        break;
      case 'escalation_requested':
        this.#escalation = cut(dataText(event, 'reason'));
        break;
      case 'node_retry':
        this.#retryCount = dataNumber(event, 'retry_count') ?? this.#retryCount + 1;
        keep(this.#retries, cut(dataText(event, 'error')));
        break;
    }
  }

  /** Takes a step of the session's logs. */
  seeStep(step: StepLog): void {
    for (const call of step.tool_calls) {
      if (call.is_error) this.toolFailed(call.tool_name, call.result, call.tool_input);
    }
    if (step.verdict) this.judged(step.verdict, step.verdict_feedback);
  }

  toolFailed(tool: string, error: string, input: unknown): void {
    this.#toolErrorCount += 1;
    keep(this.#toolErrors, { tool, error: cut(error), ...(input !== undefined && { input }) });
  }

  judged(action: string, feedback: string): void {
    this.#verdict = { action, feedback: cut(feedback) };
    this.#verdictCount += 1;
  }

  /** All of it, or nothing if there was nothing. */
  facts(more: Record<string, unknown> = {}): Record<string, unknown> | undefined {
    const facts: Record<string, unknown> = { ...more };
    if (this.#toolErrorCount > 0) {
      facts.tool_errors = this.#toolErrors;
      facts.tool_error_count = this.#toolErrorCount;
    }
    if (this.#verdict) facts.judge = { ...this.#verdict, verdicts: this.#verdictCount };
    if (this.#doomLoop !== undefined) facts.doom_loop = this.#doomLoop;
    if (this.#escalation !== undefined) facts.escalation = this.#escalation;
    if (this.#retryCount > 0) facts.llm_retries = { count: this.#retryCount, last: this.#retries };
    return Object.keys(facts).length > 0 ? facts : undefined;
  }

  #completed(event: HiveEvent): void {
    const id = dataText(event, 'tool_use_id');
    const input = this.#calls.get(id);
    this.#calls.delete(id);
    if (event.data.is_error !== true) return;
    this.toolFailed(dataText(event, 'tool_name'), dataText(event, 'result'), input);
  }
}

function keep<T>(list: T[], item: T): void {
  list.push(item);
  if (list.length > KEPT) list.shift();
}

function cut(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}

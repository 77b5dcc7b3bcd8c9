// What Hive's error texts mean. The texts are the same from v0.6.5 on, but for what is put before them.
import type { FailureClass, FailureSite } from '../../instrumentation/semconv/attributes.ts';

/** What an error text says beyond itself. */
export interface Reason {
  readonly message: string;
  readonly type: string;
  readonly site: FailureSite;
  /** Left out where the collector's rules know better. */
  readonly class?: FailureClass;
}

/** An exception without words leaves nothing behind them, not even the blank. */
const BEFORE = [
  /^Node '[^']*' failed after \d+ attempts:(?:\s+|$)/,
  /^[\w.-]+: (?=failed after \d+ attempts)/,
  /^failed after \d+ attempts:(?:\s+|$)/,
  /^LLM call failed:(?:\s+|$)/,
];
/** v0.9 ends the error of a run like this, whatever the node's own error was. */
const AFTER = /; Worker execution ended before terminal nodes completed: \[.*\]$/s;

type Rule = readonly [RegExp, string, FailureSite, FailureClass?];

const STALLED = 'NodeStalled';

const RULES: readonly Rule[] = [
  [/^Node stalled\b/, STALLED, 'node.result', 'loop.stall'],
  [/^Ghost empty stream\b/, 'GhostEmptyStream', 'llm.stream', 'llm.empty_response'],
  [/^Max iterations \(\d+\) reached/, 'MaxIterationsReached', 'node.result', 'loop.max_iterations'],
  [/^Judge escalated\b/, 'JudgeEscalated', 'judge', 'judge.escalated'],
  [/^Output validation failed\b/, 'OutputValidationFailed', 'node.result', 'output.invalid'],
  [/^LLM provider not available/, 'LlmUnavailable', 'node.start', 'llm.unavailable'],
  [/^Stream error: .*context_length/s, 'StreamError', 'llm.stream', 'llm.context_overflow'],
  [/^Stream error: /, 'StreamError', 'llm.stream'],
  [/^Invalid graph\b/, 'InvalidGraph', 'graph.validate', 'graph.invalid'],
  [/^Missing tools\b/, 'MissingTools', 'graph.validate', 'tool.not_found'],
  [/^Node not found\b/, 'NodeNotFound', 'graph.route', 'graph.node_not_found'],
  [/^Worker execution ended before terminal/, 'DeadEnd', 'graph.route', 'graph.dead_end'],
  [/^Parallel execution failed\b/, 'ParallelExecutionFailed', 'branch', 'branch.failed'],
  [/^Step budget used up\b/, 'StepBudgetUsedUp', 'graph.route', 'graph.step_budget'],
  [/^Dead end\b/, 'DeadEnd', 'graph.route', 'graph.dead_end'],
  [/^Worker ended: timeout/, 'WorkerTimeout', 'worker'],
  [/^Worker ended: /, 'WorkerFailed', 'worker'],
  [/text-only turns without progress/, 'TextOnlyStall', 'node.result', 'loop.stall'],
];

/** Errors of the run as a whole, which are no node's. */
const OF_RUN = /^(?:Invalid graph|Missing tools|Worker execution ended before terminal)\b/;
const NAMED_NODE = /^Missing tools: Node .{0,200}?\(id=([^()\s]+)\)/s;
const FAN_OUT = /^Parallel execution failed: branches \[(.*)\] failed/s;
const NOT_FAILED = /^Execution (?:cancelled|paused\b)/;
const PYTHON_LAST_LINE = /^([A-Za-z_][\w.]*)(?=:|$)/;

/** The error's own text, without what Hive's layers put around it. */
export function ownText(error: string): string {
  let text = error.trim().replace(AFTER, '').trim();
  for (const prefix of BEFORE) text = text.replace(prefix, '');
  return text.trim();
}

/** What a text that no rule knows is, if no traceback says more. */
type Unknown = Pick<Reason, 'type' | 'site'>;
const OF_NODE: Unknown = { type: 'NodeFailed', site: 'node.result' };
export const OF_WORKER: Unknown = { type: 'WorkerFailed', site: 'worker' };
export const OF_ESCALATION: Unknown = { type: 'Escalated', site: 'node.result' };

/** Reads an error text and, if there is one, Python's traceback. */
export function reasonOf(error: string, stack = '', unknown = OF_NODE): Reason {
  const raised = raisedType(stack);
  const message = ownText(error) || raised || 'Hive gave no reason';
  const rule = RULES.find(([pattern]) => pattern.test(message));
  if (rule) {
    const [, type, site, why] = rule;
    // Hive's layers word a stall differently, and it is one problem.
    const text = type === STALLED ? 'Node stalled: similar responses in a row' : message;
    return why ? { message: text, type, site, class: why } : { message: text, type, site };
  }
  if (error.startsWith('LLM call failed:')) {
    return { message, type: raised ?? 'LlmCallFailed', site: 'llm.call' };
  }
  return raised ? { message, type: raised, site: 'node.raise' } : { message, ...unknown };
}

/** The reason of a failure that is no node's. */
export function reasonOfRun(error: string): Reason & { readonly nodeId?: string } {
  const reason = reasonOf(error, '', { type: 'RunFailed', site: 'run' });
  const nodeId = NAMED_NODE.exec(error)?.[1];
  return nodeId === undefined ? reason : { ...reason, nodeId };
}

/** The names of the branches that an error of a fan-out is about; Hive gives names, not ids. */
export function failedBranches(error: string): string[] {
  const list = FAN_OUT.exec(ownText(error))?.[1] ?? '';
  return [...list.matchAll(/'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/g)].map(
    ([, single, double]) => single ?? double ?? '',
  );
}

/** Whether the error is of the run as a whole. */
export function isOfRun(error: string): boolean {
  return OF_RUN.test(ownText(error));
}

/** The outcome that an "error" stands for which is none. */
export function stoppedAs(error: string): 'paused' | 'cancelled' | undefined {
  const match = NOT_FAILED.exec(error);
  if (!match) return undefined;
  return match[0].endsWith('paused') ? 'paused' : 'cancelled';
}

/** The class of the exception at the end of a traceback. */
function raisedType(stack: string): string | undefined {
  const last = stack.trim().split('\n').at(-1) ?? '';
  const name = PYTHON_LAST_LINE.exec(last)?.[1];
  return name?.split('.').at(-1);
}

// What each class of failure means for what to do next. docs/classes.md shows it as a table.
import type { FailureClass } from './attributes.ts';

export interface ClassFacts {
  /** Whether the same attempt, made again with the same input, may succeed. */
  is_retriable: boolean;
  /** Whether it comes back until the graph is changed: a prompt, a tool, an edge, a limit, code. */
  needs_graph_change: boolean;
}

const TRANSIENT: ClassFacts = { is_retriable: true, needs_graph_change: false };
/** A retry may help, but the cause stays. */
const CHANCY: ClassFacts = { is_retriable: true, needs_graph_change: true };
const STRUCTURAL: ClassFacts = { is_retriable: false, needs_graph_change: true };
/** Somebody outside of the graph has to act: renew a key, pay, mend data. */
const OUTSIDE: ClassFacts = { is_retriable: false, needs_graph_change: false };

export const CLASS_FACTS: Readonly<Record<FailureClass, ClassFacts>> = {
  'llm.auth': OUTSIDE,
  'llm.rate_limit': TRANSIENT,
  'llm.transport': TRANSIENT,
  'llm.timeout': TRANSIENT,
  'llm.context_overflow': STRUCTURAL,
  'llm.content_filter': STRUCTURAL,
  'llm.payment_required': OUTSIDE,
  'llm.empty_response': CHANCY,
  'llm.malformed_output': CHANCY,
  'llm.unavailable': TRANSIENT,
  'tool.error': CHANCY,
  'tool.timeout': TRANSIENT,
  'tool.auth': OUTSIDE,
  'tool.not_found': STRUCTURAL,
  'tool.invalid_arguments': CHANCY,
  'tool.doom_loop': STRUCTURAL,
  'loop.stall': STRUCTURAL,
  'loop.max_iterations': STRUCTURAL,
  'judge.rejected': CHANCY,
  'judge.escalated': OUTSIDE,
  'output.missing': CHANCY,
  'output.invalid': CHANCY,
  'output.silent': CHANCY,
  'input.missing': STRUCTURAL,
  'input.invalid': STRUCTURAL,
  'graph.invalid': STRUCTURAL,
  'graph.node_not_found': STRUCTURAL,
  'graph.dead_end': STRUCTURAL,
  'graph.condition_error': STRUCTURAL,
  'graph.step_budget': STRUCTURAL,
  'graph.visit_limit': STRUCTURAL,
  'branch.failed': CHANCY,
  'branch.timeout': TRANSIENT,
  'constraint.hard': STRUCTURAL,
  'constraint.soft': STRUCTURAL,
  'budget.cost': STRUCTURAL,
  'budget.tokens': STRUCTURAL,
  'budget.time': STRUCTURAL,
  'network.error': TRANSIENT,
  'data.error': OUTSIDE,
  'code.error': STRUCTURAL,
  'resource.exhausted': TRANSIENT,
  'config.error': OUTSIDE,
  'worker.lost': TRANSIENT,
  unclassified: OUTSIDE,
};

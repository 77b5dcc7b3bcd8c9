// What the SDK's errors mean, known by their names and not by their classes: an app may hold several copies
// of the SDK.
import type { FailureDetails } from '../../core/attempt.ts';
import { readProperty } from '../../core/exception.ts';

const KNOWN: Readonly<Record<string, FailureDetails>> = {
  MaxTurnsExceededError: { site: 'node.result', class: 'loop.max_iterations' },
  ModelBehaviorError: { site: 'llm.call' },
  ModelRefusalError: { site: 'llm.call', class: 'llm.content_filter' },
  ModelTimeoutError: { site: 'llm.call', class: 'llm.timeout' },
  InvalidToolInputError: { site: 'tool.call', class: 'tool.invalid_arguments' },
  InvalidToolOutputError: { site: 'tool.call', class: 'tool.error' },
  ToolTimeoutError: { site: 'tool.call', class: 'tool.timeout' },
  ToolCallError: { site: 'tool.call' },
  InputGuardrailTripwireTriggered: { site: 'node.start', class: 'constraint.hard' },
  OutputGuardrailTripwireTriggered: { site: 'node.result', class: 'constraint.hard' },
  ToolInputGuardrailTripwireTriggered: { site: 'tool.call', class: 'constraint.hard' },
  ToolOutputGuardrailTripwireTriggered: { site: 'tool.call', class: 'constraint.hard' },
};

/** Errors that only carry another one. */
const CARRIERS = new Set(['ToolCallError', 'GuardrailExecutionError']);

/** Site, class and evidence of an error that a run ended with. */
export function detailsOf(error: unknown): FailureDetails {
  const known = KNOWN[nameOf(error)];
  const within = CARRIERS.has(nameOf(error)) ? KNOWN[nameOf(underneath(error))] : undefined;
  const guardrail = guardrailOf(error);
  const misfit = isOutputMisfit(error) && ({ class: 'output.invalid' } as const);
  return { ...known, ...within, ...misfit, ...(guardrail && { evidence: { guardrail } }) };
}

/** The error that a tool or a guardrail threw, where the SDK has put one of its own around it. */
export function underneath(error: unknown): unknown {
  if (!CARRIERS.has(nameOf(error))) return error;
  const inner = readProperty(error, 'error');
  return inner === undefined || inner === null ? error : inner;
}

/** The run took more turns than it may. */
export function isOutOfTurns(error: unknown): boolean {
  return nameOf(error) === 'MaxTurnsExceededError';
}

/** A tool took longer than its `timeoutMs`. */
export function isToolTimeout(error: unknown): boolean {
  return nameOf(error) === 'ToolTimeoutError';
}

/** What a model said at last is not of the agent's `outputType`. */
function isOutputMisfit(error: unknown): boolean {
  const message = String(readProperty(error, 'message'));
  return nameOf(error) === 'ModelBehaviorError' && message.startsWith('Invalid output type');
}

function nameOf(error: unknown): string {
  const name = readProperty(error, 'name');
  return typeof name === 'string' ? name : '';
}

function guardrailOf(error: unknown): Record<string, unknown> | undefined {
  const result = readProperty(error, 'result');
  const name = readProperty(readProperty(result, 'guardrail'), 'name');
  if (typeof name !== 'string') return undefined;
  return { name, info: readProperty(readProperty(result, 'output'), 'outputInfo') };
}

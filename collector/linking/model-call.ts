// Whether a failed operation was the call of a model.
import type { FailureRow, TraceSpanRow } from '../rows/rows.ts';

const MODEL_OPERATIONS = new Set([
  'chat',
  'text_completion',
  'generate_content',
  'embeddings',
  'LLM',
  'llm',
  'completion',
]);
const OPERATION_KEYS = [
  'gen_ai.operation.name',
  'openinference.span.kind',
  'langsmith.span.kind',
  'llm.request.type',
];

/** A call of a model that its node survived was made again; one of a tool was answered with its error. */
export function isModelCall(
  span: TraceSpanRow | undefined,
  { attributes, class: known }: FailureRow,
): boolean {
  if (span?.name.endsWith('.doGenerate') || span?.name.endsWith('.doStream')) return true;
  const operation = OPERATION_KEYS.map((key) => attributes[key]).find(Boolean);
  return operation === undefined ? known.startsWith('llm.') : MODEL_OPERATIONS.has(operation);
}

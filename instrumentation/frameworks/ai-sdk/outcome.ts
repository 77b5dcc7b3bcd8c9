// How a call ended that threw nothing.
import type { GraphRunOutcome } from '../../semconv/attributes.ts';
import type { Part, Step } from './internal-types.ts';
import { reasonOf } from './output.ts';

/**
 * `paused` if it waits for someone to approve a tool; `truncated` if a limit of steps cut a loop: the
 * last step called a tool that an earlier one had called, and nobody asked the model what to make of the
 * result. Else the run itself knows.
 */
export function outcomeOf(steps: readonly Step[]): GraphRunOutcome | undefined {
  const last = steps.at(-1);
  if (!last) return undefined;
  const waits = (part: Part) => part.type === 'tool-approval-request' && part.isAutomatic !== true;
  if (last.content?.some(waits)) return 'paused';
  const called = last.toolCalls ?? [];
  if (reasonOf(last.finishReason) !== 'tool-calls' || called.length === 0) return undefined;
  const answered = new Set(
    last.content
      ?.filter(({ type }) => type === 'tool-result' || type === 'tool-error')
      .map(({ toolCallId }) => toolCallId),
  );
  const before = new Set(
    steps
      .slice(0, -1)
      .flatMap((step) => step.toolCalls ?? [])
      .map(nameOf),
  );
  const isCut =
    called.every(({ toolCallId }) => answered.has(toolCallId)) &&
    called.some((call) => before.has(nameOf(call)));
  return isCut ? 'truncated' : undefined;
}

function nameOf({ toolName }: Part): string | undefined {
  return toolName;
}

// The conditions that every collector has: what agents return when they fail and nothing is thrown.
import type { Condition, Finding, Returned } from './condition.ts';
import { finishReasonsIn, isBlank, isNothing, parsed } from './output.ts';
import { toolError } from './tool-error.ts';

interface BuiltIn extends Condition {
  find(returned: Returned): Omit<Finding, 'condition'> | undefined;
}

/** Why a model stopped, as providers write it. */
const CUT = /^(?:length|max_(?:output_)?tokens|model_length|model_context_window_exceeded)$/i;
const FILTERED =
  /^(?:content[_-]filter(?:ed)?|safety|recitation|blocklist|prohibited_content|spii|refusal|guardrail_intervened)$/i;
const LIMITED = /^(?:max_turns|max_steps|max_iterations|turn_limit|step_limit)$/i;
/** What frameworks return in the place of an answer when their limit is reached. */
const LIMIT_TEXT =
  /sorry, need more steps to process this request|agent stopped due to (?:iteration limit|max iterations|time limit)|reached max(?:imum)? (?:steps|iterations|turns)|maximum (?:number of )?(?:turns|steps|iterations)(?: of)? ?\d* (?:was |has been )?reached/i;
/** A limit's text stands at the end; before it is what was said in the conversation. */
const LAST_CHARS = 1500;

const BUILT_IN: readonly BuiltIn[] = [
  {
    name: 'guardrail_tripped',
    class: 'constraint.hard',
    site: 'judge',
    severity: 'major',
    message: 'a guardrail tripped',
    hint: 'See what the guardrail was given, and whether it or the agent is wrong.',
    find: (returned) => (isTripped(returned) ? {} : undefined),
  },
  {
    name: 'content_filtered',
    class: 'llm.content_filter',
    site: 'llm.call',
    severity: 'major',
    message: 'the answer was stopped by a content filter',
    find: (returned) => finished(returned, FILTERED),
  },
  {
    name: 'output_truncated',
    class: 'llm.malformed_output',
    site: 'llm.call',
    severity: 'major',
    message: 'the answer was cut off at the limit of its length',
    hint: 'Raise the limit of output tokens, or ask for less at a time.',
    find: (returned) => finished(returned, CUT),
  },
  {
    name: 'limit_reached',
    class: 'loop.max_iterations',
    site: 'budget',
    severity: 'major',
    message: 'the limit of steps or turns was reached before there was an answer',
    find: limited,
  },
  {
    name: 'output_empty',
    class: 'llm.empty_response',
    site: 'llm.call',
    severity: 'major',
    message: 'the output is empty',
    find: (returned) => (isEmptyAnswer(returned) ? {} : undefined),
  },
  {
    name: 'output_missing',
    class: 'output.missing',
    site: 'node.result',
    severity: 'major',
    message: 'the output is missing',
    find: ({ part, output }) => (part === 'agent' && output?.trim() === 'null' ? {} : undefined),
  },
  {
    name: 'output_empty',
    class: 'output.silent',
    site: 'node.result',
    severity: 'major',
    message: 'the output is empty',
    find: (returned) => (isEmptyPart(returned) ? {} : undefined),
  },
  {
    name: 'tool_result_error',
    class: '',
    site: 'tool.call',
    severity: 'minor',
    message: 'the result of the tool says that it failed',
    find: ({ call, output }) => {
      const error = call === 'tool' && output !== undefined ? toolError(output) : undefined;
      return error === undefined ? undefined : { message: error };
    },
  },
];

/** One tool, called again and again with the same arguments and the same result; see linking. */
export const TOOL_CALL_REPEATED: Condition = {
  name: 'tool_call_repeated',
  class: 'tool.doom_loop',
  site: 'tool.call',
  severity: 'major',
  message: 'the same tool was called again and again with the same arguments and the same result',
};

export const BUILT_IN_NAMES: readonly string[] = [
  ...new Set([...BUILT_IN, TOOL_CALL_REPEATED].map(({ name }) => name)),
];

/** The conditions without what finds them, as findings carry them. */
const CHECKS = BUILT_IN.map(({ find, ...condition }) => ({ condition, find }));

/** What the built-in conditions find. @param without names of those that are switched off */
export function builtInFindings(
  returned: Returned,
  without: ReadonlySet<string> = new Set(),
): Finding[] {
  const findings: Finding[] = [];
  for (const { condition, find } of CHECKS) {
    if (without.has(condition.name)) continue;
    const found = find(returned);
    if (found !== undefined) findings.push({ condition, ...found });
  }
  return findings;
}

function finished(returned: Returned, reason: RegExp): Omit<Finding, 'condition'> | undefined {
  if (returned.call !== 'model') return undefined;
  const found = reasonsOf(returned).find((text) => reason.test(text));
  return found === undefined ? undefined : { found: { finish_reason: found } };
}

function reasonsOf({ finishReason, output = '' }: Returned): string[] {
  if (finishReason === '') return finishReasonsIn(output);
  const list = parsed(finishReason);
  return Array.isArray(list) ? list.map(String) : [finishReason];
}

function limited(returned: Returned): Omit<Finding, 'condition'> | undefined {
  const { part, output = '', finishReason } = returned;
  if (part === 'operation' && returned.call === undefined) return undefined;
  if (LIMITED.test(finishReason)) return { found: { finish_reason: finishReason } };
  if (part === 'operation') return undefined;
  const text = LIMIT_TEXT.exec(output.slice(-LAST_CHARS))?.[0];
  return text === undefined ? undefined : { found: { text } };
}

const INPUT_TOKENS = [
  'gen_ai.usage.input_tokens',
  'gen_ai.usage.prompt_tokens',
  'llm.token_count.prompt',
];

/** A model wrote nothing: no text, and no call of a tool. */
function isEmptyAnswer(returned: Returned): boolean {
  const { call, outputTokens, output, finishReason } = returned;
  if (call !== 'model' || FILTERED.test(finishReason) || CUT.test(finishReason)) return false;
  if (output !== undefined && isBlank(output)) return true;
  // Of a server that reports no usage some frameworks write zeros, also for what was read.
  return outputTokens === 0 && !INPUT_TOKENS.some((key) => returned.attribute(key) === '0');
}

/** An agent returned nothing; a node only where it returned a text and nothing is in it. */
function isEmptyPart({ part, output }: Returned): boolean {
  if (output === undefined || part === 'operation' || part === 'step') return false;
  return part === 'agent' ? output.trim() !== 'null' && isNothing(output) : isBlank(output);
}

const TRIPPED = [
  'gen_ai.guardrail.triggered',
  'guardrail.triggered',
  'guardrail.tripwire_triggered',
];

function isTripped(returned: Returned): boolean {
  if (TRIPPED.some((key) => returned.attribute(key) === 'true')) return true;
  if (returned.call !== 'guardrail' || returned.output === undefined) return false;
  const output = parsed(returned.output);
  if (typeof output !== 'object' || output === null) return false;
  const { tripwire_triggered, tripwireTriggered, triggered, passed } = output as Record<
    string,
    unknown
  >;
  return [tripwire_triggered, tripwireTriggered, triggered].includes(true) || passed === false;
}

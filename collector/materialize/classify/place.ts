// What was going on when a failure happened, by where it was reported and whose code was at work.
import type { Place } from './rules.ts';

export interface Where {
  /** `failure.site`; '' if unknown. */
  site: string;
  /** `gen_ai.operation.name` or what others call the kind of operation; '' if unknown. */
  operation: string;
  /** Packages in the stack trace. */
  libraries: readonly string[];
}

const SITES: Readonly<Record<string, Place>> = {
  'llm.call': 'llm',
  'llm.stream': 'llm',
  'tool.call': 'tool',
  judge: 'judge',
  'graph.validate': 'graph',
  'graph.route': 'route',
  branch: 'branch',
  budget: 'budget',
};

const MODEL_OPERATION =
  /^(?:chat|text_completion|generate_content|embeddings?|completion|llm|model)$/i;
const TOOL_OPERATION = /^(?:execute_tool|tool)$/i;

/** Packages that do nothing but call models. */
const MODEL_LIBRARIES = new Set(
  'openai anthropic litellm ai @anthropic-ai/sdk @google/genai @google/generative-ai google-genai cohere mistralai @mistralai/mistralai groq groq-sdk ollama langchain_openai langchain_anthropic langchain_google_genai langchain_aws @langchain/openai @langchain/anthropic @langchain/google-genai @aws-sdk/client-bedrock-runtime'.split(
    ' ',
  ),
);

/** Packages that do nothing but call tools. */
const TOOL_LIBRARIES = new Set(['mcp', 'fastmcp', '@modelcontextprotocol/sdk']);
const TOOL_TYPES = /^(?:\w+\.)*(?:mcperror|toolerror|toolexception)\b/;

/** Names of providers, their errors and their ways to say things. */
const MODEL_WORDS =
  /\b(?:openai|anthropic\w*|claude|gemini|gpt|litellm|bedrock\w*|invokemodel\w*|converse(?:stream)?|vertex\w*|googlegenerativeai|generativelanguage|ollama|groq|mistral(?:ai)?|cohere|azureopenai|openrouter|deepseek|hugging_?face\w*|hfhub\w*|dashscope|zhipuai|xai|vllm|cerebras|together_?ai)\b|\bai_\w+|\bllm\b|\b(?:ratelimit|apiconnection|apitimeout|apiconnectiontimeout|apistatus)error\b|overloaded_error|tokens per min|requests per min|invalid_request_error|rate_limit_error|rate_limit_exceeded|resource_exhausted|chat completions?|\b(?:language|the|this|requested) model\b|\bmodel (?:request|call)\b/;

/** The place, and how it is known. */
export function placeOf(
  where: Where,
  said: string,
): { place: Place; known: string; isExplicit: boolean } {
  const place = SITES[where.site];
  if (place) return { place, known: `site ${where.site}`, isExplicit: true };
  if (MODEL_OPERATION.test(where.operation)) {
    return { place: 'llm', known: where.operation, isExplicit: true };
  }
  if (TOOL_OPERATION.test(where.operation)) {
    return { place: 'tool', known: where.operation, isExplicit: true };
  }
  const library = where.libraries.find((name) => MODEL_LIBRARIES.has(name));
  if (library) return { place: 'llm', known: `frames of ${library}`, isExplicit: false };
  const tool =
    where.libraries.find((name) => TOOL_LIBRARIES.has(name)) ?? TOOL_TYPES.exec(said)?.[0];
  if (tool) return { place: 'tool', known: tool, isExplicit: false };
  const word = MODEL_WORDS.exec(said)?.[0];
  return word
    ? { place: 'llm', known: `"${word}"`, isExplicit: false }
    : { place: '', known: '', isExplicit: false };
}

// What a node's update says of calls that failed and were handled: LangChain's messages, known by their
// public fields and not by their classes, as an app may hold several copies of LangChain.
import { readProperty } from '../../core/exception.ts';
import type { FailureClass, FailureDisposition } from '../../semconv/attributes.ts';

/** A call of a tool or a model that failed without an error of its node. */
export type HandledCall = ToolCall | ModelCall;

interface Call {
  /** What it is known by: the id of the tool's call, else the message itself. */
  readonly key: unknown;
  /** The tool or the model; empty if it is not known. */
  readonly target: string;
  /** What the message says of it. */
  readonly text: string;
  /** The message stands for an error: what the call threw, or what somebody before it says. */
  readonly isOfError: boolean;
}

interface ToolCall extends Call {
  readonly kind: 'execute_tool';
  /** What the model wanted to call the tool with, if the message holds it. */
  readonly input?: unknown;
}

interface ModelCall extends Call {
  readonly kind: 'chat';
  readonly errorType: string;
  readonly class: FailureClass | undefined;
  /** `routed` if the model is asked again, with what was wrong. */
  readonly disposition: FailureDisposition;
}

/** The most messages of one update that are looked at. */
const MAX_MESSAGES = 1000;

/** The calls that failed among the messages of a node's update, without those that it was given. */
export function handledCalls(input: unknown, output: unknown): HandledCall[] {
  const found: HandledCall[] = [];
  for (const message of messagesIn(output)) found.push(...callsOf(message));
  if (found.length === 0) return found;
  const before = new Set<unknown>();
  for (const message of messagesIn(input)) {
    for (const { key } of callsOf(message)) before.add(key);
  }
  return found.filter(({ key }) => !before.has(key));
}

/** What LangChain's agents and middleware answer for a model that they no longer call. */
const STOPPED =
  /^(?:Sorry, need more steps to process this request\.|(?:Model|Tool) call limits? exceeded\b|'.+' tool call limit reached)/;

/** Whether the last of the messages that a graph returned says that a limit stopped it. */
export function isStoppedByLimit(output: unknown): boolean {
  const last = messagesIn(output).at(-1);
  return last !== undefined && typeOf(last) === 'ai' && STOPPED.test(contentOf(last));
}

/** Messages of a list, an update `{messages: […]}` under whatever key, a command, or a list of those. */
function messagesIn(update: unknown, depth = 0, found: object[] = []): object[] {
  if (typeof update !== 'object' || update === null || found.length >= MAX_MESSAGES) return found;
  if (isMessage(update)) {
    found.push(update);
  } else if (Array.isArray(update)) {
    if (depth > 2) return found;
    for (const item of update.slice(0, MAX_MESSAGES)) messagesIn(item, depth + 1, found);
  } else if (depth <= 1) {
    const commanded = readProperty(update, 'lg_name') === 'Command';
    const values = commanded ? [readProperty(update, 'update')] : Object.values(update);
    for (const value of values) {
      if (commanded || Array.isArray(value) || isMessage(value)) {
        messagesIn(value, depth + (commanded ? 0 : 1), found);
      }
    }
  }
  return found;
}

function isMessage(value: unknown): boolean {
  return typeof value === 'object' && typeof readProperty(value, '_getType') === 'function';
}

function typeOf(message: object): unknown {
  const type = readProperty(message, 'type');
  if (typeof type === 'string') return type;
  const ask = readProperty(message, '_getType') as () => unknown;
  return Reflect.apply(ask, message, []);
}

function callsOf(message: object): HandledCall[] {
  const type = typeOf(message);
  if (type === 'tool') return refusedTool(message);
  return type === 'ai' ? brokenAnswer(message) : [];
}

/** What `toolStrategy` of LangChain answers a model whose structured output does not fit. */
const MISFIT_OUTPUT =
  /^(?:Error: )?(?:Failed to parse structured output for tool '|The model has called multiple tools: .* to return a structured output)/s;
/** Why a model or its provider kept an answer back. */
const FILTERED = /content_?filter|^safety$|recitation|blocklist|prohibited|^refusal$/i;
/** What a middleware of LangChain answers for a model that did not. */
const CALL_FAILED = /^Model call failed after \d+ attempts? with /;
const CUT = /^(?:length|max_tokens)$/i;

function refusedTool(message: object): HandledCall[] {
  const text = contentOf(message);
  const call = {
    key: readProperty(message, 'tool_call_id') || message,
    target: textOf(readProperty(message, 'name')),
    text,
    isOfError: true,
  };
  if (MISFIT_OUTPUT.test(text)) {
    const ofModel = { ...call, target: '', isOfError: false };
    return [modelCall(ofModel, 'OutputParsingError', 'output.invalid', 'routed')];
  }
  if (readProperty(message, 'status') !== 'error') return [];
  return [{ ...call, kind: 'execute_tool' }];
}

/** Arguments that are no JSON, an answer that was kept back, or one that holds nothing at all. */
function brokenAnswer(message: object): HandledCall[] {
  const invalid = listOf(readProperty(message, 'invalid_tool_calls'));
  if (invalid.length > 0) {
    return invalid.map((call) => ({
      key: readProperty(call, 'id') || call,
      kind: 'execute_tool',
      isOfError: false,
      target: textOf(readProperty(call, 'name')),
      text: textOf(readProperty(call, 'error')) || 'The arguments are no JSON',
      input: readProperty(call, 'args'),
    }));
  }
  const metadata = readProperty(message, 'response_metadata');
  const model = readProperty(metadata, 'model_name') ?? readProperty(metadata, 'model');
  const reason = reasonOf(metadata);
  const refusal = refusalOf(message);
  const call = { key: message, target: textOf(model), isOfError: false };
  const content = contentOf(message);
  if (CALL_FAILED.test(content)) {
    const failed = { ...call, text: content, isOfError: true };
    return [modelCall(failed, 'ModelCallError', undefined, 'degraded')];
  }
  if (refusal !== '' || FILTERED.test(reason)) {
    const text =
      refusal === '' ? `The answer was kept back: ${reason}` : `The model refused: ${refusal}`;
    return [modelCall({ ...call, text }, 'RefusalError', 'llm.content_filter', 'degraded')];
  }
  const isEmpty = content === '' && listOf(readProperty(message, 'tool_calls')).length === 0;
  const isCut = CUT.test(reason);
  if (isCut && !isEmpty) {
    const text = 'The answer was cut off at the limit of its length';
    return [modelCall({ ...call, text }, 'CutOffError', 'llm.malformed_output', 'degraded')];
  }
  if (!isEmpty) return [];
  const text = `The model answered nothing${isCut ? ' before the limit of its length' : ''}`;
  return [modelCall({ ...call, text }, 'EmptyResponseError', 'llm.empty_response', 'degraded')];
}

function modelCall(
  call: Call,
  errorType: string,
  known: FailureClass | undefined,
  disposition: FailureDisposition,
): ModelCall {
  return { ...call, kind: 'chat', errorType, class: known, disposition };
}

/** Why the model stopped, as its provider writes it. */
function reasonOf(metadata: unknown): string {
  for (const key of ['finish_reason', 'stop_reason', 'finishReason']) {
    const reason = textOf(readProperty(metadata, key));
    if (reason !== '') return reason;
  }
  return '';
}

/** What a model of OpenAI says instead of an answer. */
function refusalOf(message: object): string {
  const refusal = textOf(readProperty(readProperty(message, 'additional_kwargs'), 'refusal'));
  if (refusal !== '') return refusal;
  const part = listOf(readProperty(message, 'content')).find(
    (one) => readProperty(one, 'type') === 'refusal',
  );
  return textOf(readProperty(part, 'refusal'));
}

/** The text of a message; of one with other parts than text, that it has some. */
function contentOf(message: object): string {
  const content = readProperty(message, 'content');
  if (typeof content === 'string') return content.trim();
  const parts = listOf(content).map((part) =>
    readProperty(part, 'type') === 'text' ? textOf(readProperty(part, 'text')) : '[part]',
  );
  return parts.join('\n').trim();
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

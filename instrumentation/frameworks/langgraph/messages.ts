// What a node's update says of calls that failed and were handled: LangChain's messages, known by their
// public fields and not by their classes, as an app may hold several copies of LangChain.
import { readProperty } from '../../core/exception.ts';

/** A call of a tool or a model that failed without an error of its node. */
export interface HandledCall {
  /** What it is known by: the id of the tool's call, else the message itself. */
  readonly key: unknown;
  readonly kind: 'execute_tool' | 'chat';
  /** The tool or the model; empty if it is not known. */
  readonly target: string;
  /** What the message says of it. */
  readonly text: string;
  /** What the model wanted to call the tool with, if the message holds it. */
  readonly input?: unknown;
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

function refusedTool(message: object): HandledCall[] {
  if (readProperty(message, 'status') !== 'error') return [];
  return [
    {
      key: readProperty(message, 'tool_call_id') || message,
      kind: 'execute_tool',
      target: textOf(readProperty(message, 'name')),
      text: contentOf(message),
    },
  ];
}

/** Arguments that are no JSON, or an answer that holds nothing at all. */
function brokenAnswer(message: object): HandledCall[] {
  const invalid = listOf(readProperty(message, 'invalid_tool_calls'));
  if (invalid.length > 0) {
    return invalid.map((call) => ({
      key: readProperty(call, 'id') || call,
      kind: 'execute_tool',
      target: textOf(readProperty(call, 'name')),
      text: textOf(readProperty(call, 'error')) || 'The arguments are no JSON',
      input: readProperty(call, 'args'),
    }));
  }
  if (listOf(readProperty(message, 'tool_calls')).length > 0 || contentOf(message) !== '')
    return [];
  const metadata = readProperty(message, 'response_metadata');
  const model = readProperty(metadata, 'model_name') ?? readProperty(metadata, 'model');
  return [
    { key: message, kind: 'chat', target: textOf(model), text: 'The model answered nothing' },
  ];
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

// What is known about a thrown value: its type, message, stack with causes, and the chain of causes.
import { withoutOwnFrames } from './own-frames.ts';

/** A thrown value as text, not yet redacted. */
export interface ExceptionFacts {
  /** `error.type`: the error's code (`ECONNREFUSED`) if it has one, else its class. */
  readonly errorType: string;
  /** `exception.type`: the error's class. */
  readonly type: string;
  readonly message: string;
  /** The stack in V8's form, followed by a `Caused by:` block for each cause. */
  readonly stack: string;
  /** The errors under this one, nearest first; members of an AggregateError are among them. */
  readonly causes: readonly { readonly type: string; readonly message: string }[];
}

const MAX_CAUSES = 16;
const CODE = /^[A-Za-z0-9_.-]{2,64}$/;

/** Describes any thrown value. Never throws, whatever the value's getters do. */
export function describeException(thrown: unknown): ExceptionFacts {
  const type = typeOf(thrown);
  const message = messageOf(thrown);
  const under = causesOf(thrown);
  const blocks = under.map(
    ({ error, label }) => `${label}: ${stackOf(error, typeOf(error), messageOf(error))}`,
  );
  return {
    errorType: codeOf(thrown) ?? type,
    type,
    message,
    stack: [stackOf(thrown, type, message), ...blocks].join('\n'),
    causes: under.map(({ error }) => ({ type: typeOf(error), message: messageOf(error) })),
  };
}

/** `error.type` of any thrown value. Never throws. */
export function errorTypeOf(thrown: unknown): string {
  return codeOf(thrown) ?? typeOf(thrown);
}

/** Reads one property of a value that may be a hostile proxy. */
export function readProperty(value: unknown, key: PropertyKey): unknown {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function'))
    return undefined;
  try {
    return Reflect.get(value, key);
  } catch {
    return undefined;
  }
}

/** Whether a value is a promise, of whatever library. */
export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof readProperty(value, 'then') === 'function';
}

function typeOf(thrown: unknown): string {
  if (thrown === null || typeof thrown !== 'object')
    return thrown === null ? 'null' : typeof thrown;
  const name = readProperty(thrown, 'name');
  const maker = readProperty(readProperty(thrown, 'constructor'), 'name');
  // A subclass that forgot to set its name is still distinguished from `Error`.
  if (typeof maker === 'string' && maker.length > 1 && (name === 'Error' || !isText(name))) {
    return maker;
  }
  return isText(name) ? name : 'object';
}

function codeOf(thrown: unknown): string | undefined {
  const code = readProperty(thrown, 'code');
  return typeof code === 'string' && CODE.test(code) ? code : undefined;
}

function messageOf(thrown: unknown): string {
  const message = readProperty(thrown, 'message');
  if (isText(message)) return message;
  if (typeof thrown === 'object' && thrown !== null)
    return readProperty(thrown, 'stack') ? '' : json(thrown);
  return String(thrown);
}

function json(value: object): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return '[unreadable]';
  }
}

function stackOf(thrown: unknown, type: string, message: string): string {
  const stack = readProperty(thrown, 'stack');
  return isText(stack) ? withoutOwnFrames(stack) : `${type}: ${message}`;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function causesOf(thrown: unknown): { error: unknown; label: string }[] {
  const found: { error: unknown; label: string }[] = [];
  const seen = new Set<unknown>([thrown]);
  const visit = (error: unknown): void => {
    const errors = readProperty(error, 'errors');
    const under: { error: unknown; label: string }[] = [];
    const cause = readProperty(error, 'cause');
    if (cause !== undefined && cause !== null) under.push({ error: cause, label: 'Caused by' });
    if (Array.isArray(errors)) {
      for (let index = 0; index < Math.min(errors.length, MAX_CAUSES); index += 1) {
        under.push({ error: readProperty(errors, index), label: `Caused by: [${index}]` });
      }
    }
    for (const item of under) {
      if (found.length >= MAX_CAUSES || seen.has(item.error)) continue;
      seen.add(item.error);
      found.push(item);
      visit(item.error);
    }
  };
  visit(thrown);
  return found;
}

// Whether two failed spans report one exception: the outer one failed because it passed through.
import { simpleName } from '../materialize/error-type.ts';
import type { FailureRow } from '../rows/rows.ts';

type Reported = Pick<FailureRow, 'error_type' | 'error_message' | 'stack_trace' | 'condition'>;

/** Characters of a message or a stack that are compared. */
const MOST = 8 * 1024;
/** Shorter messages stand in others by chance. */
const LEAST_CONTAINED = 8;
/** What a framework says when it knows no more than that something inside failed. */
const SAYS_NOTHING =
  /^(?:|error|failed|failure|exception|unknown error|internal error|run status: error|status: error|errored|agent run failed|workflow failed|none|null)\.?$/i;

/**
 * Whether `outer`, around `inner`, failed because of it: it says nothing of its own; or its message is that
 * of the inner one, holds it or quotes it, and so does the text of its stack; or both have the same type
 * and one of them no message.
 */
export function isSameException(outer: Reported, inner: Reported): boolean {
  if (outer.condition !== '' || inner.condition !== '') return isSameCondition(outer, inner);
  const outerMessage = messageOf(outer);
  const innerMessage = messageOf(inner);
  const isSameType = typesMatch(outer.error_type, inner.error_type);
  if (SAYS_NOTHING.test(outerMessage)) return outer.error_type === '' || isSameType;
  if (SAYS_NOTHING.test(innerMessage)) {
    return isSameType || (inner.error_type !== '' && mentions(outer, simpleName(inner.error_type)));
  }
  if (outerMessage === innerMessage) return isSameType || isEither(outer, inner);
  if (holds(outerMessage, innerMessage) || holds(innerMessage, outerMessage)) return true;
  return holds(clean(outer.stack_trace), innerMessage) && isCause(outer, inner);
}

/** What is thrown further out because of what a condition found. */
const THROWN: Readonly<Record<string, RegExp>> = {
  output_truncated:
    /length|max.?(?:output.?)?tokens|truncat|pars(?:e|ing)|json|malformed|validation/i,
  content_filtered: /content.?(?:filter|policy|management)|safety|refus|moderation/i,
  output_empty: /empty|no (?:response|output|content|message)|none\b|invalid response/i,
  guardrail_tripped: /guardrail|tripwire/i,
  limit_reached: /limit|max(?:imum)?[ _.-]?(?:turns|steps|iterations)|recursion/i,
  tool_call_repeated: /limit|max(?:imum)?[ _.-]?(?:turns|steps|iterations)|recursion|loop/i,
};

/**
 * The same condition holds inside, so that what it found passed through; or what it found inside is what the
 * outer span threw, or returned in the place of what was thrown.
 */
function isSameCondition(outer: Reported, inner: Reported): boolean {
  const isSame = messageOf(outer) === messageOf(inner);
  if (outer.condition !== '' && inner.condition !== '') {
    return outer.condition === inner.condition && isSame;
  }
  const thrown = THROWN[inner.condition];
  if (thrown?.test(`${outer.error_type} ${outer.error_message}`)) return true;
  return (
    isSame || holds(messageOf(outer), messageOf(inner)) || holds(messageOf(inner), messageOf(outer))
  );
}

/** With a message this long and equal, the types may differ: frameworks wrap and rename. */
function isEither(outer: Reported, inner: Reported): boolean {
  return (
    outer.error_type === '' ||
    inner.error_type === '' ||
    messageOf(outer).length >= LEAST_CONTAINED ||
    mentions(outer, simpleName(inner.error_type))
  );
}

/** The stack of the outer one names the inner exception as one of its causes. */
function isCause(outer: Reported, inner: Reported): boolean {
  const type = simpleName(inner.error_type);
  return type === '' || mentions(outer, type);
}

function mentions({ error_message, stack_trace }: Reported, type: string): boolean {
  return (
    type !== '' && (error_message.includes(type) || stack_trace.slice(-MOST * 4).includes(type))
  );
}

function typesMatch(a: string, b: string): boolean {
  return a !== '' && simpleName(a) === simpleName(b);
}

function holds(text: string, part: string): boolean {
  return part.length >= LEAST_CONTAINED && text.length > part.length && text.includes(part);
}

/** Without what quoting and cutting add: quotes, escapes, spaces. */
function clean(text: string): string {
  return text
    .slice(0, MOST)
    .replace(/\\+n/g, ' ')
    .replace(/[\\'"`\s]+/g, ' ')
    .trim();
}

function messageOf({ error_message, error_type }: Reported): string {
  const message = clean(error_message);
  // Python's `repr` of it, or the type in front.
  const type = simpleName(error_type);
  if (type !== '' && message.startsWith(`${type}: `)) return message.slice(type.length + 2);
  // A message that was cut ends in nothing that the other has.
  return message.replace(/(?:…|\.\.\.)$/, '');
}

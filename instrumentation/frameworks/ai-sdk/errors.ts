// What the AI SDK's errors mean, known by their public marks and not by their classes: an app may hold
// several copies of it.
import type { FailureDetails } from '../../core/attempt.ts';
import { readProperty } from '../../core/exception.ts';
import type { FailureClass } from '../../semconv/attributes.ts';
import type { CallStart } from './internal-types.ts';

const BODY_BYTES = 2048;

const CLASS_OF: Readonly<Record<string, FailureClass>> = {
  AI_LoadAPIKeyError: 'llm.auth',
  AI_EmptyResponseBodyError: 'llm.empty_response',
  AI_NoContentGeneratedError: 'llm.empty_response',
  AI_InvalidResponseDataError: 'llm.malformed_output',
  AI_JSONParseError: 'llm.malformed_output',
  AI_TypeValidationError: 'llm.malformed_output',
  AI_InvalidStreamPartError: 'llm.malformed_output',
  AI_NoObjectGeneratedError: 'output.invalid',
  AI_NoOutputGeneratedError: 'output.missing',
  AI_InvalidPromptError: 'input.invalid',
  AI_InvalidDataContentError: 'input.invalid',
  AI_MessageConversionError: 'input.invalid',
  AI_InvalidArgumentError: 'config.error',
  AI_LoadSettingError: 'config.error',
  AI_NoSuchModelError: 'config.error',
  AI_NoSuchProviderError: 'config.error',
  AI_UnsupportedFunctionalityError: 'config.error',
  AI_UnsupportedModelVersionError: 'config.error',
  AI_NoSuchToolError: 'tool.not_found',
  AI_InvalidToolInputError: 'tool.invalid_arguments',
  AI_ToolCallRepairError: 'tool.invalid_arguments',
};

const CLASS_OF_STATUS: Readonly<Record<number, FailureClass>> = {
  401: 'llm.auth',
  402: 'llm.payment_required',
  403: 'llm.auth',
  408: 'llm.timeout',
  413: 'llm.context_overflow',
  429: 'llm.rate_limit',
  504: 'llm.timeout',
};

const TOO_LONG =
  /context.?length|maximum context|context window|prompt is too long|too many (?:input )?tokens/i;

/** The error that ended the last try, if several tries are in one. */
export function lastErrorOf(error: unknown): unknown {
  return readProperty(error, 'lastError') ?? error;
}

export function isTimeout(error: unknown): boolean {
  return readProperty(error, 'name') === 'TimeoutError';
}

/** What an aborted signal makes functions throw. */
export function isAborted(error: unknown): boolean {
  const name = readProperty(error, 'name');
  return name === 'AbortError' || name === 'ResponseAborted';
}

/** Whether the SDK tries again after this error, if it has tries left. */
export function isRetryable(error: unknown): boolean {
  return readProperty(error, 'isRetryable') === true;
}

/** What a node received, if the app lets it be recorded. */
export function inputOf({ hidesInputs }: CallStart, input: unknown): { input?: unknown } {
  return hidesInputs ? {} : { input };
}

/** What is known of an error of the model or of the call around it. */
export function describeModelError(error: unknown): FailureDetails {
  const status = numberOf(readProperty(error, 'statusCode'));
  const body = readProperty(error, 'responseBody');
  return {
    class: classOf(error, status),
    evidence: {
      ...(status !== undefined && { status_code: status }),
      ...(codeOf(error) !== undefined && { error_code: codeOf(error) }),
      ...(isRetryable(error) && { retryable: true }),
      ...retryAfterOf(error),
    },
    ...(typeof body === 'string' &&
      body !== '' && { excerpts: { response_body: { value: body, bytes: BODY_BYTES } } }),
  };
}

/** The class of an error that a tool threw, or of a call that never reached it. */
export function toolClassOf(error: unknown): FailureClass | undefined {
  if (isTimeout(error)) return 'tool.timeout';
  const known = CLASS_OF[nameOf(error)];
  return known?.startsWith('tool.') ? known : undefined;
}

function classOf(error: unknown, status: number | undefined): FailureClass | undefined {
  if (isTimeout(error)) return 'llm.timeout';
  const name = nameOf(error);
  if (name !== 'AI_APICallError' && status === undefined) return CLASS_OF[name];
  const code = codeOf(error) ?? '';
  if (code === 'insufficient_quota') return 'llm.payment_required';
  if (/content_?(?:filter|policy)/.test(code)) return 'llm.content_filter';
  const message = String(readProperty(error, 'message') ?? '');
  if (TOO_LONG.test(code) || (status === 400 && TOO_LONG.test(message)))
    return 'llm.context_overflow';
  if (status === undefined) return 'llm.transport';
  // The answer itself could not be read.
  if (status < 300) return CLASS_OF[nameOf(readProperty(error, 'cause'))];
  return CLASS_OF_STATUS[status] ?? (status >= 500 ? 'llm.unavailable' : undefined);
}

function nameOf(error: unknown): string {
  return String(readProperty(error, 'name') ?? '');
}

/** The provider's own code, as OpenAI and those who speak as it does give it. */
function codeOf(error: unknown): string | undefined {
  const answer = readProperty(readProperty(error, 'data'), 'error');
  for (const key of ['code', 'type']) {
    const value = readProperty(answer, key);
    if (typeof value === 'string' && value !== '') return value;
  }
  return undefined;
}

function retryAfterOf(error: unknown): { retry_after?: string } {
  const value = readProperty(readProperty(error, 'responseHeaders'), 'retry-after');
  return typeof value === 'string' ? { retry_after: value } : {};
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

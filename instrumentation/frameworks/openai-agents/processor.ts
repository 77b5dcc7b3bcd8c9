// The SDK's own hook: a tracing processor, which hears of failed calls of models and tools. It is added
// beside the SDK's exporter and sends nothing to anybody by itself.
import { recordUsage } from '../../conditions/usage.ts';
import { readProperty } from '../../core/exception.ts';
import { guarded } from '../../core/guard.ts';
import type { FailureDisposition, FailureSite } from '../../semconv/attributes.ts';
import { isAbortLike } from '../shared/abort.ts';
import { reportOperation } from '../shared/operation.ts';
import type { SdkSpan, SdkSpanData, TracingProcessor } from './internal-types.ts';
import { currentPlace, type Place } from './place.ts';
import { reportsOwnErrors } from './tools.ts';

/** Reports the failed operations of the run that the spans belong to. */
export class OperationsProcessor implements TracingProcessor {
  /** The app has replaced all processors. */
  removed = false;

  async onTraceStart(): Promise<void> {}
  async onTraceEnd(): Promise<void> {}
  async onSpanStart(): Promise<void> {}
  async forceFlush(): Promise<void> {}

  async onSpanEnd(span: SdkSpan): Promise<void> {
    guarded(() => {
      const place = currentPlace();
      if (!place) return;
      noteUsage(span.spanData);
      if (span.error) spanFailed(place, span);
    }, undefined);
  }

  async shutdown(): Promise<void> {
    this.removed = true;
  }
}

interface Operation {
  readonly kind: string;
  readonly target: string;
  readonly site: FailureSite;
  readonly input?: unknown;
}

/** An error in the SDK's words. */
interface SpanError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
}

function spanFailed(place: Place, span: SdkSpan): void {
  if (place.reportedSpans.delete(span.spanId)) return;
  const operation = operationOf(span);
  const error = operation && errorOf(span, operation);
  if (!operation || !error) return;
  if (place.signal?.aborted && isAbortLike(error, place.signal)) return;
  const { kind, target, site, input } = operation;
  if (kind === 'execute_tool') place.noteToolError(target, error);
  const known = isMisfit(error) ? ('tool.invalid_arguments' as const) : undefined;
  const failed = {
    kind,
    target,
    error,
    details: { site, class: known, input: parsed(input), evidence: { operation: kind, target } },
    startTime: span.startedAt ? Date.parse(span.startedAt) : undefined,
  };
  const disposition = WENT_ON[span.error?.message ?? ''];
  if (disposition) reportOperation(place, { ...failed, disposition });
  else place.held.add(failed);
}

/** What became of errors that did not end the run, by what the SDK says of them. */
const WENT_ON: Readonly<Record<string, FailureDisposition>> = {
  // The model gets to know.
  'Error running tool (non-fatal)': 'routed',
  // The first of them is taken.
  'Multiple handoffs requested': 'degraded',
};

function operationOf({ spanData, error }: SdkSpan): Operation | undefined {
  switch (spanData.type) {
    case 'function':
      return {
        kind: 'execute_tool',
        target: spanData.name ?? '',
        site: 'tool.call',
        input: spanData.input,
      };
    case 'generation':
    case 'response':
      return {
        kind: 'chat',
        target: spanData.model ?? spanData._response?.model ?? '',
        site: error?.message === 'Error streaming response' ? 'llm.stream' : 'llm.call',
        input: spanData.input ?? spanData._input,
      };
    case 'handoff':
      return {
        kind: 'handoff',
        target: spanData.to_agent ?? '',
        site: 'graph.route',
        input: { from: spanData.from_agent, ...error?.data },
      };
    case 'mcp_tools':
      return { kind: 'list_tools', target: spanData.server ?? '', site: 'tool.call' };
    default:
      return undefined;
  }
}

/** Of a tool whose function did not get to run; the SDK's own words of it are kept back. */
const MISFIT = { name: 'InvalidToolInputError' };

function isMisfit({ name }: SpanError): boolean {
  return name === MISFIT.name;
}

const REFUSED_BY_USER = /was manually rejected by user/;

/** The error as far as the SDK reports it: in words. `undefined` for what is no failure. */
function errorOf(span: SdkSpan, { kind, target }: Operation): SpanError | undefined {
  const reported = span.error?.data?.error;
  const words = typeof reported === 'string' ? reported : (span.error?.message ?? '');
  if (REFUSED_BY_USER.test(words)) return undefined;
  if (kind === 'execute_tool' && reportsOwnErrors(target)) {
    return { ...MISFIT, message: `The arguments do not fit the tool ${target}` };
  }
  const [, name, message] = /^(?:([A-Z]\w*): )?(.*)$/s.exec(words) ?? [];
  const status = /^([45]\d\d) /.exec(message ?? '')?.[1];
  const type = kind === 'chat' ? 'ModelCallError' : 'ToolCallError';
  return {
    name: name && name !== 'Error' ? name : type,
    message: message ?? '',
    ...(status && { code: status }),
  };
}

function noteUsage({ type, ...data }: SdkSpanData): void {
  if (type !== 'response' && type !== 'generation') return;
  const usage = readProperty(data, 'usage') ?? readProperty(data._response, 'usage');
  const count = (...keys: string[]) =>
    keys.map((key) => readProperty(usage, key)).find((value) => typeof value === 'number') as
      | number
      | undefined;
  recordUsage({
    inputTokens: count('input_tokens', 'prompt_tokens') ?? 0,
    outputTokens: count('output_tokens', 'completion_tokens') ?? 0,
  });
}

/** A tool's arguments come as the text that the model wrote. */
function parsed(input: unknown): unknown {
  if (typeof input !== 'string') return input;
  try {
    return JSON.parse(input);
  } catch {
    return input;
  }
}

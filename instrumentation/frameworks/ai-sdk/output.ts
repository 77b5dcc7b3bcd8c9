// What one call of the model gave, whole or part by part, and whether that is a failure which the SDK takes
// for a success.
import type { FailureDetails } from '../../core/attempt.ts';
import type { FailureClass } from '../../semconv/attributes.ts';
import type { FinishReason, ModelResult, Part } from './internal-types.ts';

export class ModelOutput {
  #text = '';
  readonly #toolCalls: { tool?: string | undefined; input?: unknown }[] = [];
  #other = false;
  #finishReason: string | undefined;

  static of(result: ModelResult): ModelOutput {
    const output = new ModelOutput();
    for (const part of result.content ?? []) output.add(part);
    output.#finishReason = reasonOf(result.finishReason);
    return output;
  }

  add(part: Part): void {
    switch (part.type) {
      case 'text':
        this.#text += part.text ?? '';
        break;
      case 'text-delta':
        this.#text += part.delta ?? part.text ?? '';
        break;
      case 'tool-call':
        this.#toolCalls.push({ tool: part.toolName, input: part.input });
        break;
      case 'file':
      case 'source':
      case 'tool-result':
      case 'tool-approval-request':
        this.#other = true;
        break;
      case 'finish':
        this.#finishReason = reasonOf(part.finishReason);
    }
  }

  /** For conditions. */
  get value() {
    return { text: this.#text, toolCalls: this.#toolCalls, finishReason: this.#finishReason };
  }

  /** Whether no tool is to be called. */
  get isLast(): boolean {
    return this.#toolCalls.length === 0;
  }

  /** The failure in it, if it is one. */
  get failure(): { error: object; details: FailureDetails } | undefined {
    const reason = this.#finishReason;
    if (reason === 'content-filter') {
      return this.#failure(
        'ContentFilterError',
        'The provider filtered the answer',
        'llm.content_filter',
      );
    }
    const isEmpty = this.#text.trim() === '' && this.#toolCalls.length === 0 && !this.#other;
    if (!isEmpty && reason === 'length') {
      return this.#failure(
        'CutOffError',
        'The answer was cut off at the limit of its length',
        'llm.malformed_output',
      );
    }
    if (!isEmpty) return undefined;
    const message = `The model gave neither text nor tool calls (finish reason: ${reason ?? 'none'})`;
    return this.#failure('EmptyResponseError', message, 'llm.empty_response');
  }

  #failure(name: string, message: string, failureClass: FailureClass) {
    const evidence = { finish_reason: this.#finishReason ?? null };
    const details = { site: 'llm.call', class: failureClass, evidence } as const;
    return { error: { name, message }, details };
  }
}

export function reasonOf(reason: FinishReason | undefined): string | undefined {
  return typeof reason === 'string' ? reason : reason?.unified;
}

// What a tool is: a question of the history as a language model can ask it.
import { z } from 'zod';
import { partialAnswer } from '../base/question.ts';
import type { History } from '../history.ts';
import { quoteJson } from './data.ts';

/** A call that would be useful after this one. */
export const nextStep = z.object({
  tool: z.string(),
  arguments: z.record(z.string(), z.union([z.string(), z.number()])),
  why: z.string(),
});
export type NextStep = z.infer<typeof nextStep>;

/** An answer in both forms; a client gets one of them. Each has to be enough by itself. */
export interface Answer<T> {
  /** Markdown; text from outside only through `quoteData` and `quoteId`. */
  text: string;
  /** The same as data; text from outside cut to a length, and escaped later, by the server. */
  data: T;
  next?: NextStep[];
}

export interface Tool {
  name: string;
  title: string;
  /** Tells a language model when to use it. */
  description: string;
  input: z.ZodObject;
  output: z.ZodObject;
  /** Whether it changes something, and so needs the right to. */
  changes: boolean;
  ask(history: History, input: unknown): Promise<Answer<object>>;
}

/** Makes a tool; the types of its question and answer follow from its schemas. */
export function tool<I extends z.ZodObject, O extends z.ZodObject>(definition: {
  name: string;
  title: string;
  description: string;
  input: I;
  output: O;
  changes?: boolean;
  ask(history: History, input: z.output<I>): Promise<Answer<z.input<O>>>;
}): Tool {
  const { output, ask, changes = false } = definition;
  return {
    ...definition,
    changes,
    output: output.extend({ next: z.array(nextStep), partial: partialAnswer.optional() }),
    ask: (history, input) => ask(history, input as z.output<I>),
  };
}

/** The next steps as lines. */
export function describeNext(steps: NextStep[]): string {
  return steps
    .map(({ tool: name, arguments: args, why }) => `Next: ${name} ${quoteJson(args)} ${why}`)
    .join('\n');
}

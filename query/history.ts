// The history: every question as a function, in-process over ClickHouse (connect.ts) or over HTTP
// (http/client.ts).
import type { MaybePartial, PartialAnswer } from './base/partial.ts';
import { fieldsOf, type Method, type Question } from './base/question.ts';
import { questions } from './questions/index.ts';

type Questions = typeof questions;
export type QuestionName = keyof Questions;
type Functions = { readonly [Name in QuestionName]: Method<Questions[Name]> };

/**
 * Every function throws `InvalidInputError` for input that is wrong in itself (its `field` names
 * which), `NotFoundError` for an id that is not stored and `UnavailableError` when the store cannot
 * be reached.
 */
export interface History extends Functions {
  close(): Promise<void>;
}

/** The type of what a function of the history answers. */
export type AnswerOf<Name extends QuestionName> = Awaited<ReturnType<Functions[Name]>>;

/** The options of a function of the history: the object that it takes last. */
export type OptionsOf<Name extends QuestionName> = NonNullable<Last<Parameters<Functions[Name]>>>;
type Last<Values extends readonly unknown[]> =
  Required<Values> extends [...unknown[], infer Value] ? Value : never;

/** All questions with their names. */
export const listed = Object.entries(questions) as unknown as readonly [QuestionName, Question][];

/** The history; `notice` is called with the shards that are missing in an answer. */
export function noticingPartial(
  history: History,
  notice: (partial: PartialAnswer) => void,
): History {
  const noticing = listed.map(([name]) => {
    const ask = history[name] as (...values: unknown[]) => Promise<MaybePartial>;
    return [
      name,
      async (...values: unknown[]) => {
        const answer = await ask(...values);
        if (answer.partial) notice(answer.partial);
        return answer;
      },
    ];
  });
  return { ...history, ...Object.fromEntries(noticing) };
}

/** The history whose questions are asked by `ask`. */
export function historyOf(
  ask: (asked: Question, fields: Record<string, unknown>) => Promise<unknown>,
  close: () => Promise<void>,
): History {
  const functions = listed.map(([name, asked]) => [
    name,
    async (...values: unknown[]) => ask(asked, fieldsOf(asked, values)),
  ]);
  return { ...(Object.fromEntries(functions) as Functions), close };
}

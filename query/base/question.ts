// What a question is. The library, the HTTP routes, the client and OpenAPI are derived from it.
import { z } from 'zod';
import { InvalidInputError, NotFoundError, UnavailableError } from './errors.ts';
import { completeIds, type IdKind } from './ids.ts';
import { parseInput } from './input.ts';
import {
  describePartial,
  type MaybePartial,
  notingPartial,
  type PartialAnswer,
} from './partial.ts';
import type { Policies } from './policies.ts';
import type { KnownSkipped } from './skipped.ts';
import type { Store } from './store.ts';

/** Where the collector receives OTLP over HTTP. */
export interface OtlpOptions {
  url: string;
  headers?: Record<string, string>;
}

/** What a question is answered from. */
export interface Context {
  readonly store: Store;
  /** As the user that statements of others are run as. */
  readonly reader: Store;
  /** The collector, through which changes are recorded. */
  readonly otlp: OtlpOptions | undefined;
  /** What may evolve by itself. */
  readonly policies: Policies;
  /** Failed spans that this process's collector skipped; undefined without one. */
  readonly skippedFailures?: KnownSkipped;
  /** Address of a trace, with `{trace_id}` and `{span_id}` in it. */
  readonly traceUrl?: string | undefined;
}

type Fields = Record<string, unknown>;
const nothing = z.object({});

export interface Declaration<
  Of extends string,
  Input extends z.ZodType,
  Args extends readonly string[],
  Output extends z.ZodType,
> {
  /** One line for OpenAPI. */
  summary: string;
  /** Under `/api/v1`; `:id` or another name stands for the field that `of` declares. */
  path: string;
  /** The one field that stands in the path and is the first argument of the library's function. */
  of?: Readonly<Record<Of, z.ZodType<string, string>>>;
  /** Query string of a GET, body of a POST. @default no field */
  input?: Input;
  /** Fields that hold ids, or lists of them: any unique prefix will do. @default none */
  ids?: Readonly<Record<string, IdKind>>;
  /** Fields of `input` that are arguments of their own; the others are one object after them. @default none */
  args?: Args;
  output: Output;
  /** @default 'GET', or 'POST' for what changes something */
  method?: 'GET' | 'POST';
  /** Whether it records something: over HTTP that needs the right to administer, and is answered with 201. @default false */
  changes?: boolean;
  /** Whether answers are never shared between callers, however many ask. @default false */
  alwaysFresh?: boolean;
  /**
   * Answers; `input` has been checked. What takes long to load is imported in here, so that clients, which
   * need the declaration only, go without it.
   */
  answer(
    input: z.output<Input> & { [K in Of]: string },
    context: Context,
  ): Promise<z.output<Output>>;
}

export interface Question<
  Of extends string = string,
  Input extends z.ZodType = z.ZodType,
  Args extends readonly string[] = readonly string[],
  Output extends z.ZodType = z.ZodType,
> {
  readonly summary: string;
  readonly path: string;
  /** Name of the field that stands in the path. */
  readonly of: Of | undefined;
  readonly input: Input;
  readonly hasInput: boolean;
  readonly args: Args;
  readonly output: Output;
  readonly method: 'GET' | 'POST';
  readonly changes: boolean;
  readonly alwaysFresh: boolean;
  /**
   * Checks the input and answers.
   *
   * @throws {InvalidInputError} that names the first field that does not fit
   * @throws {UnavailableError} for what is not found while some shards do not answer
   */
  ask(input: Fields, context: Context): Promise<z.output<Output> & MaybePartial>;
}

/** Declares a question. */
export function question<
  Output extends z.ZodType,
  Of extends string = never,
  Input extends z.ZodType = typeof nothing,
  const Args extends readonly (string & keyof z.input<Input>)[] = [],
>(declared: Declaration<Of, Input, Args, Output>): Question<Of, Input, Args, Output> {
  const { summary, path, of, output, changes = false, alwaysFresh = false } = declared;
  const input = (declared.input ?? nothing) as Input;
  const args = (declared.args ?? []) as unknown as Args;
  const [name] = Object.keys(of ?? {}) as Of[];
  return {
    summary,
    path,
    of: name,
    input,
    hasInput: declared.input !== undefined,
    args,
    output: mayBePartial(output),
    method: declared.method ?? (changes ? 'POST' : 'GET'),
    changes,
    alwaysFresh,
    async ask(fields, context) {
      const { id, rest } = split(name, fields);
      const checkedId =
        of && name ? parseInput(z.object({ [name]: of[name] }), { [name]: id }) : {};
      const checked = Object.assign(parseInput(input, rest) as object, checkedId);
      return sayingPartial(async () => {
        const completed = declared.ids
          ? await completeIds(declared.ids, checked as Fields, context.store)
          : checked;
        return declared.answer(completed as z.output<Input> & { [K in Of]: string }, context);
      });
    },
  };
}

/** The shards whose rows are not in an answer. */
export const partialAnswer: z.ZodType<PartialAnswer> = z.object({
  missing_shards: z
    .array(z.number().int())
    .describe('Numbers of the shards that did not answer, as in system.clusters'),
  shards: z.number().int().describe('How many shards the cluster has'),
});

/** Every answer is an object, to which this is added. */
const mayBePartial = <Output extends z.ZodType>(output: Output): Output =>
  output instanceof z.ZodObject
    ? (output.extend({ partial: partialAnswer.optional() }) as unknown as Output)
    : output;

async function sayingPartial<T>(answer: () => Promise<T>): Promise<T & MaybePartial> {
  const { result, partial } = await notingPartial(answer);
  if (result.status === 'fulfilled') {
    return partial ? { ...result.value, partial } : (result.value as T & MaybePartial);
  }
  const { reason } = result;
  if (!partial || !(reason instanceof NotFoundError)) throw reason;
  throw new UnavailableError(`${reason.message}, but ${describePartial(partial)}`, {
    cause: reason,
  });
}

function split(name: string | undefined, fields: Fields): { id: unknown; rest: Fields } {
  if (name === undefined) return { id: undefined, rest: fields };
  const { [name]: id, ...rest } = fields;
  return { id, rest };
}

type Positional<Input, Args extends readonly unknown[]> = Args extends readonly [
  infer Name extends keyof Input,
  ...infer Others,
]
  ? [
      ...(undefined extends Input[Name] ? [value?: Input[Name]] : [value: Input[Name]]),
      ...Positional<Input, Others>,
    ]
  : [];

type Options<Input> = [Input] extends [Record<string, never>]
  ? []
  : object extends Input
    ? [options?: Input]
    : [options: Input];

type Rest<Input, Args extends readonly unknown[]> = Args extends readonly []
  ? Options<Input>
  : Options<Omit<Input, Args[number] & keyof Input>>;

/** A question as a function of the library: the id, the fields that stand alone, the others as an object. */
export type Method<Q> =
  Q extends Question<infer Of, infer Input, infer Args, infer Output>
    ? (
        ...values: [
          ...([Of] extends [never] ? [] : [id: string]),
          ...Positional<z.input<Input>, Args>,
          ...Rest<z.input<Input>, Args>,
        ]
      ) => Promise<z.output<Output> & MaybePartial>
    : never;

const namesOf = ({ of, args }: Question): readonly string[] => (of ? [of, ...args] : args);

/** The fields that a call of the library's function stands for. */
export function fieldsOf(asked: Question, values: readonly unknown[]): Fields {
  const names = namesOf(asked);
  const rest = (values[names.length] ?? {}) as Fields;
  const twice = names.find((name) => Object.hasOwn(rest, name));
  if (twice !== undefined) throw new InvalidInputError(twice, 'Unrecognized key');
  return { ...rest, ...Object.fromEntries(names.map((name, at) => [name, values[at]])) };
}

/** The call of the library's function that some fields stand for. @param id of the path */
export function valuesOf(asked: Question, id: string | undefined, fields: Fields): unknown[] {
  const rest = { ...fields };
  const values = asked.args.map((name) => {
    const value = rest[name];
    delete rest[name];
    return value;
  });
  return [...(asked.of ? [id] : []), ...values, rest];
}

// Outputs that break a schema. Any library that speaks Standard Schema (https://standardschema.dev) will
// do: zod, valibot, arktype. A JSON Schema comes as the function that its validator made of it.
import { readProperty } from '../../core/exception.ts';
import type { CheckContext, FailureCondition, Verdict } from '../types.ts';
import { type LibraryOptions, part, usual } from './part.ts';

/** The part of Standard Schema v1 that is used. */
export interface StandardSchema {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult | Promise<StandardResult>;
  };
}

type StandardResult =
  | { readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] };

interface StandardIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What Ajv and its like make of a JSON Schema: says whether a value fits, and leaves `errors` behind. */
export interface ValidateFunction {
  (value: unknown): unknown;
  errors?: readonly { instancePath?: string; message?: string }[] | null;
}

const MAX_ISSUES = 10;
const MAX_MESSAGE = 200;

/**
 * Fires if the output breaks the schema; what a schema would change in it (defaults, coercion) changes
 * nothing in the app. Class `output.invalid`, major.
 *
 * ```ts
 * outputInvalid(z.object({ total: z.number() }))
 * outputInvalid(new Ajv().compile(jsonSchema))
 * ```
 * @throws {TypeError} if it is no schema
 */
export function outputInvalid<C extends CheckContext = CheckContext>(
  schema: StandardSchema | ValidateFunction,
  options: LibraryOptions<C> = {},
): FailureCondition<C> {
  const validate = validatorOf(schema);
  return usual<C>(options, {
    name: 'output_invalid',
    class: 'output.invalid',
    message: 'the output breaks its schema',
    history: 0,
    when: (context) => validate(part(options, context)),
  });
}

type Validate = (value: unknown) => Verdict | Promise<Verdict>;

function validatorOf(schema: StandardSchema | ValidateFunction): Validate {
  // ArkType's schemas are functions too.
  const standard = readProperty(schema, '~standard') as StandardSchema['~standard'] | undefined;
  if (typeof standard?.validate === 'function') {
    return (value) => {
      const result = standard.validate(value);
      return result instanceof Promise ? result.then(verdictOfSchema) : verdictOfSchema(result);
    };
  }
  if (typeof schema === 'function') return (value) => verdictOfFunction(schema, value);
  throw new TypeError(
    'failure condition: schema of outputInvalid must speak Standard Schema (zod, valibot, arktype) or be a validate function',
  );
}

function verdictOfSchema({ issues }: StandardResult): Verdict {
  if (!issues) return false;
  return verdictOf(issues.map(({ message, path }) => [path?.map(keyOf).join('.') ?? '', message]));
}

function verdictOfFunction(validate: ValidateFunction, value: unknown): Verdict | Promise<Verdict> {
  const fits = validate(value);
  const verdict = (fine: unknown): Verdict =>
    !fine &&
    verdictOf((validate.errors ?? []).map((each) => [each.instancePath ?? '', each.message ?? '']));
  return fits instanceof Promise ? fits.then(verdict) : verdict(fits);
}

function verdictOf(issues: readonly (readonly [path: string, message: string])[]): Verdict {
  return {
    issues: issues
      .slice(0, MAX_ISSUES)
      .map(([path, message]) => ({ path, message: message.slice(0, MAX_MESSAGE) })),
    count: issues.length,
  };
}

function keyOf(step: PropertyKey | { readonly key: PropertyKey }): string {
  return String(typeof step === 'object' ? step.key : step);
}

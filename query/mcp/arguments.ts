// Arguments of tools: their names, their schema in few tokens, and refusals that say what is right.
import { z } from 'zod';
import { InvalidInputError, NotFoundError } from '../base/errors.ts';
import { parseInput } from '../base/input.ts';
import { quoteId } from '../base/quote.ts';

/** What arguments are called elsewhere, in columns, flags and earlier versions, by what tools call them. */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  agent: ['service', 'agentName'],
  group: ['fingerprint', 'problem', 'id'],
  failure: ['id'],
  evolution: ['id', 'fix'],
  groups: ['target_fingerprints', 'fingerprints', 'targets'],
  failures: ['target_failures'],
  from: ['from_ref', 'before', 'old'],
  to: ['to_ref', 'graph_snapshot_ref', 'snapshot', 'after', 'new'],
  into: ['other_fingerprint', 'other_group', 'merge_into'],
  change: ['kind', 'action', 'event'],
  text: ['value', 'message', 'note', 'comment'],
  sql: ['query', 'statement'],
  node: ['node_name', 'step'],
  limit: ['max', 'count', 'max_rows', 'page_size'],
  cursor: ['next_cursor', 'page'],
  offset: ['next_offset'],
};

const letters = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

/** The argument, of those of a tool, that another name probably means. */
function meant(wrong: string, names: readonly string[]): string | undefined {
  const given = letters(wrong);
  const known = names.find((name) =>
    (OTHER_NAMES[name] ?? []).some((other) => letters(other) === given),
  );
  if (known) return known;
  const alike = names.filter((name) => {
    const own = letters(name);
    return given.length > 1 && (given.includes(own) || own.startsWith(given));
  });
  return alike.sort((one, other) => other.length - one.length)[0];
}

/**
 * Checks the arguments of a call. What is null counts as left out.
 *
 * @throws {InvalidInputError} that names the first argument that does not fit, and the name that is right
 */
export function checkArguments<Schema extends z.ZodObject>(
  tool: string,
  schema: Schema,
  args: unknown,
): z.output<Schema> {
  const given = Object.fromEntries(
    Object.entries((args ?? {}) as object).filter(([, value]) => value !== null),
  );
  const names = Object.keys(schema.shape);
  const wrong = Object.keys(given).filter((name) => !names.includes(name));
  if (wrong.length > 0) {
    const hints = wrong.slice(0, 8).flatMap((name) => {
      const right = meant(name, names);
      return right ? [`${quoteId(name)} is called ${quoteId(right)} here`] : [];
    });
    const hint = hints.length > 0 ? `${hints.join(', ')}; ` : '';
    throw new InvalidInputError(
      wrong[0]!.slice(0, 128),
      `no such argument; ${hint}${tool} takes ${names.join(', ')}`,
    );
  }
  return parseInput(schema, given);
}

/** The error with the name that the tool has for the field: questions have other names for the same. */
export function inArguments(error: unknown, schema: z.ZodObject): unknown {
  if (!(error instanceof InvalidInputError || error instanceof NotFoundError)) return error;
  const names = Object.keys(schema.shape);
  const argument = names.includes(error.field) ? undefined : meant(error.field, names);
  return argument
    ? new InvalidInputError(argument, error.message.slice(error.field.length + 2))
    : error;
}

/** Bounds and patterns: a refusal names them, and until then they only cost tokens. */
const LEFT_OUT = new Set(['$schema', 'pattern', 'format', 'minLength', 'minimum', 'maxLength']);

function slim(schema: unknown, isProperties = false): unknown {
  if (Array.isArray(schema)) return schema.map((item) => slim(item));
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key]) => isProperties || !LEFT_OUT.has(key))
      .map(([key, item]) => [key, slim(item, key === 'properties' && !isProperties)]),
  );
}

/**
 * The schema as the protocol's library lists it, with nothing in it but names, types, choices and defaults.
 * It lets everything through: `checkArguments` refuses in words that help.
 */
export function listedSchema(schema: z.ZodObject) {
  return {
    '~standard': {
      version: 1,
      vendor: 'faultline',
      validate: (value: unknown) => ({ value }),
      jsonSchema: {
        input: () => slim(z.toJSONSchema(schema, { io: 'input' })) as Record<string, unknown>,
        output: () => ({ type: 'object' }),
      },
    },
  } as const;
}

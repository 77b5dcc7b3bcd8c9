// Checks what came in at a door.
import type { z } from 'zod';
import { InvalidInputError } from './errors.ts';

/** @throws {InvalidInputError} that names the first field that does not fit `schema` */
export function parseInput<T extends z.ZodType>(schema: T, input: unknown): z.output<T> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path =
    issue?.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0]] : (issue?.path ?? []);
  throw new InvalidInputError(path.join('.') || 'input', issue?.message ?? 'not understood');
}

// The file of `--conditions`: which built-in conditions are off, and the user's own.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import {
  FAILURE_CLASS_VALUES,
  FAILURE_SEVERITY_VALUES,
  FAILURE_SITE_VALUES,
} from '../../instrumentation/semconv/index.ts';
import { BUILT_IN_NAMES } from './built-in.ts';

const MAX_RULES = 200;
const MAX_PATTERN = 500;

const text = z.string().min(1).max(500);
/** Texts of which one has to be equal; `support-*` stands for all that begin so. */
const names = z
  .union([text, z.array(text).min(1).max(50)])
  .transform((value) => (Array.isArray(value) ? value : [value]));

const pattern = z
  .string()
  .min(1)
  .max(MAX_PATTERN)
  .transform((source, context) => {
    try {
      return new RegExp(source, 'iu');
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message });
      return z.NEVER;
    }
  });

const check = z
  .strictObject({
    of: z
      .union([
        z.enum(['output', 'input', 'finish_reason', 'output_tokens', 'duration_ms']),
        z.strictObject({ attribute: text }),
      ])
      .default('output'),
    is: z.enum(['missing', 'empty', 'present']).optional(),
    equals: z.union([z.string(), z.number(), z.boolean()]).optional(),
    contains: text.optional(),
    matches: pattern.optional(),
    above: z.number().optional(),
    below: z.number().optional(),
    longer_than: z.int().min(0).optional(),
    shorter_than: z.int().min(1).optional(),
    not: z.boolean().default(false),
  })
  .refine(
    ({ of: _of, not: _not, ...tests }) =>
      Object.values(tests).filter((test) => test !== undefined).length === 1,
    'expected one of is, equals, contains, matches, above, below, longer_than, shorter_than',
  );
export type Check = z.output<typeof check>;

export const RULE_PARTS = ['run', 'agent', 'node', 'model', 'tool', 'guardrail'] as const;

const rule = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_.-]{0,63}$/, 'expected 1 to 64 letters, digits, _ . and -'),
  on: z.strictObject({
    part: z.union([
      z.enum(RULE_PARTS).transform((part) => [part]),
      z.array(z.enum(RULE_PARTS)).min(1),
    ]),
    service: names.optional(),
    agent: names.optional(),
    node: names.optional(),
    span: names.optional(),
  }),
  when: z.array(check).min(1).max(20),
  class: z.enum(FAILURE_CLASS_VALUES).default('unclassified'),
  site: z.enum(FAILURE_SITE_VALUES).optional(),
  severity: z.enum(FAILURE_SEVERITY_VALUES).default('major'),
  message: text.optional(),
  hint: text.optional(),
});
/** All checks of `when` have to hold for the rule to fire. */
export type Rule = z.output<typeof rule>;

const file = z
  .strictObject({
    off: z.array(z.enum(BUILT_IN_NAMES as [string, ...string[]])).default([]),
    rules: z.array(rule).max(MAX_RULES).default([]),
  })
  .superRefine(({ rules }, context) => {
    rules.forEach(({ name }, index) => {
      if (rules.findIndex((other) => other.name === name) === index) return;
      context.addIssue({
        code: 'custom',
        path: ['rules', index, 'name'],
        message: 'is the name of an earlier rule; expected one of its own',
      });
    });
  });
export type ConditionsFile = z.output<typeof file>;

/** A file that cannot be read or used; the message names the field. */
export class ConditionsError extends Error {
  override name = 'ConditionsError';
}

/** @throws {ConditionsError} */
export function readConditions(path: string): ConditionsFile {
  return parseConditions(jsonOf(path), path);
}

/** @throws {ConditionsError} */
export function parseConditions(content: unknown, path = 'conditions'): ConditionsFile {
  const result = file.safeParse(content, { reportInput: true });
  if (result.success) return result.data;
  const issue = deepest(result.error.issues[0]!);
  const keys = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  const field = fieldOf([...issue.path, ...keys]);
  const got = keys.length > 0 ? 'an unknown field' : shown(issue.input);
  throw new ConditionsError(`${path}: ${field}: got ${got}; ${issue.message}`);
}

type Issue = z.core.$ZodIssue;

/** Of a choice of forms, what is wrong in the one that came furthest. */
function deepest(issue: Issue): Issue {
  if (issue.code !== 'invalid_union') return issue;
  const inside = issue.errors.flat().sort((a, b) => b.path.length - a.path.length)[0];
  if (inside === undefined || inside.path.length === 0) return issue;
  return deepest({ ...inside, path: [...issue.path, ...inside.path] });
}

function fieldOf(path: readonly PropertyKey[]): string {
  const field = path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
  return field || 'the file';
}

function shown(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 100);
}

function jsonOf(path: string): unknown {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConditionsError(`${path} cannot be read: ${(error as Error).message}`);
  }
  try {
    return JSON.parse(content);
  } catch (error) {
    throw new ConditionsError(`${path} is not JSON: ${(error as Error).message}`);
  }
}

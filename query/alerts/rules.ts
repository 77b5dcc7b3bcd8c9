// The file of `--alerts`: who receives which changes of which groups.

import { readFileSync } from 'node:fs';
import { z } from 'zod';
import {
  FAILURE_CLASS_VALUES,
  FAILURE_SEVERITY_VALUES,
} from '../../instrumentation/semconv/index.ts';
import { SettingsError } from '../base/errors.ts';
import { matches } from '../base/text.ts';
import { ALERT_CHANGES } from '../questions/alerts/question.ts';

const name = z
  .string()
  .regex(/^[\w.-]{1,40}$/, 'expected 1 to 40 letters, digits and the signs . _ -');
const url = z.url({ protocol: /^https?$/, error: 'expected an http or https address' });

/** A secret itself, or the environment variable that holds it. */
const secret = z.union([z.string().min(1), z.strictObject({ env: z.string().min(1) })], {
  error: 'expected a text, or {"env": "NAME"}',
});
type SecretSource = z.output<typeof secret>;

const webhook = z.strictObject({
  type: z.literal('webhook'),
  url,
  secret,
  timeout_seconds: z.number().min(1).max(60).default(10),
});
const hive = z.strictObject({
  type: z.literal('hive'),
  url,
  sessions: z
    .record(z.string().min(1), z.string().min(1))
    .refine((sessions) => Object.keys(sessions).length > 0, 'expected at least one agent'),
  token: secret.optional(),
});
const stdout = z.strictObject({ type: z.literal('stdout') });

const rule = z.strictObject({
  name,
  on: z.array(z.enum(ALERT_CHANGES)).min(1),
  agents: z.array(z.string().min(1)).min(1).optional(),
  classes: z
    .array(
      z
        .string()
        .refine(
          (asked) => FAILURE_CLASS_VALUES.some((known) => matches([asked], known)),
          'expected a class of docs/classes.md, or the beginning of some as in llm.*',
        ),
    )
    .min(1)
    .optional(),
  severities: z.array(z.enum(FAILURE_SEVERITY_VALUES)).min(1).optional(),
  min_failures: z.int().min(1).max(1_000_000).default(1),
  to: z.array(name).min(1),
});
/** Which changes are sent to whom; `refund-*` stands for all agents, and classes, that begin so. */
export type Rule = z.output<typeof rule>;

const file = z
  .strictObject({
    every_seconds: z.number().min(1).max(3600).default(15),
    digest_above: z.int().min(1).max(1_000_000).default(10),
    receivers: z.record(name, z.discriminatedUnion('type', [webhook, hive, stdout])),
    rules: z.array(rule).min(1),
  })
  .superRefine(({ receivers, rules }, context) => {
    rules.forEach(({ name, to }, index) => {
      const unknown = to.findIndex((receiver) => !Object.hasOwn(receivers, receiver));
      if (unknown >= 0) {
        context.addIssue({
          code: 'custom',
          path: ['rules', index, 'to', unknown],
          message: `expected names of receivers: ${Object.keys(receivers).join(', ') || 'there are none'}`,
        });
      }
      if (rules.findIndex((other) => other.name === name) !== index) {
        context.addIssue({
          code: 'custom',
          path: ['rules', index, 'name'],
          message: 'is the name of an earlier rule; expected one of its own',
        });
      }
    });
  });

/** Where alerts go, with the secrets that it needs. */
export type Receiver =
  | { type: 'webhook'; url: string; key: Buffer; timeoutMs: number }
  | {
      type: 'hive';
      url: string;
      /** Sessions by agent; `*` stands for all others. */
      sessions: Readonly<Record<string, string>>;
      token: string | undefined;
    }
  | { type: 'stdout' };

export interface AlertRules {
  /** Milliseconds between two looks. */
  everyMs: number;
  /** Changes of one look, rule and receiver above which they are one message. */
  digestAbove: number;
  receivers: ReadonlyMap<string, Receiver>;
  rules: readonly Rule[];
}

/**
 * Reads the rules.
 *
 * @throws {SettingsError} for a file that cannot be read or used; it names the field, what was given and
 *   what is allowed, and never shows a secret
 */
export function readAlertRules(
  path: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): AlertRules {
  const given = readJson(path);
  const parsed = file.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const keys = issue!.code === 'unrecognized_keys' ? issue!.keys.slice(0, 1) : [];
    const at = [...issue!.path, ...keys];
    throw refusal(path, at, `got ${shown(at, given)}; ${issue!.message}`);
  }
  const { every_seconds, digest_above, receivers, rules } = parsed.data;
  const secretOf = (source: SecretSource, at: PropertyKey[]): string => {
    if (typeof source === 'string') return source;
    const value = environment[source.env];
    if (value) return value;
    throw refusal(path, at, `the environment variable ${source.env} is not set`);
  };
  const open = Object.entries(receivers).map(([name, receiver]): [string, Receiver] => {
    const at = (field: string) => ['receivers', name, field];
    switch (receiver.type) {
      case 'webhook': {
        const key = keyOf(secretOf(receiver.secret, at('secret')));
        if (key) return [name, { ...receiver, key, timeoutMs: receiver.timeout_seconds * 1000 }];
        const form = 'expected whsec_ and the base64 form of 24 to 64 bytes';
        throw refusal(path, at('secret'), `got a value that is not shown; ${form}`);
      }
      case 'hive': {
        const token = receiver.token && secretOf(receiver.token, at('token'));
        return [name, { ...receiver, token }];
      }
      default:
        return [name, receiver];
    }
  });
  const digestAbove = digest_above;
  return { everyMs: every_seconds * 1000, digestAbove, receivers: new Map(open), rules };
}

/** The key of a Standard Webhooks secret. */
function keyOf(secret: string): Buffer | undefined {
  const [, base64] = /^whsec_([\w+/]+={0,2})$/.exec(secret) ?? [];
  const key = Buffer.from(base64 ?? '', 'base64');
  return key.length >= 24 && key.length <= 64 ? key : undefined;
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    // What JSON.parse says quotes the file, which may hold secrets.
    const why = error instanceof SyntaxError ? 'is no JSON' : (error as Error).message;
    throw new SettingsError(`--alerts: ${JSON.stringify(path)} cannot be read: ${why}`);
  }
}

const refusal = (path: string, at: readonly PropertyKey[], why: string): SettingsError =>
  new SettingsError(`--alerts: ${JSON.stringify(path)}: ${at.join('.') || 'the file'}: ${why}`);

/** What was given at a place, as far as it may be shown: addresses hold secrets too. */
function shown(at: readonly PropertyKey[], given: unknown): string {
  if (at.some((part) => part === 'secret' || part === 'token' || part === 'url')) {
    return 'a value that is not shown';
  }
  const value = at.reduce<unknown>((inner, part) => Object(inner)[part], given);
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  return JSON.stringify(value).slice(0, 100);
}

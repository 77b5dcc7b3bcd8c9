// What may evolve by itself, as the people who run an agent allow it: the file of `--policies`.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { SettingsError } from './errors.ts';
import { matches } from './text.ts';

const pattern = z.string().min(1).max(512);
const patterns = z.array(pattern).min(1).optional();

const rule = z.strictObject({
  /** Agents, nodes and classes that it is for; a `*` at the end stands for any rest. @default all */
  agents: patterns,
  nodes: patterns,
  classes: patterns,
  /** `evolve`: by itself; `ask`: only after a person agreed; `wait`: never for this reason. */
  may: z.enum(['evolve', 'ask', 'wait']),
});

export const policies = z.strictObject({
  /** Share of runs that a problem may end before it is worth a change. */
  tolerated_share: z.number().min(0).max(1).default(0.01),
  /** Runs that a problem must have ended before it is worth a change. */
  fewest_runs_lost: z.int().min(1).max(1_000_000).default(3),
  /** Fixes of one problem that did not help, after which a person is asked. */
  max_failed_fixes: z.int().min(1).max(1000).default(3),
  /** Evolutions of one agent within 24 hours, after which a person is asked. */
  max_evolutions_per_day: z.int().min(0).max(100_000).default(10),
  /** The first that fits decides; without one the class does. */
  rules: z.array(rule).max(1000).default([]),
});
/** What may evolve by itself. */
export type Policies = z.output<typeof policies>;

/** What holds without a file. */
export const DEFAULT_POLICIES: Policies = policies.parse({});

/** What the first rule that fits says; undefined where none does. */
export function ruleFor(
  { rules }: Policies,
  { agent, node, failureClass }: { agent: string; node: string; failureClass: string },
): Policies['rules'][number]['may'] | undefined {
  return rules.find(
    ({ agents, nodes, classes }) =>
      (!agents || matches(agents, agent)) &&
      (!nodes || matches(nodes, node)) &&
      (!classes || matches(classes, failureClass)),
  )?.may;
}

/**
 * Reads the file.
 *
 * @throws {SettingsError} for a file that cannot be read or used; it names the field, what was given and
 *   what is allowed
 */
export function readPolicies(path: string): Policies {
  const given = readJson(path);
  const parsed = policies.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const keys = issue!.code === 'unrecognized_keys' ? issue!.keys.slice(0, 1) : [];
  const at = [...issue!.path, ...keys];
  const value = at.reduce<unknown>((inner, part) => Object(inner)[part], given);
  const shown = value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 100);
  throw new SettingsError(
    `--policies: ${JSON.stringify(path)}: ${at.join('.') || 'the file'}: got ${shown}; ${issue!.message}`,
  );
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const why = error instanceof SyntaxError ? 'is no JSON' : (error as Error).message;
    throw new SettingsError(`--policies: ${JSON.stringify(path)} cannot be read: ${why}`);
  }
}

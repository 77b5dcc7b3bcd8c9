// Which cases a verification runs: those of the groups that a change targets, and what has to stay good.
import { InvalidInputError, NotFoundError } from '../base/errors.ts';
import type { History } from '../history.ts';
import type { FailureCase } from '../questions/cases/question.ts';

/** A case of the plan. */
export interface PlannedCase {
  kind: 'case' | 'guard';
  /** undefined for a group of which no input is stored, and for an input that was given as good. */
  case: FailureCase | undefined;
  /** JSON text; '' without one. */
  input: string;
  /** Id of the group; '' for an input that was given as good. */
  group: string;
  /** All fingerprints of the group. */
  fingerprints: ReadonlySet<string>;
  /** Why it cannot be run; undefined if it can. */
  unfit: string | undefined;
}

export interface Scope {
  agent: string;
  /** Fingerprints. @default the targets of the evolution, else all groups that nobody ignores */
  groups?: readonly string[] | undefined;
  /** An evolution of the agent. */
  evolution?: string | undefined;
  /** Cases at most, spread over the groups, the newest of each first. @default 50 */
  limit?: number | undefined;
  /** Inputs that have to stay good, as JSON texts; as many as there are cases are run. */
  good?: readonly string[] | undefined;
  /**
   * Runs inputs of resolved groups as well, as many as there are cases: what earlier fixes ended must not come
   * back. @default false
   */
  resolved?: boolean | undefined;
}

const MOST_GROUPS = 100;
const MOST_CASES = 500;
/** What redaction leaves in the place of what it removed. */
const REDACTED = /\[redacted:[\w.-]{1,64}\]|\[redaction failed\]/;

/**
 * @throws {NotFoundError} for a group or an evolution that is not stored
 * @throws {InvalidInputError} for a group or an evolution of another agent, and for an evolution that targets
 *   nothing
 */
export async function planOf(history: History, scope: Scope): Promise<PlannedCase[]> {
  const limit = scope.limit ?? 50;
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST_CASES) {
    throw new InvalidInputError('limit', `expected a whole number from 1 to ${MOST_CASES}`);
  }
  const groups = await groupsOf(history, scope);
  const each = await Promise.all(groups.map((group) => casesOf(history, group, limit)));
  const cases = inTurn(each).slice(0, limit);
  const most = Math.max(cases.length, 1);
  const good = (scope.good ?? []).slice(0, most).map(guardOf);
  const targets = new Set(groups.map(({ id }) => id));
  const ended = scope.resolved ? await resolvedCases(history, scope.agent, { targets, most }) : [];
  return [...cases, ...good, ...ended];
}

/** The newest inputs of resolved groups, spread over them; those that cannot be run are left out. */
async function resolvedCases(
  history: History,
  agent: string,
  { targets, most }: { targets: ReadonlySet<string>; most: number },
): Promise<PlannedCase[]> {
  const { items } = await history.groups({ agent, state: 'resolved', limit: MOST_GROUPS });
  const others = items.filter(({ fingerprint }) => !targets.has(fingerprint)).slice(0, most);
  const each = await Promise.all(
    others.map(({ fingerprint: id, fingerprints }) => casesOf(history, { id, fingerprints }, most)),
  );
  const fit = each.map((own) => own.filter(({ unfit }) => unfit === undefined));
  return inTurn(fit)
    .slice(0, most)
    .map((one) => ({ ...one, kind: 'guard' }));
}

async function groupsOf(
  history: History,
  { agent, groups, evolution }: Scope,
): Promise<{ id: string; fingerprints: readonly string[] }[]> {
  const targets = evolution === undefined ? [] : await targetsOf(history, agent, evolution);
  const named = groups && groups.length > 0 ? groups : targets;
  if (named.length === 0 && evolution !== undefined) {
    throw new InvalidInputError('evolution', `${evolution} targets no group: name one with group`);
  }
  if (named.length === 0) {
    const { items } = await history.groups({ agent, limit: MOST_GROUPS });
    if (items.length === 0) await checkAgent(history, agent);
    return items
      .filter(({ state }) => state !== 'ignored')
      .map(({ fingerprint, fingerprints }) => ({ id: fingerprint, fingerprints }));
  }
  const found = new Map<string, readonly string[]>();
  for (const name of named) {
    const detail = await history.group(name);
    if (detail.agent_id !== agent) {
      throw new InvalidInputError(
        'group',
        `${name} is a group of agent ${JSON.stringify(detail.agent_id)}`,
      );
    }
    found.set(detail.fingerprint, detail.fingerprints);
  }
  return [...found].map(([id, fingerprints]) => ({ id, fingerprints }));
}

async function targetsOf(history: History, agent: string, id: string): Promise<string[]> {
  const evolution = await history.evolution(id);
  if (evolution.agent_id === agent) return evolution.target_fingerprints;
  throw new InvalidInputError(
    'evolution',
    `${id} is an evolution of agent ${JSON.stringify(evolution.agent_id)}`,
  );
}

/** An agent without failures has nothing to verify; one that nobody knows is a slip. */
async function checkAgent(history: History, agent: string): Promise<void> {
  const { items } = await history.agents({ agent });
  if (items.length === 0) throw new NotFoundError('agent', agent);
}

async function casesOf(
  history: History,
  { id, fingerprints }: { id: string; fingerprints: readonly string[] },
  limit: number,
): Promise<PlannedCase[]> {
  const { items } = await history.cases(id, { limit });
  const members = new Set(fingerprints);
  if (items.length === 0) {
    const unfit = 'no input of this group is stored';
    return [{ kind: 'case', case: undefined, input: '', group: id, fingerprints: members, unfit }];
  }
  return items.map((item) => ({
    kind: 'case',
    case: item,
    input: item.input_is_json ? item.input : JSON.stringify(item.input),
    group: id,
    fingerprints: members,
    unfit: unfitness(item),
  }));
}

function unfitness({ input, truncated }: FailureCase): string | undefined {
  if (truncated) return 'the stored input was cut: a replay of it would prove nothing';
  const mark = REDACTED.exec(input);
  if (mark === null) return undefined;
  return `${mark[0]} stands in the stored input for what was removed: a replay of it would prove nothing`;
}

/** @throws {InvalidInputError} if it is no JSON */
function guardOf(input: string): PlannedCase {
  try {
    JSON.parse(input);
  } catch (error) {
    throw new InvalidInputError('good', `expected JSON: ${(error as Error).message}`);
  }
  return {
    kind: 'guard',
    case: undefined,
    input,
    group: '',
    fingerprints: new Set(),
    unfit: undefined,
  };
}

/** One of each list, then the next of each. */
function inTurn<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, at) => lists.flatMap((list) => list[at] ?? [])).flat();
}

// Whether another attempt is worth it, from what came after such failures before.
import { z } from 'zod';
import { InvalidInputError, NotFoundError } from '../../base/errors.ts';
import type { Store } from '../../base/store.ts';
import { type Annotations, readAnnotations } from '../groups/annotations.ts';
import { type Aged, AgedCache } from './aged-cache.ts';
import { countNext, decide, NEEDED, waitsOf } from './decide.ts';
import {
  AT_MOST,
  daysBefore,
  factsOf,
  HISTORY_DAYS,
  type Kind,
  type Observation,
  observe,
} from './observations.ts';
import type { Basis, NodeFacts, RetryAdvice, RetryCounts, RetryQuestion } from './question.ts';

/** Milliseconds that what is known of a node may be old: to count one node takes little. */
const FACTS_MS = 1000;

/** What was counted for one store. */
class Counted {
  readonly groups = new AgedCache<Annotations>();
  readonly observations = new AgedCache<Observation[]>();
  readonly facts = new AgedCache<NodeFacts>();

  /** An executor asks right after its own failure, which has to be among them; old ones if there are no other. */
  freshFacts(
    key: string,
    maxAge: number,
    load: () => Promise<NodeFacts>,
  ): Promise<Aged<NodeFacts>> {
    return this.facts
      .get(key, Math.min(maxAge, FACTS_MS), load)
      .catch(() => this.facts.get(key, maxAge, load));
  }
}
const countedOf = new WeakMap<Store, Counted>();

export async function adviseRetry(
  store: Store,
  agentId: string,
  asked: RetryQuestion,
): Promise<RetryAdvice> {
  const cached = countedOf.get(store) ?? new Counted();
  countedOf.set(store, cached);
  const question = asked.run ? await fromRun(store, agentId, asked) : asked;
  const { node, fingerprint, error_type } = question;
  if (!fingerprint && !error_type && !question.class) {
    throw new InvalidInputError('fingerprint', 'give fingerprint, error_type, class or run');
  }
  const maxAge = question.max_age * 1000;
  const key = (...parts: unknown[]) => JSON.stringify([agentId, ...parts]);
  const counted = async () => {
    const said = await cached.groups.get(key(), maxAge, () => readAnnotations(store, agentId));
    return find(question, said, (kind) =>
      cached.observations.get(key(kind), maxAge, () => observe(store, agentId, kind, said.value)),
    );
  };
  const [findings, ofNode] = await Promise.all([
    counted(),
    cached.freshFacts(key(node), maxAge, () => factsOf(store, agentId, node)),
  ]);
  return answer(agentId, question, findings, ofNode);
}

const failureOfRun = z.object({
  fingerprint: z.string(),
  error_type: z.string(),
  class: z.string(),
  attempt: z.coerce.number(),
  max_attempts: z.coerce.number(),
});

/** Fills in what the newest failure of the run says. */
async function fromRun(store: Store, agent: string, given: RetryQuestion): Promise<RetryQuestion> {
  const { run = '', node } = given;
  const [found] = await store.rows('newest_failure_of_run', { agent, run, node }, failureOfRun);
  if (!found) throw new NotFoundError('run', run);
  const isSpecified = given.fingerprint || given.error_type || given.class;
  return {
    ...given,
    ...(isSpecified ? {} : { fingerprint: found.fingerprint, error_type: found.error_type }),
    ...(isSpecified ? {} : { class: found.class as RetryQuestion['class'] }),
    attempt: given.attempt ?? found.attempt,
    max_attempts: given.max_attempts ?? (found.max_attempts || undefined),
  };
}

interface Findings {
  counts: RetryCounts;
  /** What {@link counts} counts. */
  observations: Observation[];
  considered: RetryCounts[];
  class: string | null;
  /** Milliseconds, of the oldest that was looked at. */
  age: number;
}

/** Looks at the closest failures first, and further away as long as too few were retried. */
async function find(
  { node, fingerprint, error_type, attempt = 1, class: reported }: RetryQuestion,
  said: Aged<Annotations>,
  look: (kind: Kind) => Promise<Aged<Observation[]>>,
): Promise<Findings> {
  const considered: RetryCounts[] = [];
  let age = said.age;
  const { mapping, classes } = said.value;
  const annotated = fingerprint && classes.get(mapping.groupOf(fingerprint));
  let name: string | null = annotated ?? reported ?? null;
  const ask = async (kind: Kind): Promise<Observation[]> => {
    const aged = await look(kind);
    age = Math.max(age, aged.age);
    return aged.value;
  };
  const enough = (basis: Basis, observations: Observation[]): Findings | undefined => {
    const counts = countNext(basis, observations);
    considered.push(counts);
    if (counts.retried < NEEDED) return undefined;
    return { counts, observations, considered, class: name, age };
  };
  if (fingerprint || error_type) {
    const by = fingerprint ? 'fingerprint' : 'error_type';
    const same = await ask(fingerprint ? { node, fingerprint } : { node, error_type: error_type! });
    name ??= same[0]?.class ?? null;
    const found =
      enough(
        `${by}_node_attempt`,
        same.filter((one) => one.attempt === attempt),
      ) ?? enough(`${by}_node`, same);
    if (found) return found;
  }
  if (name) {
    const found =
      enough('class_node', await ask({ node, class: name })) ??
      enough('class_agent', await ask({ class: name }));
    if (found) return found;
  }
  return { counts: countNext('class_default', []), observations: [], considered, class: name, age };
}

function answer(
  agent_id: string,
  question: RetryQuestion,
  { counts, observations, considered, age, class: name }: Findings,
  ofNode: Aged<NodeFacts>,
): RetryAdvice {
  const { node, fingerprint, error_type, attempt = 1, max_attempts } = question;
  const wait_ms = waitsOf(observations);
  const decision = decide({
    counts,
    waits: wait_ms,
    class: name,
    attempt,
    max_attempts,
    node: ofNode.value,
  });
  return {
    agent_id,
    node_id: node,
    fingerprint: fingerprint ?? null,
    error_type: error_type ?? null,
    class: name,
    attempt,
    max_attempts: max_attempts ?? null,
    ...decision,
    wait_ms,
    ...counts,
    considered,
    history: {
      since: daysBefore(Date.now(), HISTORY_DAYS),
      at_most: AT_MOST,
      needed: NEEDED,
    },
    node: ofNode.value,
    age_ms: Math.round(Math.max(age, ofNode.age)),
  };
}

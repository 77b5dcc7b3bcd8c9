// Finds the groups that are most like a failure or a message, and what was tried on them.
import { z } from 'zod';
import { sinceOf } from '../../base/cursor.ts';
import { NotFoundError } from '../../base/errors.ts';
import type { Page } from '../../base/fields.ts';
import type { Store } from '../../base/store.ts';
import { type Evolution, evolution } from '../evolutions/schemas.ts';
import { readAnnotations } from '../groups/annotations.ts';
import { judgeEffects } from '../ledger/effects.ts';
import { openLedger } from '../ledger/ledger.ts';
import type { Effect } from '../ledger/schemas.ts';
import { folded, type NearestGroup, nearestRow } from './nearest-groups.ts';
import type { SimilarGroup, similarQuery } from './question.ts';
import { cleaned, wordsOf } from './words.ts';

/** Read beyond the limit: some may be one group, or have no failures any more. */
const SPARE = 10;
const FIXES = 5;
/** Agents whose fixes are judged: each costs a look at all groups of the agent. */
const JUDGED_AGENTS = 3;
const TEMPLATE_CHARACTERS = 600;

const number = z.coerce.number();
const stored = z.object({
  fingerprint: z.string(),
  failures: number,
  last_seen: z.string(),
  last_failure_id: z.string(),
  class: z.string(),
});
const failureFacts = z.object({
  fingerprint: z.string(),
  template: z.string(),
  error_type: z.string(),
});
const framesOfGroup = z.object({ frames: z.array(z.string()) });

interface Subject {
  fingerprint: string;
  message: string;
  error_type: string;
  frames: string[];
}

export async function findSimilar(
  store: Store,
  { failure, text = '', agent = '', node = '', since, limit }: z.output<typeof similarQuery>,
): Promise<Page<SimilarGroup>> {
  const subject =
    failure === undefined
      ? { fingerprint: '', message: text, error_type: '', frames: [] }
      : await subjectOf(store, failure);
  const found = await store.rows(
    'similar_groups',
    {
      words: wordsOf(subject.message),
      text: cleaned(subject.message),
      frames: subject.frames,
      error_type: subject.error_type,
      fingerprint: subject.fingerprint,
      agent,
      node,
      since: sinceOf(since),
      limit: limit + SPARE,
    },
    nearestRow,
  );
  if (found.length === 0) return { items: [], next_cursor: null };
  const said = await readAnnotations(store, '');
  const groups = folded(found, subject.fingerprint, said);
  const of = namesOf(groups);
  const [counted, fixes] = await Promise.all([
    store.rows('similar_stored', of, stored),
    fixesOf(store, of, groups),
  ]);
  const items = groups.flatMap((row) => {
    const own = counted
      .filter(({ fingerprint }) => row.fingerprints.includes(fingerprint))
      .sort((one, other) => (one.last_seen < other.last_seen ? 1 : -1));
    if (own.length === 0) return [];
    const known = {
      failures: own.reduce((sum, { failures }) => sum + failures, 0),
      last_failure_id: own[0]!.last_failure_id,
      class: said.classes.get(row.fingerprint) ?? own[0]!.class,
    };
    return [groupOf(row, known, subject, fixes.get(row.fingerprint) ?? [])];
  });
  return { items: items.slice(0, limit), next_cursor: null };
}

async function subjectOf(store: Store, failure: string): Promise<Subject> {
  const [found] = await store.rows('failure_by_id', { failure_id: failure }, failureFacts);
  if (!found) throw new NotFoundError('failure', failure);
  const { fingerprint, template, error_type } = found;
  const [group] = await store.rows('similar_asked', { fingerprint }, framesOfGroup);
  return { fingerprint, message: template, error_type, frames: group?.frames ?? [] };
}

function groupOf(
  row: NearestGroup,
  {
    failures,
    last_failure_id,
    class: known,
  }: Pick<z.infer<typeof stored>, 'failures' | 'last_failure_id' | 'class'>,
  subject: Subject,
  fixes: SimilarGroup['fixes'],
): SimilarGroup {
  const { fingerprint, agent_id, node_id, error_type, shared_words, shared_frames } = row;
  return {
    fingerprint,
    agent_id,
    node_id,
    class: known,
    error_type,
    template: row.template.slice(0, TEMPLATE_CHARACTERS),
    score: Math.round(Math.min(Math.max(row.score, 0), 1) * 1000) / 1000,
    why: whyOf(row, subject),
    shared_words,
    shared_frames,
    failures,
    first_seen: row.first_seen,
    last_seen: row.last_seen,
    last_failure_id,
    fixes,
  };
}

/** Numbers only: the words themselves are text from outside. */
function whyOf(row: NearestGroup, subject: Subject): string {
  const percent = (share: number): string => `${Math.round(Math.max(share, 0) * 100)} %`;
  const words = wordsOf(subject.message).length;
  return [
    `the message agrees by ${percent(row.message_score)} (${row.shared_words.length} of ${words} words)`,
    ...(row.has_frames
      ? [
          `frames by ${percent(row.frame_score)} (${row.shared_frames.length} of ${subject.frames.length})`,
        ]
      : []),
    ...(row.has_type
      ? [row.error_type === subject.error_type ? 'the same type of error' : 'another type of error']
      : []),
  ].join(', ');
}

const namesOf = (groups: readonly NearestGroup[]) => ({
  agents: [...new Set(groups.map(({ agent_id }) => agent_id))],
  fingerprints: groups.flatMap(({ fingerprints }) => fingerprints),
});

/** What was tried on each group, with verdicts for the nearest agents. */
async function fixesOf(
  store: Store,
  of: ReturnType<typeof namesOf>,
  groups: readonly NearestGroup[],
): Promise<Map<string, SimilarGroup['fixes']>> {
  const evolutions = await store.rows('similar_fixes', of, evolution);
  const tried = groups.map((group) => ({
    group,
    evolutions: evolutions
      .filter(
        ({ agent_id, target_fingerprints }) =>
          agent_id === group.agent_id &&
          target_fingerprints.some((target) => group.fingerprints.includes(target)),
      )
      .slice(0, FIXES),
  }));
  const agents = tried
    .filter((one) => one.evolutions.length > 0)
    .map(({ group }) => group.agent_id);
  const effects: Effect[] = [];
  for (const agent of [...new Set(agents)].slice(0, JUDGED_AGENTS)) {
    const questions = tried
      .filter(({ group }) => group.agent_id === agent)
      .flatMap(({ group: { fingerprint }, evolutions: some }) =>
        some.map((one) => ({ evolution: one, fingerprint, targeted: true })),
      );
    effects.push(...(await judgeEffects(await openLedger(store, agent), questions)));
  }
  return new Map(
    tried.map(({ group: { fingerprint }, evolutions: some }) => [
      fingerprint,
      some.map((one) => fixOf(one, fingerprint, effects)),
    ]),
  );
}

function fixOf(
  { evolution_id, timestamp, status, resolution, author }: Evolution,
  fingerprint: string,
  effects: readonly Effect[],
): SimilarGroup['fixes'][number] {
  const judged = effects.find(
    (effect) => effect.evolution_id === evolution_id && effect.fingerprint === fingerprint,
  );
  const { verdict = null, rate_ratio = null, interval = null } = judged ?? {};
  return { evolution_id, timestamp, status, resolution, author, verdict, rate_ratio, interval };
}

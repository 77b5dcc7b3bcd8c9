// Puts together what is known of each group, and derives its state.

import { partialSoFar } from '../../base/partial.ts';
import type { Store } from '../../base/store.ts';
import type { Evolution } from '../evolutions/schemas.ts';
import type { Question } from '../ledger/ledger.ts';
import type { Effect } from '../ledger/schemas.ts';
import { countAll, countMembers } from './counted.ts';
import {
  escalationOf,
  type FailedVersion,
  isDecision,
  type Lifecycle,
  lifecycleOf,
  type Mended,
  settledAt,
} from './lifecycle.ts';
import { GroupMapping, lastThat } from './mapping.ts';
import {
  AGENTS_AT_ONCE,
  fixesToJudge,
  type JudgedFrom,
  judgeByAgent,
  mendedGroups,
  type Working,
  workedSince,
  workingFixes,
} from './mended.ts';
import {
  type Counts,
  type Hours,
  readCounts,
  readEvents,
  readSeenAfter,
  readTimeline,
  readTries,
  readVersions,
  sumHours,
  type Tries,
} from './rows.ts';
import type { GroupEvent } from './schemas.ts';
import { Targeting } from './targeting.ts';
import { versionsOf } from './versions.ts';

/** A group as the lifecycle sees it. */
export interface GroupFacts extends Lifecycle {
  fingerprint: string;
  fingerprints: string[];
  agent_id: string;
  /** By fingerprint and version, those that failed last first; never empty. */
  counts: Counts[];
  first_seen: string;
  last_seen: string;
  /** What was said about any of its fingerprints, the oldest first. */
  events: GroupEvent[];
  /** The annotation that counts. */
  annotation: GroupEvent | undefined;
  /** Failures by the hour of the last eight days, as far as they were read. */
  hours: Map<number, number>;
  /** Evolutions that target it, the newest first. */
  evolutions: Evolution[];
  /** The newest fix since somebody last decided about it that works; undefined = none. */
  mended: Mended | undefined;
}

interface GroupsQuery {
  /** '' = all agents. */
  agent: string;
  /** Only the group of this fingerprint, and all that is known of it. */
  fingerprint?: string;
  /** Only the groups that have one of these. */
  fingerprints?: readonly string[];
  /** What an earlier answer was made of, so that it is not read again. */
  known?: Pick<Found, 'events' | 'timeline'> | undefined;
  /** Milliseconds since 1970. */
  now: number;
  /** Effects that are wanted beside those that states need, so that all are judged together. */
  also?: (known: { timeline: readonly Evolution[]; mapping: GroupMapping }) => Question[];
}

/** Groups, and all that was read to find them. */
export interface Found {
  /** Those that failed last first. */
  groups: GroupFacts[];
  mapping: GroupMapping;
  /** All that was said about the groups of the agent, the oldest first; notes only for one group. */
  events: GroupEvent[];
  /** All that was counted, those that failed last first. */
  counts: Counts[];
  /** Evolutions, the oldest first. */
  timeline: Evolution[];
  /** What was judged on the way. */
  effects: Effect[];
}

/** Reads the groups that have failures. */
export async function readGroups(store: Store, query: GroupsQuery): Promise<Found> {
  const { agent, fingerprint, now } = query;
  const isOne = fingerprint !== undefined;
  const only = isOne ? [fingerprint] : query.fingerprints;
  const reading = query.known?.events ?? readEvents(store, agent, isOne);
  const [events, timeline, { counts, hours }] = await Promise.all([
    reading,
    query.known?.timeline ?? readTimeline(store, agent),
    only ? countMembers(store, agent, only, reading, now) : countAll(store, agent, reading, now),
  ]);
  const mapping = new GroupMapping(events);
  const material = {
    mapping,
    counts: byGroup(mapping, counts),
    events: byGroup(mapping, events),
    hours: byGroup(mapping, hours),
    timelines: byAgent(timeline),
    targets: new Targeting(timeline),
    now,
  };
  const [{ versions, mended, effects }, tries] = await Promise.all([
    settlements(store, material, query, { counts, timeline }),
    readTries(store, surgingNodes(material), now),
  ]);
  const groups = [...material.counts.keys()].map((group) =>
    factsOf(group, { ...material, tries, mended }, versions.get(group) ?? []),
  );
  return { groups, mapping, events, counts, timeline, effects };
}

/** What fixes did to groups that nobody decided about, and where groups that are solved failed since. */
async function settlements(
  store: Store,
  material: Material,
  { fingerprint, fingerprints, also, now }: GroupsQuery,
  { counts, timeline }: Pick<Found, 'counts' | 'timeline'>,
) {
  const { mapping, timelines, targets } = material;
  const tried = targets.isEmpty ? [] : [...material.counts.keys()];
  const own = tried.flatMap((group) =>
    fixesToJudge(group, targeting(group, material), {
      decision: decisionOn(group, material),
      now,
    }),
  );
  const isRequested = ({ evolution, fingerprint }: Question) =>
    own.some((one) => one.evolution === evolution && one.fingerprint === fingerprint);
  const others = also?.({ timeline, mapping }).filter((one) => !isRequested(one)) ?? [];
  const questions = [...own, ...others];
  // A group may have moved to another one, so all of the agent are looked through.
  const isPart = fingerprint !== undefined || fingerprints !== undefined;
  const agents = [...new Set(questions.map(({ evolution }) => evolution.agent_id))];
  const from: JudgedFrom = {
    counts: isPart ? await countsOfAgents(store, agents) : counts,
    timelines,
    mapping,
  };
  const effects = await judgeByAgent(store, questions, from);
  const working = workingFixes(own, effects);
  const versions = await failedVersions(store, material, working);
  const mended = await mendedGroups(store, working, versions, from);
  return { versions, mended, effects };
}

/** Counts of all groups of some agents, a few agents at a time. */
export async function countsOfAgents(store: Store, agents: readonly string[]): Promise<Counts[]> {
  const counts: Counts[][] = [];
  for (let start = 0; start < agents.length; start += AGENTS_AT_ONCE) {
    const some = agents.slice(start, start + AGENTS_AT_ONCE);
    counts.push(...(await Promise.all(some.map((agent) => readCounts(store, agent, [])))));
  }
  return counts.flat();
}

const decisionOn = (group: string, { mapping, events }: Material): GroupEvent | undefined =>
  lastThat(mapping, events.get(group) ?? [], isDecision);

const targeting = (group: string, { mapping, targets, counts }: Material): Evolution[] =>
  targets.of(group, { agent_id: counts.get(group)![0]!.agent_id, mapping });

interface Material {
  mapping: GroupMapping;
  counts: Map<string, Counts[]>;
  events: Map<string, GroupEvent[]>;
  hours: Map<string, Hours[]>;
  /** Evolutions by agent, the oldest first. */
  timelines: Map<string, Evolution[]>;
  targets: Targeting;
  now: number;
}

/** The nodes of groups that failed more than expected: only of these it matters how often they were tried. */
function surgingNodes({ counts, hours, now }: Material): { agent_id: string; node_id: string }[] {
  return [...hours].flatMap(([group, rows]) => {
    const own = counts.get(group) ?? [];
    const first_seen = own.map((row) => row.first_seen).sort()[0];
    if (first_seen === undefined) return [];
    const isSurging = escalationOf({
      first_seen,
      hours: sumHours(rows),
      firsts: sumHours(rows, 'firsts'),
      now,
    });
    return isSurging ? own : [];
  });
}

/** First attempts of the nodes of a group by the hour; undefined where none is known. */
function triesOf(
  counts: readonly Counts[],
  tries: readonly Tries[],
): ReadonlyMap<number, number> | undefined {
  const nodes = new Set(counts.map((row) => row.node_id));
  const own = tries.filter((row) => row.agent_id === counts[0]!.agent_id && nodes.has(row.node_id));
  if (own.length === 0) return undefined;
  const sums = new Map<number, number>();
  for (const row of own) {
    row.hours.forEach((hour, index) => {
      sums.set(hour, (sums.get(hour) ?? 0) + row.tries[index]!);
    });
  }
  return sums;
}

function factsOf(
  fingerprint: string,
  material: Material & { tries: Tries[]; mended: ReadonlyMap<string, Mended> },
  versions: FailedVersion[],
): GroupFacts {
  const { mapping, counts, events, hours, timelines, tries, now } = material;
  const own = counts.get(fingerprint)!;
  const agent_id = own[0]!.agent_id;
  const fingerprints = mapping.membersOf(fingerprint);
  const mended = material.mended.get(fingerprint);
  const said = events.get(fingerprint) ?? [];
  const byHour = sumHours(hours.get(fingerprint) ?? []);
  const first_seen = own.map((row) => row.first_seen).sort()[0]!;
  const last_seen = own[0]!.last_seen;
  const annotation = lastThat(mapping, said, ({ kind }) => kind === 'annotate');
  return {
    fingerprint,
    fingerprints,
    agent_id,
    counts: own,
    first_seen,
    last_seen,
    events: said,
    annotation: annotation?.value ? annotation : undefined,
    hours: byHour,
    evolutions: targeting(fingerprint, material),
    mended,
    ...lifecycleOf({
      first_seen,
      last_seen,
      versions,
      hours: byHour,
      firsts: sumHours(hours.get(fingerprint) ?? [], 'firsts'),
      tried: triesOf(own, tries),
      mended,
      decision: lastThat(mapping, said, isDecision),
      timeline: timelines.get(agent_id) ?? [],
      partial: partialSoFar(),
      now,
    }),
  };
}

const byGroup = <Row extends { fingerprint: string }>(
  mapping: GroupMapping,
  rows: readonly Row[],
): Map<string, Row[]> => rowsBy(rows, ({ fingerprint }) => mapping.groupOf(fingerprint));

const byAgent = (timeline: readonly Evolution[]): Map<string, Evolution[]> =>
  rowsBy(timeline, ({ agent_id }) => agent_id);

function rowsBy<Row>(rows: readonly Row[], nameOf: (row: Row) => string): Map<string, Row[]> {
  const found = new Map<string, Row[]>();
  for (const row of rows) {
    const name = nameOf(row);
    const known = found.get(name);
    if (known) known.push(row);
    else found.set(name, [row]);
  }
  return found;
}

/** The versions that solved groups failed on, with the first failure on each since then. */
async function failedVersions(
  store: Store,
  material: Material,
  working: ReadonlyMap<string, Working>,
): Promise<Map<string, FailedVersion[]>> {
  const { mapping, counts, timelines } = material;
  const marks = new Map<string, string>();
  const agents = new Set<string>();
  const groups: string[] = [];
  for (const [group, rows] of counts) {
    const decision = decisionOn(group, material);
    const fix = working.get(group);
    const { agent_id, last_seen } = rows[0]!;
    const mark =
      decision?.kind === 'resolve'
        ? settledAt(decision, timelines.get(agent_id) ?? [])
        : fix && workedSince(fix);
    if (mark === undefined || last_seen <= mark) continue;
    agents.add(agent_id);
    groups.push(group);
    for (const { fingerprint } of rows) marks.set(fingerprint, mark);
  }
  const refs = groups.flatMap((group) => counts.get(group)!.map((row) => row.graph_snapshot_ref));
  const [seen, announced] = await Promise.all([
    readSeenAfter(store, [...agents], marks),
    readVersions(store, [...new Set(refs)]),
  ]);
  const after = byGroup(mapping, seen);
  return new Map(
    groups.map((group) => [
      group,
      versionsOf(counts.get(group)!, after.get(group) ?? [], announced),
    ]),
  );
}

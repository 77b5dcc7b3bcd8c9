// What changed about groups: the derived states and verdicts that a rule wants to hear of and was not
// sent yet.

import type { Store } from '../base/store.ts';
import type { AlertChange } from '../questions/alerts/question.ts';
import type { Evolution } from '../questions/evolutions/schemas.ts';
import { toGroups } from '../questions/groups/describe.ts';
import { type GroupFacts, readGroups } from '../questions/groups/facts.ts';
import type { Group } from '../questions/groups/schemas.ts';
import { type Impact, readImpactNow } from '../questions/impact/impact.ts';
import { judgeEffects } from '../questions/ledger/effects.ts';
import { openLedger, VERDICT_MS } from '../questions/ledger/ledger.ts';
import type { Effect } from '../questions/ledger/schemas.ts';
import { targetsOf } from '../questions/ledger/targets.ts';
import type { ChangedGroup } from './candidates.ts';
import type { AlertLog, Sent } from './log.ts';
import { type Episode, isAfter, isSent, isWanted, type Traits } from './match.ts';
import type { Rule } from './rules.ts';

/** A change, and the rules that want to hear of it. */
export interface Change extends Episode {
  group: Group;
  /** An ISO instant. */
  since: string;
  /** In words; what came from outside is quoted in it. */
  why: string;
  /** Of the last failure, as far as it is known. */
  severity: string;
  /** What the evolution did, where that is the change. */
  effect: Effect | null;
  rules: Rule[];
}

interface Parts {
  store: Store;
  log: AlertLog;
  rules: readonly Rule[];
  /** Since when each rule is in use. */
  began: ReadonlyMap<string, string>;
  now: number;
}

/** Groups of one agent that are read one by one; with more, all of the agent are read at once. */
const ONE_BY_ONE = 10;

/** Changes of the states of groups. */
export async function stateChanges(parts: Parts, news: readonly ChangedGroup[]): Promise<Change[]> {
  const { store, rules, began, now } = parts;
  const wanted = news.filter((one) =>
    one.episodes.some(({ change }) => rules.some((rule) => mayWant(rule, change, one, began))),
  );
  const sent = await parts.log.sentAbout(wanted.map(({ fingerprint }) => fingerprint));
  const isOpen = (one: ChangedGroup): boolean =>
    one.episodes.some((episode) =>
      rules.some(
        (rule) => mayWant(rule, episode.change, one, began) && !isSent(rule, episode, sent, now),
      ),
    );
  const open = new Map(wanted.filter(isOpen).map((one) => [one.fingerprint, one]));
  const facts = await readFacts(store, [...open.values()], now);
  const changed = facts.flatMap((one) => {
    const news = open.get(one.fingerprint);
    const found = news?.episodes.find(({ change }) => change === one.state);
    if (!news || !found) return [];
    const fix = one.state === 'regressed' && one.mended?.evolution.evolution_id;
    return [{ facts: one, news, episode: fix ? { ...found, episode: fix } : found }];
  });
  const groups = await describe(
    store,
    changed.map((one) => one.facts),
  );
  return changed.flatMap(({ facts, news, episode }, index) => {
    const { since, why } = facts;
    const change = { ...episode, group: groups[index]!, since, why, severity: news.severity };
    return wantedBy(
      rules.filter((rule) => isAfter(since, began.get(rule.name)!)),
      { ...change, effect: null },
      sent,
      now,
    );
  });
}

/** Groups with their impact, in the same order. */
async function describe(store: Store, facts: readonly GroupFacts[]): Promise<Group[]> {
  const groups = await toGroups(store, facts);
  const impacts = new Map<string, Impact>();
  for (const agent of new Set(facts.map(({ agent_id }) => agent_id))) {
    const own = facts.filter(({ agent_id }) => agent_id === agent);
    const only = own.length > ONE_BY_ONE ? [] : own.flatMap(({ fingerprints }) => fingerprints);
    for (const [name, one] of await readImpactNow(store, { agent, only }, own)) {
      impacts.set(name, one);
    }
  }
  return groups.map((group) => {
    const impact = impacts.get(group.fingerprint);
    return impact ? { ...group, impact } : group;
  });
}

/** The changes whose groups end most runs of the version in use first; then by runs lost and failures. */
export function byImpact(changes: readonly Change[]): Change[] {
  const keysOf = ({ group: { impact, failures } }: Change) =>
    [impact?.runs_lost_now ?? 0, impact?.runs_lost ?? 0, failures] as const;
  return [...changes].sort((one, other) => {
    const [a, b] = [keysOf(one), keysOf(other)];
    const at = a.findIndex((key, index) => key !== b[index]);
    return at === -1 ? 0 : b[at]! - a[at]!;
  });
}

/** Verdicts that evolutions in use do harm. */
export async function harmfulChanges(
  { store, log, rules, now }: Parts,
  agents: readonly string[],
): Promise<Change[]> {
  const changes: Change[] = [];
  for (const agent of agents) {
    const asking = rules.filter((rule) => isWanted(rule, 'harmful', unknownTraits(agent)));
    if (asking.length === 0) continue;
    const effects = await harmfulEffects(store, agent, now);
    const sent = await log.sentAbout(effects.map(({ fingerprint }) => fingerprint));
    for (const effect of effects) {
      const { fingerprint } = effect;
      const episode: Episode = { fingerprint, change: 'harmful', episode: effect.evolution_id };
      if (asking.every((rule) => isSent(rule, episode, sent, now))) continue;
      const { groups } = await readGroups(store, { agent, fingerprint, now });
      const [group] = await describe(
        store,
        groups.filter(({ state }) => state !== 'ignored'),
      );
      if (!group) continue;
      const why = whyHarmful(effect);
      const change = { ...episode, group, since: effect.since, why, severity: '', effect };
      changes.push(...wantedBy(asking, change, sent, now));
    }
  }
  return changes;
}

/** Before the group is read: what is known of it may leave rules out. */
function mayWant(
  rule: Rule,
  change: AlertChange,
  news: ChangedGroup,
  began: ReadonlyMap<string, string>,
): boolean {
  return (
    isWanted(rule, change, { ...news, failures: Number.POSITIVE_INFINITY }) &&
    (change !== 'new' || isAfter(news.first_seen, began.get(rule.name)!))
  );
}

function wantedBy(
  rules: readonly Rule[],
  change: Omit<Change, 'rules'>,
  sent: readonly Sent[],
  now: number,
): Change[] {
  const { group, severity, effect } = change;
  const traits = {
    agent_id: group.agent_id,
    classes: [group.class],
    // A verdict is about many failures, so it is of no severity.
    severities: effect ? [] : [severity],
    failures: group.failures,
  };
  const asking = rules.filter(
    (rule) => isWanted(rule, change.change, traits) && !isSent(rule, change, sent, now),
  );
  return asking.length > 0 ? [{ ...change, rules: asking }] : [];
}

const unknownTraits = (agent_id: string): Traits => ({
  agent_id,
  classes: [],
  severities: [],
  failures: Number.POSITIVE_INFINITY,
});

async function readFacts(
  store: Store,
  news: readonly ChangedGroup[],
  now: number,
): Promise<GroupFacts[]> {
  const byAgent = new Map<string, string[]>();
  for (const { agent_id, fingerprint } of news) {
    byAgent.set(agent_id, [...(byAgent.get(agent_id) ?? []), fingerprint]);
  }
  const facts: GroupFacts[] = [];
  for (const [agent, fingerprints] of byAgent) {
    if (fingerprints.length > ONE_BY_ONE) {
      facts.push(...(await readGroups(store, { agent, now })).groups);
      continue;
    }
    for (const fingerprint of fingerprints) {
      facts.push(...(await readGroups(store, { agent, fingerprint, now })).groups);
    }
  }
  return facts;
}

/** The verdicts of an agent's evolutions that are in use: of each group the last that targets it. */
async function harmfulEffects(store: Store, agent: string, now: number): Promise<Effect[]> {
  const ledger = await openLedger(store, agent);
  const applied = ledger.timeline.filter(({ status }) => status !== 'proposed');
  const targets = await targetsOf(store, applied);
  const last = new Map<string, Evolution>();
  applied.forEach((evolution, index) => {
    for (const fingerprint of targets[index]!.fingerprints)
      last.set(ledger.mapping.groupOf(fingerprint), evolution);
  });
  const oldest = new Date(now - VERDICT_MS).toISOString();
  const effects = await judgeEffects(
    ledger,
    [...last]
      .filter(([, { status, timestamp }]) => status === 'applied' && timestamp >= oldest)
      .map(([fingerprint, evolution]) => ({ evolution, fingerprint, targeted: true })),
  );
  return effects.filter(({ verdict }) => verdict === 'harmful');
}

function whyHarmful({ before, after, rate_ratio }: Effect): string {
  const times = rate_ratio === null ? '' : `, ${rate_ratio.toFixed(2)} times as often`;
  return (
    `It failed in ${after.failed_runs} of ${after.runs} runs since the evolution and in ` +
    `${before.failed_runs} of ${before.runs} before${times}.`
  );
}

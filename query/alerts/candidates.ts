// Where to look: the groups of which something came since the last look, and what may have changed.
import { z } from 'zod';
import { storedForm } from '../base/cursor.ts';
import type { Store } from '../base/store.ts';
import type { AlertChange } from '../questions/alerts/question.ts';
import { FEWEST, RECENT_HOURS } from '../questions/groups/escalation.ts';
import { isDecision } from '../questions/groups/lifecycle.ts';
import { GroupMapping, lastThat } from '../questions/groups/mapping.ts';
import { mayHaveMended } from '../questions/groups/mended.ts';
import { readEvents, readTimeline } from '../questions/groups/rows.ts';
import type { GroupEvent } from '../questions/groups/schemas.ts';
import { Targeting } from '../questions/groups/targeting.ts';
import { VERDICT_MS } from '../questions/ledger/ledger.ts';
import type { Episode } from './match.ts';

const HOUR_MS = 3_600_000;
/** Failures that happened longer before the look than this, and come late, are no news. */
const LATE_MS = 7 * 24 * HOUR_MS;
/** No group is called new for longer. */
const YOUNG_MS = 7 * 24 * HOUR_MS;

const heardRow = z.object({
  agent_id: z.string(),
  fingerprint: z.string(),
  first_seen: z.string(),
  classes: z.array(z.string()),
  severities: z.array(z.string()),
  severity: z.string(),
  busiest: z.coerce.number(),
});
type Heard = z.infer<typeof heardRow>;

/** A group of which something came, and what may have changed about it. */
export interface ChangedGroup {
  fingerprint: string;
  agent_id: string;
  /** Of the failures that came; empty where it has a class from elsewhere. */
  classes: readonly string[];
  severities: readonly string[];
  /** Of the last failure that came; '' if none came or it is not known. */
  severity: string;
  /** The earliest that any of its fingerprints that were heard of was seen. */
  first_seen: string;
  episodes: readonly Episode[];
}

export interface Changed {
  groups: ChangedGroup[];
  /** Agents with something new about an evolution that is in use. */
  evolved: Set<string>;
}

interface Since {
  /** What was stored since then; milliseconds since 1970. */
  since: number;
  now: number;
  changes: ReadonlySet<AlertChange>;
}

/** Reads what came; costs as much as came, not as much as is stored. */
export async function readChanged(store: Store, { since, now, changes }: Since): Promise<Changed> {
  const [heard, evolved] = await Promise.all([
    store.rows(
      'alert_news',
      {
        since: stored(since),
        oldest: stored(since - LATE_MS),
        recent: stored(now - RECENT_HOURS * HOUR_MS),
        busy: changes.has('escalating'),
        fewest: FEWEST,
      },
      heardRow,
    ),
    changes.has('harmful') ? readEvolved(store, since, now) : [],
  ]);
  const agents = new Set(heard.map(({ agent_id }) => agent_id));
  const [events, timeline] =
    heard.length === 0
      ? [[], []]
      : await Promise.all([
          readEvents(store, '', false),
          changes.has('regressed') ? readTimeline(store, '') : [],
        ]);
  return {
    groups: groupsOf(heard, { events, fixes: new Targeting(timeline), now }),
    evolved: new Set(
      evolved
        .filter(({ agent_id, is_news }) => is_news || agents.has(agent_id))
        .map(({ agent_id }) => agent_id),
    ),
  };
}

const stored = (ms: number): string => storedForm(new Date(ms).toISOString());

const readEvolved = (store: Store, since: number, now: number) =>
  store.rows(
    'alert_evolved_agents',
    { since: stored(since), oldest: stored(now - VERDICT_MS) },
    z.object({ agent_id: z.string(), is_news: z.coerce.boolean() }),
  );

interface Known {
  events: readonly GroupEvent[];
  fixes: Targeting;
  now: number;
}

function groupsOf(heard: readonly Heard[], { events, fixes, now }: Known): ChangedGroup[] {
  const mapping = new GroupMapping(events);
  const members = new Map<string, Heard[]>();
  for (const one of heard) {
    const group = mapping.groupOf(one.fingerprint);
    members.set(group, [...(members.get(group) ?? []), one]);
  }
  const said = new Map<string, GroupEvent[]>();
  for (const event of events) {
    const group = mapping.groupOf(event.fingerprint);
    said.set(group, [...(said.get(group) ?? []), event]);
  }
  return [...members].map(([fingerprint, own]) => {
    const about = said.get(fingerprint) ?? [];
    const first_seen = own.map((one) => one.first_seen).sort()[0]!;
    const { agent_id } = own[0]!;
    const decision = lastThat(mapping, about, isDecision);
    const [fix] = fixes
      .of(fingerprint, { agent_id, mapping })
      .filter((one) => mayHaveMended(one, decision, now));
    const isAnnotated = about.some(({ kind }) => kind === 'annotate');
    return {
      fingerprint,
      agent_id,
      classes: isAnnotated ? [] : own.flatMap((one) => one.classes),
      severities: own.flatMap((one) => one.severities),
      severity: own.find((one) => one.severity)?.severity ?? '',
      first_seen,
      episodes: episodesOf(fingerprint, decision, {
        fix: fix?.evolution_id,
        isYoung: Date.parse(first_seen) > now - YOUNG_MS,
        isBusy: own.some((one) => one.busiest > 0),
      }),
    };
  });
}

/** The changes that a group with these signs may have had: as the lifecycle of groups has it. */
function episodesOf(
  fingerprint: string,
  decision: GroupEvent | undefined,
  { fix, isYoung, isBusy }: { fix: string | undefined; isYoung: boolean; isBusy: boolean },
): Episode[] {
  if (decision?.kind === 'ignore') return [];
  if (decision?.kind === 'resolve') {
    return [{ fingerprint, change: 'regressed', episode: decision.event_id }];
  }
  const changes: AlertChange[] = [
    ...(isYoung ? (['new'] as const) : []),
    ...(isBusy ? (['escalating'] as const) : []),
  ];
  return [
    ...changes.map((change): Episode => ({ fingerprint, change, episode: '' })),
    ...(fix === undefined ? [] : [{ fingerprint, change: 'regressed' as const, episode: fix }]),
  ];
}

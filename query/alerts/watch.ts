// Looks for changes of groups at an interval, stores the alerts that they make, and hands them on.
import type { Logger } from 'pino';
import { PeriodicTask } from '../../collector/serving/periodic-task.ts';
import type { Store } from '../base/store.ts';
import { readChanged } from './candidates.ts';
import { byImpact, type Change, harmfulChanges, stateChanges } from './changes.ts';
import { agentOf, digestBody, digestId, digestText, firstSince } from './digest.ts';
import { type AlertLog, type Delivery, toDeliver } from './log.ts';
import { alertId, queenText, webhookBody } from './message.ts';
import type { AlertRules, Receiver, Rule } from './rules.ts';
import { sessionOf } from './send.ts';

interface WatchParts {
  store: Store;
  log: AlertLog;
  settings: AlertRules;
  /** Milliseconds by which rows may be stored later than they were received. */
  behindMs(): number;
  /** Called before deliveries are stored; the answer is called with those that are to be sent when they are. */
  toStore(): (deliveries: Delivery[]) => void;
  /** Called when what is stored as pending is to be sent. */
  readAgain(): void;
  logger: Logger;
}

/** Clocks, and inserts under way. */
const MARGIN_MS = 60_000;
/**
 * A wide look finds what came too late for the others, or while this was not running. It is repeated when all is
 * stored that waited while looks failed, or before the first one.
 */
const WIDE_MS = 7 * 86_400_000;
const WIDE_EVERY_MS = 3_600_000;
/** Verdicts cost a look at all that an agent did, so each agent is judged in every fourth look at most. */
const JUDGE_EVERY = 4;
const FAILED = 'changes of groups cannot be looked for now; they are found later';
/** Alerts to receivers that are gone, given up at a time. */
const HOMELESS_AT_ONCE = 1_000;

/**
 * What was sent is in the table, so a look may find anything again; in memory is only how far back it has to look,
 * and whom to judge.
 */
export class AlertWatch {
  readonly #parts: WatchParts;
  /** What was received since then is to be looked at; milliseconds since 1970. */
  #since = 0;
  #wideAt = 0;
  /** When a wide look is due that finds what was stored late. */
  #againAt = 0;
  #began: Map<string, string> | undefined;
  readonly #toJudge = new Set<string>();
  readonly #judgedAt = new Map<string, number>();
  readonly #task: PeriodicTask;

  constructor(parts: WatchParts) {
    this.#parts = parts;
    this.#task = new PeriodicTask({
      everyMs: parts.settings.everyMs,
      firstMs: 0,
      work: () => this.#look(Date.now()),
      failed: (reason, isFirst) => {
        this.#againAt = this.#lateUntil(Date.now());
        if (isFirst) parts.logger.warn({ reason }, FAILED);
        // Alerts may have been stored although the answer was lost: they are read again with those that wait.
        this.#began = undefined;
      },
    });
  }

  close(): Promise<void> {
    return this.#task.close();
  }

  async #look(now: number): Promise<void> {
    const { store, log, settings, behindMs } = this.#parts;
    const { rules } = settings;
    const next = now - behindMs() - MARGIN_MS;
    if (this.#wideAt === 0) this.#againAt = this.#lateUntil(now);
    const isAgain = this.#againAt > 0 && now >= this.#againAt;
    const isWide = isAgain || now >= this.#wideAt;
    const since = isWide ? now - WIDE_MS : this.#since;
    this.#began ??= await this.#begin(new Date(now).toISOString());
    if (this.#task.closing.aborted) return;
    const wanted = { since, now, changes: new Set(rules.flatMap(({ on }) => on)) };
    const changed = await readChanged(store, wanted);
    for (const agent of changed.evolved) this.#toJudge.add(agent);
    const due = [...this.#toJudge].filter(
      (agent) => (this.#judgedAt.get(agent) ?? 0) + JUDGE_EVERY * settings.everyMs <= now,
    );
    const parts = { store, log, rules, began: this.#began, now };
    const changes = byImpact([
      ...(await stateChanges(parts, changed.groups)),
      ...(await harmfulChanges(parts, due)),
    ]);
    const deliveries = this.#deliveriesOf(changes, new Date(now).toISOString());
    const stored = this.#parts.toStore();
    await log.save(deliveries);
    stored(deliveries.filter(({ status }) => status === 'pending'));
    for (const agent of due) {
      this.#toJudge.delete(agent);
      this.#judgedAt.set(agent, now);
    }
    this.#since = next;
    if (isWide) this.#wideAt = now + WIDE_EVERY_MS;
    if (isAgain) this.#againAt = 0;
  }

  /** When all is stored that was received until now. */
  #lateUntil(now: number): number {
    return now + this.#parts.behindMs() + MARGIN_MS;
  }

  /** Goes on with what waited, and finds out since when each rule is in use. */
  async #begin(now: string): Promise<Map<string, string>> {
    const { log, settings, readAgain } = this.#parts;
    const began = await log.began(
      settings.rules.map(({ name }) => name),
      now,
    );
    await this.#giveUpHomeless(now);
    readAgain();
    return began;
  }

  async #giveUpHomeless(now: string): Promise<void> {
    const { log, settings, logger } = this.#parts;
    for (let left = true; left; ) {
      const homeless = await log.homeless([...settings.receivers.keys()], HOMELESS_AT_ONCE);
      left = homeless.length === HOMELESS_AT_ONCE;
      if (homeless.length === 0) return;
      await log.save(
        homeless.map((delivery) => ({
          ...delivery,
          status: 'failed',
          last_error: 'the receiver is no longer among the rules',
          updated_at: now,
          revision: delivery.revision + 1,
        })),
      );
      const receivers = [...new Set(homeless.map(({ receiver }) => receiver))];
      logger.error({ receivers, alerts: homeless.length }, 'alerts are given up: no such receiver');
    }
  }

  /** One for each change, rule and receiver; where those are many, one for all and a note of each. */
  #deliveriesOf(changes: readonly Change[], now: string): Delivery[] {
    const { receivers, digestAbove } = this.#parts.settings;
    const outgoing: Outgoing[] = changes.flatMap((change) =>
      change.rules.flatMap((rule) =>
        rule.to.map((name) => ({ change, rule, name, receiver: receivers.get(name)! })),
      ),
    );
    const reachable = outgoing.filter(
      ({ receiver, change }) =>
        receiver.type !== 'hive' || sessionOf(receiver, change.group.agent_id) !== undefined,
    );
    const together = new Map<string, Outgoing[]>();
    for (const one of reachable) {
      const { change, rule, name, receiver } = one;
      // The Queen of one agent reads of that agent only.
      const agent = receiver.type === 'hive' ? change.group.agent_id : '';
      const key = JSON.stringify([name, rule.name, change.change, agent]);
      const others = together.get(key);
      if (others) others.push(one);
      else together.set(key, [one]);
    }
    return [...together.values()].flatMap((some) =>
      some.length > digestAbove ? digestOf(some, now) : some.map((one) => deliveryOf(one, now)),
    );
  }
}

/** One change, one rule that wants to hear of it, and one of the rule's receivers. */
interface Outgoing {
  change: Change;
  rule: Rule;
  /** Of the receiver. */
  name: string;
  receiver: Receiver;
}

function deliveryOf({ change, rule, name, receiver }: Outgoing, now: string): Delivery {
  const alert_id = alertId(rule, change);
  const payload =
    receiver.type === 'hive'
      ? queenText(alert_id, change)
      : webhookBody(alert_id, rule, change, now);
  return toDeliver({ ...aboutOf(change, rule), alert_id, receiver: name, payload }, now);
}

/** A digest, and for each of its changes a row that says that it was in one. */
function digestOf(some: readonly Outgoing[], now: string): Delivery[] {
  const { rule, name, receiver, change } = some[0]!;
  const storm = { rule: rule.name, change: change.change, changes: some.map((one) => one.change) };
  const alert_id = digestId(storm);
  const payload =
    receiver.type === 'hive' ? digestText(alert_id, storm) : digestBody(alert_id, storm, now);
  const about = {
    ...{ rule: rule.name, change: change.change, agent_id: agentOf(storm) },
    ...{ fingerprint: '', since: firstSince(storm), episode: '' },
  };
  return [
    toDeliver({ ...about, alert_id, receiver: name, payload }, now),
    ...storm.changes.map((one): Delivery => {
      const noted = { ...aboutOf(one, rule), alert_id: alertId(rule, one), receiver: name };
      return { ...toDeliver({ ...noted, payload: '' }, now), status: 'digested' };
    }),
  ];
}

function aboutOf({ fingerprint, since, episode, change, group }: Change, rule: Rule) {
  return { rule: rule.name, agent_id: group.agent_id, fingerprint, since, episode, change };
}

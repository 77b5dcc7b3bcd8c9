// Which rules want a change, and whether it was sent to them already. Pure.

import { matches } from '../base/text.ts';
import type { AlertChange } from '../questions/alerts/question.ts';
import type { Sent } from './log.ts';
import type { Rule } from './rules.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What decides whether a rule wants to hear of a group. */
export interface Traits {
  agent_id: string;
  /** Classes that it may have; empty = not known yet. */
  classes: readonly string[];
  /** Severities that it may have; empty = not known yet. */
  severities: readonly string[];
  /** Infinity = not known yet. */
  failures: number;
}

/** A change that happened once, so that it is sent once. */
export interface Episode {
  fingerprint: string;
  change: AlertChange;
  /**
   * What makes it another one than the last: the event of the resolve or the evolution that did not hold, or
   * the evolution that does harm; '' for the others.
   */
  episode: string;
}

/** Whether a rule asks for changes like this one. */
export function isWanted(rule: Rule, change: AlertChange, traits: Traits): boolean {
  const { on, agents, classes, severities, min_failures } = rule;
  const fits = (known: readonly string[], isListed: (one: string) => boolean): boolean =>
    known.length === 0 || known.some(isListed);
  return (
    on.includes(change) &&
    (!agents || matches(agents, traits.agent_id)) &&
    (!classes || fits(traits.classes, (one) => matches(classes, one))) &&
    (!severities ||
      fits(traits.severities, (one) => severities.some((severity) => severity === one))) &&
    traits.failures >= min_failures
  );
}

/**
 * Whether it was sent for a rule already. A group is new once. An escalation goes on for as long as its hours
 * are in sight, so a group escalates at most once in a day.
 */
export function isSent(rule: Rule, episode: Episode, sent: readonly Sent[], now: number): boolean {
  return sent.some(
    (one) =>
      one.rule === rule.name &&
      one.fingerprint === episode.fingerprint &&
      one.change === episode.change &&
      (one.change === 'escalating'
        ? Date.parse(one.since) > now - DAY_MS
        : one.episode === episode.episode),
  );
}

/** What was so before a rule was in use is not sent; clocks may differ, and hours are reported as a whole. */
export function isAfter(since: string, began: string): boolean {
  return Date.parse(since) >= Date.parse(began) - HOUR_MS;
}

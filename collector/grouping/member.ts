// A fingerprint as the mapping sees it: one failure of it, read once.
import { simpleName } from '../materialize/error-type.ts';
import { type Unit, unitsOf } from '../materialize/fingerprint/agreement.ts';
import { fingerprint } from '../materialize/fingerprint/v1.ts';
import type { FailureRow } from '../rows/rows.ts';

/** The failure that stands for a fingerprint: its first. */
export type FirstFailure = Pick<
  FailureRow,
  | 'agent_id'
  | 'node_id'
  | 'fingerprint'
  | 'error_type'
  | 'error_message'
  | 'stack_trace'
  | 'timestamp'
>;

export interface Member {
  fingerprint: string;
  agent_id: string;
  node_id: string;
  /** Without its module. */
  error_type: string;
  /** The frame where it was raised, as `function@module`; '' where no stack was reported. */
  raised: string;
  /** Its causes, with where they were raised. */
  causes: string;
  /** The message, cut to what fits a line. */
  message: string;
  units: readonly Unit[];
  /** As ClickHouse writes it: such texts sort by time. */
  first_seen: string;
}

const MAX_MESSAGE = 200;

export function memberOf(failure: FirstFailure): Member {
  const { agent_id, node_id, error_type, error_message, stack_trace, timestamp } = failure;
  const known = fingerprint({
    agent_id,
    node_id,
    class: '',
    error_type,
    error_message,
    stack_trace,
  });
  return {
    fingerprint: failure.fingerprint,
    agent_id,
    node_id,
    error_type: simpleName(error_type),
    raised: known.raised,
    causes: known.chain.join('\n'),
    message: known.message.slice(0, MAX_MESSAGE),
    units: unitsOf(known.message),
    first_seen: timestamp,
  };
}

/** Negative where `one` comes first: the older, and of two of one time the smaller name. */
export function byAge(one: Member, other: Member): number {
  const [a, b] = [one.first_seen + one.fingerprint, other.first_seen + other.fingerprint];
  return a < b ? -1 : a > b ? 1 : 0;
}

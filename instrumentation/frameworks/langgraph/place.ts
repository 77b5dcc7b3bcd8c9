// Where a node belongs: the run, and the node around it if it is part of a subgraph.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { NodeAttempt } from '../../core/attempt.ts';
import type { GraphRun } from '../../core/run.ts';
import { findRunningWith } from '../../delivery/crash/running.ts';
import type { UnsettledFailures } from '../shared/unsettled.ts';

/** The run around a loop. */
export interface Place {
  readonly run: GraphRun;
  readonly unsettled: UnsettledFailures;
  /** The attempt around a subgraph, and its node's id. */
  readonly inside?: { readonly attempt: NodeAttempt; readonly nodeId: string } | undefined;
  /** Shared by all places of a run. */
  readonly seen: { paused: boolean };
}

const places = new AsyncLocalStorage<Place>();
findRunningWith(() => {
  const place = places.getStore();
  return place && { run: place.run, attempt: place.inside?.attempt };
});

/** The place that the calling code runs in. */
export function currentPlace(): Place | undefined {
  return places.getStore();
}

/** Runs `work` as the place of all loops that start in it. */
export function within<T>(place: Place, work: () => T): T {
  return places.run(place, work);
}

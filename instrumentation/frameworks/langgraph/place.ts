// Where a node belongs: the run, and the node around it if it is part of a subgraph.
import type { NodeAttempt } from '../../core/attempt.ts';
import type { GraphRun } from '../../core/run.ts';
import { placeStore } from '../../delivery/crash/running.ts';
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

/** A place is that of all loops that start in it. */
export const places = placeStore<Place>(({ run, inside }) => ({ run, attempt: inside?.attempt }));

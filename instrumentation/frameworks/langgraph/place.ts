// Where a node belongs: the run, and the node around it if it is part of a subgraph.
import type { Tracer } from '@opentelemetry/api';
import type { NodeAttempt } from '../../core/attempt.ts';
import type { GraphRun, RunIdentity } from '../../core/run.ts';
import { placeStore } from '../../delivery/crash/running.ts';
import type { UnsettledFailures } from '../shared/unsettled.ts';

/** A call of a tool or a model. */
export interface StartedCall {
  readonly kind: 'execute_tool' | 'chat';
  /** The tool or the model; empty if it is not known. */
  readonly target: string;
  /** Of the call that the model made of a tool. */
  readonly callId?: string | undefined;
  readonly input: unknown;
}

/** One that threw. */
export interface ThrownByCall extends StartedCall {
  readonly error: unknown;
  /** Milliseconds since the epoch. */
  readonly startTime: number;
}

/** The run around a loop. */
export interface Place {
  readonly run: GraphRun;
  readonly identity: RunIdentity;
  readonly tracer: Tracer;
  readonly unsettled: UnsettledFailures;
  /** The attempt around a subgraph or a call, its node's id, and what its calls threw. */
  readonly inside?:
    | {
        readonly attempt: NodeAttempt;
        readonly nodeId: string;
        readonly failedCalls: {
          add(thrown: ThrownByCall): void;
          starts(call: StartedCall): void;
        };
        /** The model's call that goes on in it. */
        readonly model?: StartedCall | undefined;
      }
    | undefined;
  /** Shared by all places of a run. */
  readonly seen: {
    paused: boolean;
    /** Messages that were reported as failed operations, by themselves and by the id of their call. */
    readonly messages: Set<unknown>;
    /** What nodes received, for those that never come back to say so. */
    readonly inputs: WeakMap<NodeAttempt, unknown>;
    /** What a node threw last. */
    lastError?: unknown;
  };
}

/** A place is that of all loops that start in it. */
export const places = placeStore<Place>(({ run, inside }) => ({ run, attempt: inside?.attempt }));

// What a runner is handed and what it reports: one case run once.
import type { FailureCase } from '../questions/cases/question.ts';

/** An input to run, and what is known of it. */
export interface ReplayedInput {
  /** JSON text. */
  input: string;
  /** The failure that must not come again; undefined for an input that has to stay good. */
  case?: FailureCase;
}

/** A failure that a replay's spans report. */
export interface ReplayedFailure {
  fingerprint: string;
  error_type: string;
  error_message: string;
  level: string;
  /** What became of it; '' if not known. */
  disposition: string;
}

/** How one replay ended. */
export interface Replay {
  /** null if a signal ended it. */
  exitCode: number | null;
  signal?: string | undefined;
  /** It was stopped because it took too long. */
  timedOut?: boolean | undefined;
  /** The end of what it wrote to standard error. */
  stderr?: string | undefined;
  /** What its spans report; undefined if it sent none. */
  spans?:
    | {
        failures: readonly ReplayedFailure[];
        /** Of its runs, where they ended. */
        outcomes: readonly string[];
        /** The version that ran; '' if not known. */
        ref: string;
      }
    | undefined;
}

/** Runs an input once on the changed graph. It rejects only if nothing can be run at all. */
export type Runner = (replayed: ReplayedInput) => Promise<Replay>;

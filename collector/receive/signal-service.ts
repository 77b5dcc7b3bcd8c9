// What takes the requests of one signal, whichever door they come through, and how each of them ends.
import type { Redactions } from '../../instrumentation/redaction/index.ts';
import type { Encoding } from '../decode/response.ts';
import type { Signal } from '../decode/signals.ts';
import { MAX_MESSAGES } from '../decode/span.ts';
import { cut } from '../materialize/bounds.ts';
import { type Intake, SinkRefused } from '../queue/sink.ts';

export interface SignalService {
  readonly signal: Signal;

  /**
   * Takes an Export request of the signal; resolves when what it keeps of it is on disk.
   * @param mayChange whether evolutions and changes of groups are taken from this sender
   * @throws DecodeError when the body is not such a request
   * @throws SinkUnavailable when the rows cannot be stored now
   */
  accept(body: Buffer, encoding: Encoding, mayChange: boolean): Promise<Outcome>;
}

/** What becomes of the spans and records of processes that run a case again. */
export type Replays = 'skipped' | 'kept';

export interface Outcome {
  /** Spans or log records that came, that are stored, and that were rejected; the rest was skipped. */
  received: number;
  kept: number;
  rejected: number;
  /** Of the rejected: those whose rows the store will never take. */
  refused: number;
  /** What was removed from the rows: kind → count. */
  redactions: Redactions;
  /** Why they were rejected, or a warning; '' when there is nothing to say. */
  message: string;
}

/** What a request has come to before its rows are stored. */
export interface Draft {
  received: number;
  /** Spans or log records behind the rows. */
  kept: number;
  rejected: number;
  redactions: Redactions;
  messages: string[];
}

/** Most bytes of UTF-8 of an {@link Outcome}'s message: far below the 4 MiB that a response may have. */
const MAX_MESSAGE_BYTES = 8 * 1024;

/**
 * Stores the rows of a request. What the store will never take is rejected.
 * @throws SinkUnavailable when the rows cannot be stored now
 */
export async function store(intake: Intake, draft: Draft): Promise<Outcome> {
  const { received, redactions, messages } = draft;
  let { kept, rejected } = draft;
  let refused = 0;
  if (kept > 0) {
    try {
      await intake.commit();
    } catch (error) {
      if (!(error instanceof SinkRefused)) throw error;
      messages.unshift(`the store refused the rows: ${error.message}`);
      refused = kept;
      rejected += kept;
      kept = 0;
    }
  }
  return { received, kept, rejected, refused, redactions, message: summarize(messages) };
}

function summarize(messages: string[]): string {
  const shown = messages.slice(0, MAX_MESSAGES).join('; ');
  const more = messages.length - MAX_MESSAGES;
  return cut(more > 0 ? `${shown}; and ${more} more` : shown, MAX_MESSAGE_BYTES);
}

/** Unix time in nanoseconds. */
export function systemTimeNs(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}

// What the collector depends on, and whether it is there.
import type { ClickHouse } from '../serving/clickhouse.ts';

/** The state of one thing that the collector depends on. */
export interface Check {
  ok: boolean;
  /** Whether nothing can be taken without it. */
  required: boolean;
  /** What is wrong. */
  reason?: string;
}

/** @param reason why the queue takes nothing now */
export function queueCheck(reason: string | undefined): Check {
  return { ok: reason === undefined, required: true, ...(reason !== undefined && { reason }) };
}

/** Milliseconds that ClickHouse has to answer in. */
const ANSWER_MS = 1_000;
/** Milliseconds for which an answer is not asked for again. */
const FRESH_MS = 1_000;

/** Asks ClickHouse whether it is there, at most once a second. Rows wait in the queue when it is not. */
export function clickHouseCheck(client: ClickHouse): () => Promise<Check> {
  let askedAt = Number.NEGATIVE_INFINITY;
  let answer: Promise<Check> | undefined;
  return () => {
    const now = performance.now();
    if (answer === undefined || now - askedAt > FRESH_MS) {
      askedAt = now;
      answer = ask(client);
    }
    return answer;
  };
}

async function ask(client: ClickHouse): Promise<Check> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), ANSWER_MS);
  try {
    const result = await client.ping({ select: false, abort_signal: late.signal });
    if (result.success) return { ok: true, required: false };
    return unreachable(late.signal.aborted ? undefined : result.error);
  } catch (error) {
    return unreachable(late.signal.aborted ? undefined : (error as Error));
  } finally {
    clearTimeout(timer);
  }
}

function unreachable(error: Error | undefined): Check {
  // A connection refused at several addresses has its reason only as a code.
  const said = error?.message || (error as NodeJS.ErrnoException | undefined)?.code;
  return { ok: false, required: false, reason: said || `no answer within ${ANSWER_MS} ms` };
}

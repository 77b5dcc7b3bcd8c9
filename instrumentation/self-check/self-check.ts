// What a node's history says before it is tried again: counted in this process, filled up from the
// stored history at the start, and asked of the query service where there is time.
import { errorTypeOf } from '../core/exception.ts';
import { guarded, sayOnce } from '../core/guard.ts';
import { observeRuns } from '../core/observer.ts';
import type { FailureClass } from '../semconv/attributes.ts';
import { variable } from '../semconv/variables.ts';
import { decideLocally } from './decide.ts';
import { History } from './history.ts';
import { latestAgent, localFacts, noteAttempt, noteRun, onAgent } from './local.ts';
import { askAdvice, type Service } from './service.ts';

/** Options of {@link createSelfCheck}. */
export interface SelfCheckOptions {
  /** Base address of the query service. @default `FAULTLINE_QUERY_URL`, else none: only local facts */
  readonly queryUrl?: string;
  /** Bearer token, where the service asks for one. @default `FAULTLINE_TOKEN` */
  readonly token?: string;
  /** How many milliseconds an answer may take, 1 to 10,000. @default 50 */
  readonly timeoutMs?: number;
}

/** How a node does, over its runs. */
export interface FailureState {
  readonly agent_id: string;
  readonly node_id: string;
  readonly failure_count: number;
  /** Attempts that failed since the last that did not. */
  readonly consecutive_failures: number;
  /** ISO 8601. */
  readonly last_failure_at: string | null;
  /** Known once the failure is stored: `null` for one of this process. */
  readonly last_fingerprint: string | null;
  readonly last_error_type: string | null;
  readonly last_class: string | null;
  /** The failure condition that fired, if it was one. */
  readonly last_condition: string | null;
  /** `history`: stored failures and those of this process; `process`: only the latter. */
  readonly from: 'history' | 'process';
}

/** The attempt that failed. */
export interface RetryQuestion {
  readonly nodeId: string;
  readonly error: unknown;
  /** From 1. @default 1 */
  readonly attempt?: number | undefined;
  /** After this attempt there is none. */
  readonly maxAttempts?: number | undefined;
  /** @default the agent whose run started last in this process */
  readonly agentId?: string | undefined;
  /** Why it failed. @default what such failures of the node were before */
  readonly class?: FailureClass | undefined;
}

/** What to do about a failed attempt. */
export interface RetryDecision {
  readonly retry: boolean;
  readonly advice: 'retry' | 'back_off' | 'stop';
  /** How many milliseconds to wait before the next attempt; 0 = none. */
  readonly wait_ms: number;
  readonly reason: string;
  /** That the next attempt succeeds; `null` where the history does not know. */
  readonly chance: number | null;
  /** `history`: the query service's advice; `process`: what this process knows itself. */
  readonly from: 'history' | 'process';
}

/** Made by {@link createSelfCheck}. */
export interface SelfCheck {
  /** How a node does. Answers at once and never throws. */
  failureState(nodeId: string, agentId?: string): FailureState;
  /**
   * Whether to try a failed node again. Takes no longer than the timeout, never throws, and says in
   * `reason` if the query service had no part in it.
   */
  shouldRetry(question: RetryQuestion): Promise<RetryDecision>;
  /** Resolves once the stored history of the agent is there, or cannot be had. Never rejects. */
  ready(agentId?: string): Promise<void>;
}

const DEFAULT_TIMEOUT_MS = 50;
const MAX_TIMEOUT_MS = 10_000;
/** As many questions in a row without an answer, and for a while none is asked. */
const TIRED_AFTER = 3;
const REST_MS = 5000;
const DEFAULT_WAIT_MS = 1000;
const MAX_NAME = 512;

/** @throws {TypeError} if an option is wrong; the message names it */
export function createSelfCheck(options: SelfCheckOptions = {}): SelfCheck {
  const service = serviceOf(options);
  const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  if (!(timeoutMs >= 1 && timeoutMs <= MAX_TIMEOUT_MS)) {
    throw new TypeError(`timeoutMs must be a number from 1 to ${MAX_TIMEOUT_MS}, got ${timeoutMs}`);
  }
  const history = service && new History(service);
  if (history) onAgent((agentId) => history.load(agentId));
  const rest = new Rest();

  return {
    failureState(nodeId, agentId = latestAgent() ?? '') {
      return stateOf(history, agentId, nodeId);
    },
    async shouldRetry(question) {
      const agentId = question.agentId ?? latestAgent() ?? '';
      const locally = (why: string) => decideAlone(history, question, agentId, why);
      if (!service) return locally('no query service is named');
      if (agentId === '') return locally('no run has started and no agent is named');
      if (rest.isOn) return locally('the query service did not answer of late');
      try {
        const decision = await askService(service, question, agentId, timeoutMs);
        rest.answered();
        return decision;
      } catch (error) {
        rest.unanswered();
        return locally((error as Error).message);
      }
    },
    async ready(agentId = latestAgent() ?? '') {
      if (agentId !== '') await history?.load(agentId);
    },
  };
}

/** After some questions in a row without an answer none is asked for a while. */
class Rest {
  #unanswered = 0;
  #until = 0;

  get isOn(): boolean {
    return performance.now() < this.#until;
  }

  answered(): void {
    this.#unanswered = 0;
  }

  unanswered(): void {
    this.#unanswered += 1;
    if (this.#unanswered < TIRED_AFTER) return;
    this.#unanswered = 0;
    this.#until = performance.now() + REST_MS;
  }
}

function stateOf(history: History | undefined, agentId: string, nodeId: string): FailureState {
  const local = localFacts(agentId, nodeId);
  const stored = history?.of(agentId, nodeId);
  const last = local.last;
  const newest = stored?.newest;
  const at = last?.at ?? stored?.facts.lastFailureAt;
  return {
    agent_id: agentId,
    node_id: nodeId,
    failure_count: (stored?.facts.failureCount ?? 0) + local.failures,
    consecutive_failures:
      local.consecutive + (local.succeeded ? 0 : (stored?.facts.consecutiveFailures ?? 0)),
    last_failure_at: at === undefined ? null : new Date(at).toISOString(),
    last_fingerprint: (!last && newest?.fingerprint) || null,
    last_error_type: (last ? last.errorType : newest?.errorType) || null,
    last_class: (last ? last.class : newest?.class) || null,
    last_condition: (last ? last.condition : newest?.condition) || null,
    from: history?.isLoaded(agentId) ? 'history' : 'process',
  };
}

/** What this process decides without the query service. */
function decideAlone(
  history: History | undefined,
  question: RetryQuestion,
  agentId: string,
  why: string,
): RetryDecision {
  const state = stateOf(history, agentId, question.nodeId);
  const stored = history?.of(agentId, question.nodeId)?.newest;
  const type = errorTypeOf(question.error);
  const alike = [
    state.last_error_type === type ? state.last_class : null,
    stored?.errorType === type ? stored.class : null,
  ].find((each) => each);
  const { advice, reason, waitMs } = decideLocally({
    attempt: ordinal(question.attempt) ?? 1,
    maxAttempts: ordinal(question.maxAttempts),
    class: question.class ?? alike ?? undefined,
    consecutiveFailures: state.consecutive_failures,
  });
  return {
    retry: advice !== 'stop',
    advice,
    wait_ms: waitMs,
    reason: `${reason}; by local facts, because ${why}`,
    chance: null,
    from: 'process',
  };
}

async function askService(
  service: Service,
  question: RetryQuestion,
  agentId: string,
  timeoutMs: number,
): Promise<RetryDecision> {
  const about = {
    node: question.nodeId.slice(0, MAX_NAME),
    error_type: errorTypeOf(question.error).slice(0, MAX_NAME),
    class: question.class,
    attempt: ordinal(question.attempt),
    max_attempts: ordinal(question.maxAttempts),
  };
  const { advice, reason, chance, waitMs } = await askAdvice(service, agentId, about, {
    timeoutMs,
    holds: true,
  });
  const wait_ms = advice === 'back_off' ? (waitMs ?? DEFAULT_WAIT_MS) : 0;
  return { retry: advice !== 'stop', advice, wait_ms, reason, chance, from: 'history' };
}

let usual: SelfCheck | undefined;

observeRuns(({ ids: { agentId } }) => {
  startUsualSelfCheck();
  noteRun(agentId);
  return {
    attemptEnded: ({ nodeId }, failure) => noteAttempt(agentId, nodeId, failure),
  };
});

/** How a node does, by the environment's query service if it names one; see {@link SelfCheck}. */
export function failureState(nodeId: string, agentId?: string): FailureState {
  return usualOne().failureState(nodeId, agentId);
}

/**
 * Whether to try a failed node again, by the environment's query service if it names one; see
 * {@link SelfCheck}.
 *
 * ```ts
 * const { retry, wait_ms, reason } = await shouldRetry({ nodeId: 'fetch', error, attempt, maxAttempts: 3 });
 * ```
 */
export function shouldRetry(question: RetryQuestion): Promise<RetryDecision> {
  return usualOne().shouldRetry(question);
}

/** Starts filling the usual self-check, if the environment names a query service. Never throws. */
function startUsualSelfCheck(): void {
  if (!usual && variable('FAULTLINE_QUERY_URL')) guarded(usualOne, undefined);
}

function usualOne(): SelfCheck {
  if (usual) return usual;
  try {
    usual = createSelfCheck();
  } catch (error) {
    sayOnce('self-check', `asks no query service: ${(error as Error).message}`);
    usual = createSelfCheck({ queryUrl: '' });
  }
  return usual;
}

function serviceOf({ queryUrl, token }: SelfCheckOptions): Service | undefined {
  const name = queryUrl === undefined ? 'FAULTLINE_QUERY_URL' : 'queryUrl';
  const url = (queryUrl ?? variable('FAULTLINE_QUERY_URL')).trim();
  if (url === '') return undefined;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new TypeError(
      `${name} must be an address such as http://127.0.0.1:4320, got ${JSON.stringify(url)}`,
    );
  }
  return { url, token: token ?? (variable('FAULTLINE_TOKEN') || undefined) };
}

function ordinal(value: number | undefined): number | undefined {
  return Number.isInteger(value) && value! >= 1 && value! <= 1_000_000 ? value : undefined;
}

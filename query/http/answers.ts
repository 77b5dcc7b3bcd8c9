// While many ask, an answer is given to all who ask the same within a few seconds, and says how old it is.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { UnavailableError } from '../base/errors.ts';
import {
  type MaybePartial,
  PARTIAL_HEADER,
  type PartialAnswer,
  partialHeader,
} from '../base/partial.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether each who asks gets an answer of its own, however many ask: for what costs next to nothing. @default false */
    alwaysFresh?: boolean;
  }
}

export interface Answers {
  /** Something was changed: no answer that was begun before is given from now on. */
  forget(): void;
}

type Fields = Record<string, unknown>;

interface Answer {
  payload: string;
  partial: PartialAnswer | undefined;
  /** When it was begun, on the clock. */
  at: number;
  /** Milliseconds until which age it is given. */
  until: number;
}

const shared = new WeakSet<FastifyRequest>();

/** Whether others wait for the answer to this request too, or may get it later. */
export const isShared = (request: FastifyRequest): boolean => shared.has(request);

/** Above so many questions a second, or with so many open, there is load. */
const QUIET_A_SECOND = 50;
const QUIET_OPEN = 16;
/** Questions open at a time; one more is refused. */
const MOST_OPEN = 256;
const RETRY_AFTER_SECONDS = '2';
/** An answer is given for at least so many times as long as it took, so that none takes all of the machine. */
const TIMES_AS_LONG = 4;
/** Answers worked out at a time that nobody waits for: those that are waited for go first. */
const MOST_RENEWING = 2;
/** Characters kept, of all answers and of one; those given longest ago go first. */
const MOST_KEPT = 16 * 1024 * 1024;
const LARGEST_KEPT = 1024 * 1024;

/**
 * Adds the hook to an app, before its routes. Without load every answer is worked out for the one who
 * asks. Under load, those who ask the same at the same time get one answer, an answer is given again until
 * it is too old, and computed again in the background from half of that on. `Age` gives its seconds, and
 * who sends `Cache-Control: no-cache` or `max-age=0` always gets a new one.
 *
 * @param maxAge milliseconds, four times as long as the answer took if that is more; 0 = never twice
 * @param clock milliseconds that only grow
 * @throws {UnavailableError} in the hook, while too many questions are open: 503, with `Retry-After`
 */
export function shareAnswers(
  app: FastifyInstance,
  maxAge: number,
  clock: () => number = () => performance.now(),
): Answers {
  const kept = new KeptAnswers();
  const underWay = new Map<string, Promise<Answer>>();
  const pace = new Pace();
  let open = 0;
  let renewing = 0;

  app.addHook('preHandler', async (request, reply) => {
    if (!isQuestion(request)) return;
    const now = clock();
    const isBusy = pace.note(now) > QUIET_A_SECOND || open >= QUIET_OPEN;
    const mayShare = maxAge > 0 && isBusy && !wantsFresh(request);
    const known = mayShare ? kept.get(request.url) : undefined;
    if (known && now - known.at < known.until) {
      if (now - known.at > known.until / 2) renew(request, reply);
      return give(reply, known);
    }
    if (open >= MOST_OPEN) {
      reply.header('retry-after', RETRY_AFTER_SECONDS);
      throw new UnavailableError(`${open} questions have no answer yet; ask again later`);
    }
    open += 1;
    reply.raw.once('close', () => {
      open -= 1;
    });
    if (mayShare) return give(reply, await work(request, reply));
  });

  function give(reply: FastifyReply, { payload, partial, at }: Answer): FastifyReply {
    if (partial) reply.header(PARTIAL_HEADER, partialHeader(partial));
    const age = Math.floor((clock() - at) / 1000);
    return reply.header('age', age).type('application/json; charset=utf-8').send(payload);
  }

  function renew(request: FastifyRequest, reply: FastifyReply): void {
    if (renewing >= MOST_RENEWING || underWay.has(request.url)) return;
    renewing += 1;
    const done = () => {
      renewing -= 1;
    };
    // When it fails, the next one who finds no answer young enough hears of it.
    work(request, reply).then(done, done);
  }

  /** Answers as the route does, once for all who ask meanwhile. */
  function work(request: FastifyRequest, reply: FastifyReply): Promise<Answer> {
    const { url } = request;
    const already = underWay.get(url);
    if (already) return already;
    const at = clock();
    shared.add(request);
    const working = (async () => {
      const value = await request.routeOptions.handler.call(app, request, reply);
      const payload = reply.serializeInput(value as Fields, '200') as string;
      const { partial } = value as MaybePartial;
      return { payload, partial, at, until: Math.max(maxAge, TIMES_AS_LONG * (clock() - at)) };
    })();
    underWay.set(url, working);
    const done = (answer?: Answer) => {
      if (underWay.get(url) !== working) return;
      underWay.delete(url);
      if (answer) kept.set(url, answer);
    };
    working.then(done, () => done());
    return working;
  }

  return {
    forget: () => {
      underWay.clear();
      kept.clear();
    },
  };
}

/** What is read under /api/v1 and has a schema; the OpenAPI description itself has none. */
function isQuestion({ method, routeOptions }: FastifyRequest): boolean {
  const { url, schema, config } = routeOptions;
  const isRead = method === 'GET' && url?.startsWith('/api/v1/') === true;
  return isRead && schema?.response !== undefined && !config.alwaysFresh;
}

const wantsFresh = ({ headers }: FastifyRequest): boolean =>
  /\b(?:no-cache|max-age=0)\b/i.test(headers['cache-control'] ?? '');

/** How much is asked. */
class Pace {
  #second = 0;
  #current = 0;
  #previous = 0;

  /** Counts one more. @returns how many there were in this second or the one before, whichever had more */
  note(now: number): number {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#previous = second === this.#second + 1 ? this.#current : 0;
      this.#current = 0;
      this.#second = second;
    }
    this.#current += 1;
    return Math.max(this.#current, this.#previous);
  }
}

/** Answers by URL, bounded in size. */
class KeptAnswers {
  readonly #answers = new Map<string, Answer>();
  #size = 0;

  get(url: string): Answer | undefined {
    const answer = this.#answers.get(url);
    if (!answer) return undefined;
    this.#answers.delete(url);
    this.#answers.set(url, answer);
    return answer;
  }

  set(url: string, answer: Answer): void {
    this.#remove(url);
    const { length } = answer.payload;
    if (length > LARGEST_KEPT) return;
    this.#answers.set(url, answer);
    this.#size += length;
    for (const [oldest] of this.#answers) {
      if (this.#size <= MOST_KEPT) return;
      this.#remove(oldest);
    }
  }

  clear(): void {
    this.#answers.clear();
    this.#size = 0;
  }

  #remove(url: string): void {
    this.#size -= this.#answers.get(url)?.payload.length ?? 0;
    this.#answers.delete(url);
  }
}

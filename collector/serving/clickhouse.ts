// ClickHouse at one address or at several: tried in turn, left alone after a failure, used again when they answer.
import { Readable } from 'node:stream';
import {
  type ClickHouseClient,
  type ClickHouseClientConfigOptions,
  ClickHouseError,
  ClickHouseLogLevel,
  createClient,
} from '@clickhouse/client';

/** Where ClickHouse is: one address, or those of replicas or shards that all hold the same tables. */
export type Addresses = string | readonly string[];

/** What this project calls of ClickHouse's client. */
export type ClickHouse = Pick<
  ClickHouseClient,
  'query' | 'exec' | 'command' | 'insert' | 'ping' | 'close'
>;

type Options = Omit<ClickHouseClientConfigOptions, 'url' | 'log'> & {
  url: Addresses;
  /** Whether statements go to all addresses that are up, one after the other. @default false: to the first of them */
  inRotation?: boolean;
};

/** Codes by which a server says that another one may do what it cannot: no keeper, a read-only replica. */
const OTHERS_MAY = new Set(['225', '242', '999']);

/** Pauses before an address that failed is looked at again, and how long it has to answer, in milliseconds. */
const FIRST_PAUSE_MS = 250;
const LAST_PAUSE_MS = 10_000;
const ANSWER_MS = 2_000;
/** Pings in a row that a server may leave open while it works on a statement; it is silent then, and not slow. */
const MOST_UNANSWERED = 2;

/**
 * A client that goes to the first address that is up, or to each in rotation. A statement that cannot reach its server is sent to the
 * next one; one whose data is a stream fails, and finds the next one when it is sent again. Statements may be
 * sent twice, so they have to be such that this changes nothing.
 */
export function connectClickHouse({ url, inRotation = false, ...options }: Options): ClickHouse {
  const urls = typeof url === 'string' ? [url] : url;
  return new Servers(
    urls.map((one) =>
      createClient({ ...options, url: one, log: { level: ClickHouseLogLevel.OFF } }),
    ),
    urls,
    inRotation,
  );
}

/** One address: up, or down until it answers a ping, which is sent after growing pauses. */
class Server {
  readonly url: string;
  readonly client: ClickHouseClient;
  isUp = true;
  #pauseMs = FIRST_PAUSE_MS;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(client: ClickHouseClient, url: string) {
    this.client = client;
    this.url = url;
  }

  worked(): void {
    this.isUp = true;
    this.#pauseMs = FIRST_PAUSE_MS;
    clearTimeout(this.#timer);
  }

  failed(): void {
    if (this.#isClosed) return;
    this.isUp = false;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), this.#pauseMs).unref();
    this.#pauseMs = Math.min(this.#pauseMs * 2, LAST_PAUSE_MS);
  }

  async answers(): Promise<boolean> {
    const late = AbortSignal.timeout(ANSWER_MS);
    return this.client.ping({ select: false, abort_signal: late }).then(
      ({ success }) => success,
      () => false,
    );
  }

  close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    return this.client.close();
  }

  async #look(): Promise<void> {
    if (await this.answers()) this.isUp = true;
    else this.failed();
  }
}

class Servers implements ClickHouse {
  readonly #servers: readonly Server[];
  readonly #inRotation: boolean;
  #asked = 0;
  readonly query: ClickHouse['query'];
  readonly exec: ClickHouse['exec'];

  constructor(clients: readonly ClickHouseClient[], urls: readonly string[], inRotation: boolean) {
    this.#inRotation = inRotation;
    this.#servers = clients.map((client, index) => new Server(client, urls[index]!));
    this.query = (params) =>
      this.#ask(params, (client, own) => client.query({ ...params, ...own }));
    this.exec = (params) => this.#ask(params, (client, own) => client.exec({ ...params, ...own }));
  }

  command(params: Parameters<ClickHouse['command']>[0]): ReturnType<ClickHouse['command']> {
    return this.#ask(params, (client, own) => client.command({ ...params, ...own }));
  }

  insert<T>(params: Parameters<ClickHouseClient['insert']>[0] & { values: T }) {
    return this.#ask(params, (client, own) =>
      client.insert({ ...params, ...own } as typeof params),
    );
  }

  /** Whether any address answers: the first that does is enough. */
  async ping(
    params?: Parameters<ClickHouse['ping']>[0],
  ): Promise<Awaited<ReturnType<ClickHouse['ping']>>> {
    const pings = this.#servers.map(async ({ client }) => {
      const answer = await client.ping(params);
      if (answer.success) return answer;
      throw answer.error;
    });
    return Promise.any(pings).catch(({ errors }: AggregateError) => ({
      success: false,
      error: errors[0] as Error,
    }));
  }

  async close(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.close()));
  }

  async #ask<T>(
    { abort_signal: signal, values }: { abort_signal?: AbortSignal; values?: unknown },
    ask: (client: ClickHouseClient, own: { abort_signal?: AbortSignal }) => Promise<T>,
  ): Promise<T> {
    const reasons: string[] = [];
    let last: unknown;
    for (const server of this.#inTurn()) {
      try {
        const answer =
          this.#servers.length === 1
            ? await ask(server.client, {})
            : await unlessSilent(server, signal, (own) => ask(server.client, own));
        server.worked();
        return answer;
      } catch (error) {
        if (signal?.aborted || !(await mayTryOthers(server, error))) throw error;
        server.failed();
        reasons.push(`${server.url} (${reasonOf(error)})`);
        last = error;
        if (values instanceof Readable) break;
      }
    }
    if (this.#servers.length === 1) throw last;
    throw last instanceof ClickHouseError
      ? last
      : new Error(`no address answers: ${reasons.join(', ')}`, { cause: last });
  }

  /** Those that are up, and then the others: what is known of them may be old. */
  #inTurn(): Server[] {
    const up = this.#servers.filter(({ isUp }) => isUp);
    const servers = up.length > 0 ? up : [...this.#servers];
    const first = this.#inRotation ? this.#asked++ % servers.length : 0;
    return [...servers.slice(first), ...servers.slice(0, first)];
  }
}

/**
 * Waits for an answer as long as the server answers pings meanwhile: one that stands still is left within some six
 * seconds and not after the statement's whole time.
 */
async function unlessSilent<T>(
  server: Server,
  signal: AbortSignal | undefined,
  ask: (own: { abort_signal: AbortSignal }) => Promise<T>,
): Promise<T> {
  const leaving = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const silent = new Promise<never>((_resolve, reject) => {
    const look = async (unanswered: number): Promise<void> => {
      const left = (await server.answers()) ? 0 : unanswered + 1;
      if (timer === undefined) return;
      if (left === MOST_UNANSWERED) reject(new Error('it takes connections and is silent'));
      else timer = setTimeout(look, left > 0 ? 0 : ANSWER_MS, left);
    };
    timer = setTimeout(look, ANSWER_MS, 0);
  });
  const abort_signal = signal ? AbortSignal.any([signal, leaving.signal]) : leaving.signal;
  const answer = ask({ abort_signal });
  try {
    return await Promise.race([answer, silent]);
  } catch (error) {
    leaving.abort();
    throw error;
  } finally {
    clearTimeout(timer);
    timer = undefined;
  }
}

/** Whether an error says nothing of the statement. A server that is only slow is not left for another. */
async function mayTryOthers(server: Server, error: unknown): Promise<boolean> {
  if (error instanceof ClickHouseError) return OTHERS_MAY.has(error.code);
  const isTimeout = error instanceof Error && /^Timeout/.test(error.message);
  return !isTimeout || !(await server.answers());
}

function reasonOf(error: unknown): string {
  const { message, code } = error as NodeJS.ErrnoException;
  return message || code || String(error);
}

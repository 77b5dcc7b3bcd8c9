// Reads from the shards that are there, where the setting allows it: as always while all answer, and without those that
// do not for as long as they are away.
import { ClickHouseError, type ClickHouseSettings } from '@clickhouse/client';
import { notePartial, type PartialAnswer } from './partial.ts';

/** Codes by which a server says that it cannot reach another: timeout, network, no replica of a shard. */
const SHARD_AWAY = new Set(['209', '210', '279']);

export const isShardAway = (error: unknown): error is ClickHouseError =>
  error instanceof ClickHouseError && SHARD_AWAY.has(error.code);

/** For statements while a shard is known to be away: it is not waited for for long. */
const IMPATIENT: ClickHouseSettings = {
  connections_with_failover_max_tries: '1',
  connect_timeout_with_failover_ms: 500,
  handshake_timeout_ms: 500,
};
/** For a statement that goes on without the shards that cannot be reached. */
const WITHOUT_MISSING: ClickHouseSettings = { ...IMPATIENT, skip_unavailable_shards: 1 };

/** How long it is believed that a shard is away, in milliseconds. */
const BELIEVED_MS = 2_000;
/** A shard may go while a statement runs that goes on without another. */
const MOST_TRIES = 3;

type Run<T> = (settings: ClickHouseSettings) => Promise<T>;

export class MissingShards {
  readonly #look: Run<PartialAnswer | undefined>;
  /** Those that are known to be away; undefined = none is. */
  #away: PartialAnswer | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #looking: Promise<PartialAnswer | undefined> | undefined;

  /** @param look which shards do not answer; undefined = all do */
  constructor(look: Run<PartialAnswer | undefined>) {
    this.#look = look;
  }

  /**
   * Runs a statement. Where it needs a shard that is away it is run without, which is noted for the question that is
   * being answered; one that does not need it, such as about an agent of other shards, is whole.
   *
   * @throws what `run` throws
   */
  async read<T>(run: Run<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        const away = await this.#believed();
        return await (away ? this.#without(away, run) : run({}));
      } catch (error) {
        if (!isShardAway(error) || tries === MOST_TRIES) throw error;
        await this.#lookNow().catch(() => {
          throw error;
        });
      }
    }
  }

  async #without<T>(away: PartialAnswer, run: Run<T>): Promise<T> {
    try {
      return await run(IMPATIENT);
    } catch (error) {
      if (!isShardAway(error)) throw error;
    }
    const answer = await run(WITHOUT_MISSING);
    notePartial(away, () => this.#lookNow());
    return answer;
  }

  async #believed(): Promise<PartialAnswer | undefined> {
    const isOld = performance.now() - this.#lookedAt > BELIEVED_MS;
    return this.#away && isOld ? this.#lookNow() : this.#away;
  }

  #lookNow(): Promise<PartialAnswer | undefined> {
    this.#looking ??= this.#look(WITHOUT_MISSING)
      .then((away) => {
        this.#away = away;
        this.#lookedAt = performance.now();
        return away;
      })
      .finally(() => {
        this.#looking = undefined;
      });
    return this.#looking;
  }
}

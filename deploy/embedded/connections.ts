/** Open chDB connections, each with its own settings, kept for reuse while their state is clean. */
import { randomUUID } from 'node:crypto';
import type { Session } from 'chdb';
import { ClickHouseException, ErrorCode } from './exception.ts';
import { IDLE_CONNECTIONS } from './limits.ts';

export interface Connection {
  readonly key: string;
  readonly session: Session;
  /** Unique; stands in `system.processes` as the `log_comment`, by which a query is killed. */
  readonly comment: string;
  /** False if a later request with the same wishes could get something else (its database). */
  readonly settled: boolean;
}

/** Opens a connection to the engine; throws when an argument is wrong. */
export type Open = (args: readonly string[]) => Session;

/**
 * A connection is idle (kept here), lent (one statement runs on it), or closed. A lent one comes
 * back as idle only if its statement could not change the connection; the oldest idle one is
 * closed when there are too many.
 */
export class Connections {
  #open: Open;
  #idle: Connection[] = [];

  constructor(open: Open) {
    this.#open = open;
  }

  /**
   * @param args settings as arguments, see `connectionArgs`.
   * @param database to start in; undefined means `faultline` if it exists, else `default`.
   * @param params values for `{name:Type}` placeholders.
   * @throws ClickHouseException 81 for an unknown database, 36 for a setting's or parameter's wrong
   *   value or name.
   */
  lend(
    args: readonly string[],
    database: string | undefined,
    params: Readonly<Record<string, string>>,
  ): Connection {
    // A connection keeps its parameters. It is lent again only for the same names, which are all set
    // anew, so that no statement gets a value that it was not given.
    const key = JSON.stringify([database ?? null, args, Object.keys(params).sort()]);
    const index = this.#idle.findLastIndex((connection) => connection.key === key);
    const found = index < 0 ? undefined : this.#idle.splice(index, 1)[0];
    const connection = found ?? this.#fresh(key, args, database);
    try {
      setParams(connection.session, params);
      return connection;
    } catch (error) {
      connection.session.close();
      throw ClickHouseException.from(error);
    }
  }

  /** @param clean true if the statement can have left nothing behind on the connection. */
  giveBack(connection: Connection, clean: boolean): void {
    if (!clean || !connection.settled) {
      connection.session.close();
      return;
    }
    this.#idle.push(connection);
    if (this.#idle.length > IDLE_CONNECTIONS) this.#idle.shift()?.session.close();
  }

  closeIdle(): void {
    for (const connection of this.#idle.splice(0)) connection.session.close();
  }

  #fresh(key: string, args: readonly string[], database: string | undefined): Connection {
    const comment = `faultline-${randomUUID()}`;
    let session: Session;
    try {
      session = this.#open([`--log_comment=${comment}`, ...args]);
    } catch {
      throw new ClickHouseException(
        ErrorCode.BAD_ARGUMENTS,
        'The engine does not take these settings; one of them has a wrong value: ' +
          `${args.join(' ').replaceAll('--', '')}.`,
      );
    }
    try {
      const settled = enter(session, database);
      return { key, session, comment, settled };
    } catch (error) {
      session.close();
      throw ClickHouseException.from(error);
    }
  }
}

function enter(session: Session, database: string | undefined): boolean {
  try {
    session.query(`USE ${quotedName(database ?? 'faultline')}`);
    return true;
  } catch (error) {
    if (database !== undefined) throw error;
    return false;
  }
}

/**
 * Gives `{name:Type}` placeholders their values, in the escaping that HTTP sends them in.
 *
 * chDB's own binding (`queryBind`) is not used: its state is shared by all connections of a
 * process, so queries that run at once could get each other's values. `SET param_…` belongs to
 * the connection, and the engine binds the value on its side all the same.
 *
 * @throws ClickHouseException 36 for a name that is no identifier.
 */
function setParams(session: Session, params: Readonly<Record<string, string>>): void {
  const all = Object.entries(params);
  if (all.length === 0) return;
  const wrong = all.find(([name]) => !/^\w+$/.test(name));
  if (wrong) {
    throw new ClickHouseException(ErrorCode.BAD_ARGUMENTS, `Wrong parameter name '${wrong[0]}'.`);
  }
  session.query(
    `SET ${all.map(([name, value]) => `param_${name} = ${quotedText(value)}`).join(', ')}`,
  );
}

function quotedText(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&').replaceAll('\0', '\\0')}'`;
}

function quotedName(name: string): string {
  return `\`${name.replace(/[\\`]/g, '\\$&')}\``;
}

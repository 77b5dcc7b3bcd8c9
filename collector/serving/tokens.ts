// Bearer tokens: who may come through a door.
import { createHash, timingSafeEqual } from 'node:crypto';

/** What a door makes of an `Authorization` header. */
export type Verdict = 'granted' | 'unauthenticated' | 'forbidden';

/** A set of bearer tokens. Keeps only hashes, so that no log, dump or error can show a token. */
export class TokenSet {
  private readonly hashes: readonly Buffer[];

  constructor(tokens: readonly string[]) {
    this.hashes = tokens.map(sha256);
  }

  /** How many tokens there are. */
  get size(): number {
    return this.hashes.length;
  }

  /**
   * Whether the header carries one of the tokens. Takes as long for a wrong token as for a right one:
   * hashes have one length, and all are compared.
   * @param authorization value of an `Authorization` header or of the gRPC metadata of that name
   */
  has(authorization: string | undefined): boolean {
    const token = /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) return false;
    const given = sha256(token);
    let found = false;
    for (const hash of this.hashes) found = timingSafeEqual(hash, given) || found;
    return found;
  }
}

/** Says for an `Authorization` header whether its bearer may pass. */
export type AccessCheck = (authorization: string | undefined) => Verdict;

/**
 * Checks for those who send telemetry: whether they may send at all, and whether what they send may
 * change the history, as spans of evolutions and of changes of groups do.
 */
export interface IngestAccess {
  send: AccessCheck;
  change: AccessCheck;
}

/**
 * Sending needs an ingest token where there are any, or a token that may change. Changing needs what it
 * needs at the query service.
 * @param history @default everyone may change
 */
export function ingestAccess(
  ingest: readonly string[],
  { administer }: Pick<HistoryAccess, 'administer'> = historyAccess([], []),
): IngestAccess {
  const tokens = new TokenSet(ingest);
  const isOpen = administer(undefined) === 'granted';
  const maySend = (authorization: string | undefined): boolean =>
    tokens.size === 0 ||
    tokens.has(authorization) ||
    (!isOpen && administer(authorization) === 'granted');
  return {
    send: (authorization) => (maySend(authorization) ? 'granted' : 'unauthenticated'),
    change: administer,
  };
}

/** Checks for those who ask (`read`) and for those who change something (`administer`). */
export interface HistoryAccess {
  read: AccessCheck;
  administer: AccessCheck;
}

/**
 * With query tokens, reading needs one of them or an admin token. Changing something needs an admin
 * token where there are any, else what reading needs. Without tokens everyone may.
 */
export function historyAccess(query: readonly string[], admin: readonly string[]): HistoryAccess {
  const readers = new TokenSet(query);
  const admins = new TokenSet(admin);
  const read: AccessCheck = (authorization) => {
    if (readers.size === 0 || readers.has(authorization)) return 'granted';
    return admins.has(authorization) ? 'granted' : 'unauthenticated';
  };
  const administer: AccessCheck = (authorization) => {
    if (admins.size === 0) return read(authorization);
    if (admins.has(authorization)) return 'granted';
    return readers.has(authorization) ? 'forbidden' : 'unauthenticated';
  };
  return { read, administer };
}

function sha256(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

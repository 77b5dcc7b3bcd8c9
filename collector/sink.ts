// Where the rows of a request go. A durable queue will stand behind the same interface.
import type { Rows } from './rows.ts';

export interface Sink {
  /**
   * Resolves only when all rows are stored.
   * @throws SinkUnavailable when they could not be stored now; the sender should try again
   * @throws SinkRefused when the store will never take them
   */
  accept(rows: Rows): Promise<void>;
}

export class SinkUnavailable extends Error {
  override name = 'SinkUnavailable';
}

export class SinkRefused extends Error {
  override name = 'SinkRefused';
}

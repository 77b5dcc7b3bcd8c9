// What was told to whom about groups: the log of alerts.
import type { z } from 'zod';
import { decodeCursor, encodeCursor, storedForm } from '../../base/cursor.ts';
import { parseInput } from '../../base/input.ts';
import type { Page } from '../../base/schemas.ts';
import type { Store } from '../../base/store.ts';
import { type Alert, alert, alertsQuery } from './schemas.ts';

/** Which alerts to list. */
export type AlertsOptions = z.input<typeof alertsQuery>;

export interface AlertsHistory {
  /** What was told about groups, or waits to be: one item an alert and receiver, newest first. */
  alerts(options?: AlertsOptions): Promise<Page<Alert>>;
}

export function alertsQuestions(store: Store): AlertsHistory {
  return {
    async alerts(options = {}) {
      const { agent = '', status = '', since, limit, cursor } = parseInput(alertsQuery, options);
      const before = cursor ? decodeCursor(cursor, () => true) : undefined;
      const rows = await store.rows(
        'alerts',
        {
          agent,
          status,
          since: since ? storedForm(since) : '1970-01-01 00:00:00',
          before_timestamp: before?.timestamp ?? '2262-01-01 00:00:00',
          before_id: before?.id ?? '',
          limit: limit + 1,
        },
        alert,
      );
      const items = rows.slice(0, limit);
      const last = items.at(-1);
      const next_cursor =
        last && rows.length > limit
          ? encodeCursor({ timestamp: last.timestamp, id: `${last.alert_id}/${last.receiver}` })
          : null;
      return { items, next_cursor };
    },
  };
}

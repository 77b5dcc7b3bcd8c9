// The log of alerts: what was reported to whom about groups.
import { z } from 'zod';
import { keyset, pageFrom } from '../../base/cursor.ts';
import { instant, page, pageOf } from '../../base/fields.ts';
import { question } from '../../base/question.ts';
import { ALERT_STATUSES } from '../../base/states.ts';

/** The changes of a group that an alert may report. */
export const ALERT_CHANGES = ['new', 'regressed', 'escalating', 'harmful'] as const;
/** A change of a group that rules can be about. */
export type AlertChange = (typeof ALERT_CHANGES)[number];

/** One alert at one receiver. */
const alert = z.object({
  timestamp: instant.describe('When the change was found'),
  alert_id: z.string().describe('The same in every try and at every receiver'),
  receiver: z.string(),
  rule: z.string(),
  change: z.enum(ALERT_CHANGES),
  agent_id: z.string(),
  fingerprint: z.string().describe('The group'),
  since: instant.describe('Since when the group is so; for a verdict, the first attempt after'),
  status: z.enum(ALERT_STATUSES),
  tries: z.coerce.number().int(),
  last_error: z.string().describe("Why the last try failed; '' when none did"),
  updated_at: instant.describe('When the status or the number of tries last changed'),
});
/** An alert to one receiver, and what became of it. */
export type Alert = z.infer<typeof alert>;

/** The log of alerts: one item an alert and receiver, newest first. */
export const alerts = question({
  summary: 'Which changes of groups were sent and to whom, or wait to be sent, newest first',
  path: '/alerts',
  input: z.strictObject({
    agent: z.string().min(1).optional(),
    status: z.enum(ALERT_STATUSES).optional(),
    ...page(),
  }),
  output: pageOf(alert),
  async answer({ agent = '', status = '', ...page }, { store }) {
    const rows = await store.rows('alerts', { agent, status, ...keyset(page, () => true) }, alert);
    return pageFrom(rows, page.limit, ({ timestamp, alert_id, receiver }) => ({
      timestamp,
      id: `${alert_id}/${receiver}`,
    }));
  },
});

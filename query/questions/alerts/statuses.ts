// Apart from the schemas, so that help does without them.

/** What became of an alert at one receiver: it waits, was taken with a 2xx, or was given up. */
export const ALERT_STATUSES = ['pending', 'sent', 'failed'] as const;
export type AlertStatus = (typeof ALERT_STATUSES)[number];

/** What a group can be, the most urgent first. */
export const GROUP_STATES = [
  'regressed',
  'escalating',
  'new',
  'ongoing',
  'resolved',
  'ignored',
] as const;
export type GroupState = (typeof GROUP_STATES)[number];

/** What became of an alert at one receiver: it waits, was taken with a 2xx, was given up, or is part of a digest. */
export const ALERT_STATUSES = ['pending', 'sent', 'failed', 'digested'] as const;
export type AlertStatus = (typeof ALERT_STATUSES)[number];

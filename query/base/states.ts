/** What a group can be, the most urgent first. */
export const GROUP_STATES = [
  'regressed',
  'escalating',
  'new',
  'ongoing',
  'resolved',
  'ignored',
] as const;
/** What a group is now; see decision 13 for what moves it. */
export type GroupState = (typeof GROUP_STATES)[number];

/** What became of an alert at one receiver: it waits, was taken with a 2xx, was given up, or is part of a digest. */
export const ALERT_STATUSES = ['pending', 'sent', 'failed', 'digested'] as const;
/** `digested`: sent as a part of one message about many changes. */
export type AlertStatus = (typeof ALERT_STATUSES)[number];

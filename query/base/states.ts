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

// Groups and what is said about them, as zod schemas.
import { z } from 'zod';
import {
  FAILURE_CLASS_VALUES,
  GROUP_EVENT_KIND_VALUES,
} from '../../../instrumentation/semconv/index.ts';
import {
  classAndText,
  count,
  fingerprint,
  flag,
  instant,
  page,
  pageOf,
  since,
  storedName,
} from '../../base/fields.ts';
import { GROUP_STATES } from '../../base/states.ts';
import { evolution } from '../evolutions/schemas.ts';
import { impact } from '../impact/impact.ts';
import { effect, VERDICTS } from '../ledger/schemas.ts';

/** Names a group: any fingerprint that is in it will do. */
export const groupName = z.strictObject({ fingerprint });

export type { GroupState } from '../../base/states.ts';

/** A change of a group as it is stored. */
export const groupEvent = z.object({
  timestamp: instant,
  event_id: z.guid(),
  agent_id: z.string(),
  fingerprint: z.string(),
  kind: z.enum(GROUP_EVENT_KIND_VALUES),
  other_fingerprint: z.string(),
  value: z.string(),
  author: z.string(),
  reason: z.string(),
  evolution_id: z.string(),
});
/** Something that was said or decided about a group. */
export type GroupEvent = z.infer<typeof groupEvent>;

const said = {
  event_id: z.guid().optional().describe('Sent again with the same id it changes nothing'),
  author: z.string().max(256).default('queen'),
  reason: z.string().max(4096).optional(),
};

/** A change of a group to be remembered. */
export const groupChange = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({
      kind: z.literal('resolve'),
      evolution_id: storedName
        .optional()
        .describe('The fix. Only failures on versions made after it are a regression then'),
      ...said,
    }),
    z.strictObject({ kind: z.literal('ignore'), ...said }),
    z.strictObject({ kind: z.literal('reopen'), ...said }),
    z.strictObject({
      kind: z.literal('merge'),
      other_fingerprint: fingerprint.describe('The group that it goes into'),
      ...said,
    }),
    z.strictObject({ kind: z.literal('split'), ...said }),
    z.strictObject({
      kind: z.literal('accept'),
      other_fingerprint: fingerprint
        .optional()
        .describe(
          'The group that it was proposed to be one with; only needed where there are several',
        ),
      ...said,
    }),
    z.strictObject({
      kind: z.literal('dismiss'),
      other_fingerprint: fingerprint
        .optional()
        .describe('The group that it is not one with; only needed where several are proposed'),
      ...said,
    }),
    z.strictObject({
      kind: z.literal('annotate'),
      value: z
        .enum([...FAILURE_CLASS_VALUES, ''])
        .describe('The class that the group has; empty takes an annotation back'),
      ...said,
    }),
    z.strictObject({
      kind: z.literal('note'),
      value: z.string().min(1).max(4096).describe('The text of the note'),
      ...said,
    }),
  ],
  'expected one of resolve, ignore, reopen, merge, split, accept, dismiss, annotate, note',
);
/** Something to say about a group, by its `kind`. */
export type GroupChange = z.input<typeof groupChange>;

/** Which groups to list, those that failed last first. */
export const groupsQuery = z.strictObject({
  agent: z.string().min(1).optional(),
  node: z.string().min(1).optional().describe('Groups with a fingerprint of this node'),
  state: z.enum(GROUP_STATES).optional(),
  ...classAndText,
  ...page(),
  since: since.optional().describe('Groups that failed since then; their counts are of all time'),
  sort: z
    .enum(['last_seen', 'impact'])
    .default('last_seen')
    .describe('What comes first: what failed last, or what ends most runs on the version in use'),
  trend: flag
    .optional()
    .describe('With the hours in which each failed, and the verdict on its last evolution'),
});

/** What a person or the Queen says that the class of a group is. */
const annotation = z.object({
  class: z.string(),
  author: z.string(),
  reason: z.string(),
  timestamp: instant,
});

const hourly = z
  .array(z.object({ hour: instant, failures: count }))
  .describe('Hours of the last eight days in which it failed, the oldest first');

/** One problem: all failures of some fingerprints. */
export const group = z.object({
  fingerprint: z.string().describe('The id of the group'),
  fingerprints: z.array(z.string()).describe('All that are in it, the id first'),
  agent_id: z.string(),
  state: z.enum(GROUP_STATES),
  since: instant.describe('Since when it is in this state'),
  why: z.string().describe('Why it is in this state, in words'),
  class: z.string().describe('The annotated class, otherwise that of the last failure'),
  annotation: annotation.nullable(),
  failure_classes: z.array(z.string()).describe('Classes that its failures have'),
  contradiction: z
    .string()
    .nullable()
    .describe('How the classes of its failures, or the annotation, contradict each other'),
  level: z.string(),
  node_id: z.string(),
  node_ids: z.array(z.string()),
  error_type: z.string(),
  template: z.string(),
  failures: count,
  runs: count,
  inputs: count.describe('Distinct inputs that are known by their digest'),
  first_seen: instant,
  last_seen: instant,
  last_failure_id: z.string(),
  graph_snapshot_refs: z.array(z.string()).describe('Versions that it failed on, the newest first'),
  last_evolution: z
    .object({
      evolution_id: z.string(),
      timestamp: instant,
      status: z.string(),
      resolution: z.string(),
      verdict: z
        .enum(VERDICTS)
        .optional()
        .describe('What it did to the group, as far as asked for'),
    })
    .nullable()
    .describe('The newest evolution that targets it'),
  hourly: hourly.optional(),
  impact: impact
    .optional()
    .describe('Runs that it met and ended: of one group, and where sorted by it'),
});
/** Failures that are one problem, as lists have it. */
export type Group = z.infer<typeof group>;

/** `next_cursor` may be there with few items, or none, where hardly any group fits. */
export const groupsPage = pageOf(group).extend({
  searched: count
    .optional()
    .describe(
      'Fingerprints that were looked at, where the search for more ended before the list did',
    ),
});
export type GroupsPage = z.infer<typeof groupsPage>;

/** Two groups that may be one problem, as long as nobody accepted or dismissed it. */
export const proposal = z.object({
  fingerprint: z.string().describe('The group that would go into the other one'),
  other_fingerprint: z.string(),
  reason: z.string().describe('What they have in common, in words'),
  evidence: z.string().describe('A message of each'),
  author: z.string(),
  timestamp: instant,
});
export type Proposal = z.infer<typeof proposal>;

/** One group with all that is known of it. */
export const groupDetail = group.extend({
  members: z.array(
    z.object({
      fingerprint: z.string(),
      node_id: z.string(),
      error_type: z.string(),
      template: z.string(),
      failures: count,
      first_seen: instant.nullable(),
      last_seen: instant.nullable(),
      joined: instant.nullable().describe('When it was merged into the group'),
    }),
  ),
  proposals: z
    .array(proposal)
    .describe('Groups that it looks like, for somebody to accept or dismiss'),
  versions: z.array(
    z.object({
      graph_snapshot_ref: z.string(),
      failures: count,
      first_seen: instant,
      last_seen: instant,
    }),
  ),
  events: z.array(groupEvent).describe('What was said about it, the newest first'),
  effects: z.array(effect).describe('What evolutions that target it did, the newest first'),
  evolutions: z.array(evolution).describe('Those that `effects` are of, in the same order'),
  recent_failure_ids: z.array(z.string()),
  hourly,
});
/** A group with members, versions, fixes, events and hours. */
export type GroupDetail = z.infer<typeof groupDetail>;

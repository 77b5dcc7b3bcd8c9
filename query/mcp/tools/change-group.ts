// change_failure_group: resolve, ignore, reopen, merge, split, annotate or note.
import { z } from 'zod';
import { storedName } from '../../base/fields.ts';
import { parseInput } from '../../base/input.ts';
import { quoteId } from '../../base/quote.ts';
import { type GroupChange, groupChange } from '../../questions/groups/schemas.ts';
import { tool } from '../tool.ts';
import { filters } from './fields.ts';

const kinds = groupChange.options.map((option) => option.shape.kind.value);

export const changeFailureGroup = tool({
  name: 'change_failure_group',
  title: 'Change a failure group',
  description:
    'Says something about a problem: resolve it (with evolution_id, so that only failures on newer ' +
    'versions count as a regression), ignore, reopen, merge it into other_fingerprint, split it off again, ' +
    'annotate it with a class in value, or add a note. Use it when you know it, not to hide a failure.',
  changes: true,
  input: z.strictObject({
    fingerprint: filters.fingerprint,
    kind: z.enum(kinds),
    evolution_id: storedName.optional().describe('for resolve: the fix'),
    other_fingerprint: filters.fingerprint.optional().describe('for merge: the group it goes into'),
    value: z.string().max(4096).optional().describe('for annotate: the class; for note: the text'),
    author: z.string().max(256).optional().describe('who says so; default queen'),
    reason: z.string().max(4096).optional(),
  }),
  output: z.object({ event_id: z.string(), fingerprint: z.string(), kind: z.string() }),
  async ask(history, { fingerprint, ...said }) {
    const given = Object.fromEntries(
      Object.entries(said).filter(([, value]) => value !== undefined),
    );
    parseInput(groupChange, given);
    const event = await history.changeGroup(fingerprint, given as GroupChange);
    return {
      text: `Recorded: ${event.kind} of ${quoteId(event.fingerprint)}.`,
      data: { event_id: event.event_id, fingerprint: event.fingerprint, kind: event.kind },
      next: [
        {
          tool: 'get_failure_group',
          arguments: { fingerprint },
          why: 'shows the group as it is now',
        },
      ],
    };
  },
});

// change_failure_group: resolve, ignore, reopen, merge, split, annotate or note.
import { z } from 'zod';
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
    'Resolve a group (with the evolution that fixed it, so that only failures on newer versions count as ' +
    'a regression), ignore or reopen it, merge it into another, split it off again, accept or dismiss ' +
    'what it is proposed to be one with, annotate it with a class as text, or note a text. Use it when ' +
    'you know it, not to hide a failure.',
  changes: true,
  input: z.strictObject({
    group: filters.group,
    change: z.enum(kinds),
    evolution: filters.evolution.optional(),
    into: filters.group.optional(),
    text: z.string().max(4096).optional(),
    author: z.string().max(256).optional(),
    reason: z.string().max(4096).optional(),
  }),
  output: z.object({ event_id: z.string(), fingerprint: z.string(), kind: z.string() }),
  async ask(history, { group, change, evolution, into, text, author, reason }) {
    const event = await history.changeGroup(
      group,
      changeOf({
        kind: change,
        evolution_id: evolution,
        other_fingerprint: into,
        value: text,
        author,
        reason,
      }),
    );
    return {
      text: `Recorded: ${event.kind} of ${quoteId(event.fingerprint)}.`,
      data: { event_id: event.event_id, fingerprint: event.fingerprint, kind: event.kind },
      next: [
        {
          tool: 'get_failure_group',
          arguments: { group },
          why: 'shows the group as it is now',
        },
      ],
    };
  },
});

function changeOf(fields: Record<string, string | undefined>): GroupChange {
  const given = Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  );
  parseInput(groupChange, given);
  return given as GroupChange;
}

// The verb that tells why an agent became what it is.
import type { Command } from 'commander';
import type { TimelineEvent } from '../../../query/questions/timeline/schemas.ts';
import { answer, filters, type ListFlags, list } from '../service.ts';
import { examples } from '../terminal/help.ts';
import { table } from '../terminal/output.ts';

export function addTimelineVerb(program: Command): void {
  examples(
    list(
      program,
      'timeline',
      'what happened to an agent: versions, evolutions, groups, newest first',
    ),
    'faultline timeline --agent invoice-agent --since 7d',
  )
    .requiredOption('--agent <id>', 'the agent')
    .action(
      answer(async (history, flags: ListFlags & { agent: string }) => {
        const { agent: _agent, ...options } = filters(flags);
        const value = await history.timeline(flags.agent, options);
        const rows = value.items.map((event) => [
          event.timestamp.slice(0, 19),
          event.kind.replaceAll('_', ' '),
          describe(event),
        ]);
        const text = rows.length
          ? table([{ name: 'time', whole: true }, { name: 'what', whole: true }, 'details'], rows)
          : 'nothing is known';
        return { value, text };
      }),
    );
}

function describe(event: TimelineEvent): string {
  switch (event.kind) {
    case 'version_first_seen':
      return `${event.graph_snapshot_ref}${event.nodes.length ? `: ${event.nodes.join(', ')}` : ''}`;
    case 'evolution': {
      const verdicts = event.verdicts.map(
        ({ fingerprint, verdict, rate_ratio }) =>
          `${verdict} on ${fingerprint}${rate_ratio === null ? '' : ` (ratio ${rate_ratio.toFixed(3)})`}`,
      );
      const told = verdicts.join(', ') || 'no target is known';
      return `${event.evolution_id}, ${event.status} by ${event.author || 'unknown'}: ${told}; ${event.resolution}`;
    }
    case 'group_appeared':
      return `${groupText(event)} on ${event.graph_snapshot_ref || 'unknown version'}`;
    case 'group_vanished':
      return `${groupText(event)}; since then ${event.attempts_since} attempts on ${event.graph_snapshot_ref} and later`;
    case 'group_event': {
      const what = [event.other_fingerprint, event.value, event.evolution_id].filter(Boolean);
      return `${event.change} ${[event.fingerprint, ...what].join(' ')} by ${event.author || 'unknown'}${event.reason ? `: ${event.reason}` : ''}`;
    }
  }
}

const groupText = (event: Extract<TimelineEvent, { node_id: string }>): string =>
  `${event.fingerprint} ${event.node_id || 'graph'} ${event.error_type} (${event.failures} failures)`;

// The verb that looks for failures that are like another.

import type { Command } from 'commander';
import { oneLine } from '../../../query/base/text.ts';
import type { SimilarGroup } from '../../../query/questions/similar/question.ts';
import { answer, filters, type ListFlags, list } from '../service.ts';
import { examples } from '../terminal/help.ts';

const MESSAGE = 200;

export function addSimilarVerb(program: Command): void {
  examples(
    list(
      program,
      'similar',
      'the groups that are most like a failure, and what was tried there',
      false,
    ),
    'faultline similar --failure 9741c581-438b-8678-9607-526a491ab711',
    'faultline similar --text "cannot read total of invoice 17" --agent invoice-agent',
  )
    .option('--failure <id>', 'the failure to compare with')
    .option('--text <message>', 'a message to compare with, instead')
    .option('--agent <id>', 'only groups of this agent')
    .option('--node <id>', 'only groups of this node')
    .action(
      answer(async (history, flags: ListFlags) => {
        const value = await history.similarFailures(filters(flags));
        return { value, text: describeSimilar(value.items) };
      }),
    );
}

export function describeSimilar(groups: readonly SimilarGroup[]): string {
  if (groups.length === 0) return 'nothing similar is known';
  return groups.map((group) => linesOf(group).join('\n')).join('\n\n');
}

function linesOf(group: SimilarGroup): string[] {
  const where = `${group.agent_id}, node ${group.node_id || '(graph)'}`;
  return [
    oneLine(`${group.score.toFixed(2)}  ${group.fingerprint}  ${where}`),
    ...[
      `${group.error_type}: ${group.template.slice(0, MESSAGE)}`,
      `${group.why}; words: ${group.shared_words.join(', ') || 'none'}${group.shared_frames.length > 0 ? `; frames: ${group.shared_frames.join(', ')}` : ''}`,
      `${group.failures} failures, last ${group.last_seen.slice(0, 19)} (${group.last_failure_id})`,
      ...group.fixes.map(
        (fix) =>
          `fix ${fix.evolution_id} (${fix.status}, ${fix.verdict ?? 'not judged'}): ${fix.resolution}`,
      ),
      ...(group.fixes.length > 0 ? [] : ['no fix was tried']),
    ].map((line) => `      ${oneLine(line)}`),
  ];
}

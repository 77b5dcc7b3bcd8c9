// before_evolving: puts the brief before the model, and says what to do with it.
import { completable, type McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { storedName } from '../base/fields.ts';
import { quoteId } from '../base/quote.ts';
import type { History } from '../history.ts';
import { describeError } from './errors.ts';

const SUGGESTIONS = 20;

interface PromptOptions {
  history: History;
  report: (error: unknown) => void;
}

export function addPrompts(server: McpServer, { history, report }: PromptOptions): void {
  const agent = completable(storedName.describe('id of the agent to be evolved'), async (start) => {
    const { items } = await history.agents().catch(() => ({ items: [] }));
    const ids = items.map(({ agent_id }) => agent_id).filter((id) => id.startsWith(start));
    return ids.slice(0, SUGGESTIONS);
  });
  server.registerPrompt(
    'before_evolving',
    {
      title: 'Before evolving an agent',
      description: 'The failure history of an agent, and how to use it in changing the agent',
      argsSchema: z.object({ agent }),
    },
    async (args) => {
      const { markdown } = await history.brief(args.agent).catch((error: unknown) => {
        throw new Error(describeError(error, report));
      });
      return {
        messages: [{ role: 'user', content: { type: 'text', text: guide(args.agent, markdown) } }],
      };
    },
  );
}

const guide = (agent: string, brief: string): string =>
  `You are about to change agent ${quoteId(agent)}. This is what is known of it.

${brief}
1. Choose what to fix: what ends most runs comes first.
2. See what was tried with get_failure_group and how it fails with get_failure; where it began with a
   version, compare versions with diff_graphs.
3. Do not repeat a fix that was ineffective or harmful. Where exposure was too small, say so.
4. After the change call record_evolution with the fingerprints that it targets and the new graph.
`;

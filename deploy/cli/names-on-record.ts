// What an empty list says instead of rows: whether the agent and node that were asked for exist, and which do.
import { NotFoundError, UnavailableError } from '../../query/base/errors.ts';
import { quoteId } from '../../query/base/quote.ts';
import type { History } from '../../query/history.ts';

/** What was asked for, as flags of a verb. */
export interface NameFlags {
  agent?: string;
  node?: string;
  json?: boolean;
  watch?: string | true;
}

/** Names that are listed. */
const SHOWN = 10;

/**
 * A line such as ``no failures of agent `x`; agents on record: `a`, `b` ``. Where no person reads it once (`--json`,
 * `--watch`), nothing more is asked of the service and it is `none`.
 *
 * @param none what the list holds none of: `no failures`
 */
export async function emptyListText(
  history: History,
  none: string,
  { agent, node, json, watch }: NameFlags,
): Promise<string> {
  if (json || watch !== undefined) return none;
  try {
    const { hint } = await history.skippedSpans(agent ? { service: agent } : {});
    const text = await withNames(history, none, agent, node);
    return hint ? `${text}\n${hint}` : text;
  } catch (error) {
    // The list was answered; it can do without names, as from a service that is older.
    if (error instanceof UnavailableError || error instanceof NotFoundError) return none;
    throw error;
  }
}

async function withNames(
  history: History,
  none: string,
  agent: string | undefined,
  node: string | undefined,
): Promise<string> {
  if (!agent) {
    return `${none}${node ? ` of node ${quoteId(node)}` : ''}; ${await agentsOnRecord(history)}`;
  }
  const ofAgent = `of agent ${quoteId(agent)}`;
  if ((await history.agents({ agent, limit: 1 })).items.length === 0) {
    return `${none} ${ofAgent}; ${await agentsOnRecord(history)}`;
  }
  if (!node) return `${none} ${ofAgent}, which is on record`;
  const found = await history.nodes(agent, { node, versions: 'all', limit: 1 });
  return found.items.length > 0
    ? `${none} of node ${quoteId(node)} ${ofAgent}, which is on record`
    : `node ${quoteId(node)} is not on record for agent ${quoteId(agent)}; ${await nodesOnRecord(history, agent)}`;
}

async function agentsOnRecord(history: History): Promise<string> {
  const { items } = await history.agents({ limit: SHOWN + 1 });
  const names = items.map(({ agent_id }) => agent_id);
  return names.length > 0 ? `agents on record: ${listed(names)}` : 'no agent is on record yet';
}

async function nodesOnRecord(history: History, agent: string): Promise<string> {
  const { items } = await history.nodes(agent, { versions: 'all', limit: 500 });
  const names = [...new Set(items.map(({ node_id }) => node_id))];
  return names.length > 0 ? `its nodes: ${listed(names)}` : 'none of its nodes is';
}

const listed = (names: readonly string[]): string =>
  names.slice(0, SHOWN).map(quoteId).join(', ') + (names.length > SHOWN ? ' and more' : '');

// Which names distinguish one agent or node from another, and last. Frameworks make ids up for each process, run
// or object, and give the same name to everybody who gave none.

import type { Meaning } from './dialect.ts';

const UUID = '[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}';
/** Digits and letters of hex in one piece, with at least one of each; or many digits. */
const HEX = '(?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{10,}|0x[0-9a-fA-F]{6,}|[0-9]{9,}';
/** ULIDs and the like. */
const ULID = '(?<![A-Za-z0-9])[0-7][0-9A-HJKMNP-TV-Z]{25}';
const RANDOM = new RegExp(`${UUID}|${ULID}|(?<![A-Za-z0-9])(?:${HEX})(?![A-Za-z0-9])`);
const RANDOM_PARTS = new RegExp(
  `[\\s_./:@#-]*(?:${UUID}|${ULID}|(?<![A-Za-z0-9])(?:${HEX})(?![A-Za-z0-9]))`,
  'g',
);

/** Names that say no more than that there is one, as frameworks give them. */
const DEFAULTS = new Set([
  '',
  'agent',
  'agents',
  'ai agent',
  'openai agent',
  'assistant',
  'assistant_agent',
  'strands agents',
  'strands agent',
  'chatagent',
  'codeagent',
  'toolcallingagent',
  'agentexecutor',
  'agent workflow',
  'langgraph',
  'runnablesequence',
  'crew',
  'flow',
  'graph',
  'pipeline',
  'workflow',
  'invocation',
  'chain',
  'default',
  'main',
  'root',
  'none',
  'null',
  'undefined',
  'unknown',
  'unnamed',
  'n/a',
]);

/** Whether a part of an id was made up by a machine. */
export function isRandom(id: string): boolean {
  return RANDOM.test(id);
}

/** The name without its random parts; '' when nothing meaningful is left. */
export function lastingName(name: string): string {
  const rest = name.replace(RANDOM_PARTS, '').trim();
  return DEFAULTS.has(rest.toLowerCase()) ? '' : rest;
}

/** The id when it lasts and is nobody's default; otherwise ''. */
export function lastingId(id: string): string {
  return isRandom(id) || DEFAULTS.has(id.toLowerCase()) ? '' : id;
}

/** A part with its name, where a node goes by it and an agent as well. */
export function namedPart(part: Meaning['part'], name: string): Meaning {
  const nodeId = lastingName(name);
  return part === 'node' ? { part, nodeId } : { part, nodeId, agentName: nodeId };
}

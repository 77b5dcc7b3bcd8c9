// The topology of agents that hand off to each other, found by walking from the one that a run starts with.
// Instructions are part of it, redacted: they are what an evolution changes most.
import { readProperty } from '../../core/exception.ts';
import { guarded } from '../../core/guard.ts';
import { redactorOf } from '../../core/redactor.ts';
import { type Snapshot, snapshotOf } from '../../core/snapshot.ts';
import type { Redactor } from '../../redaction/index.ts';
import { canonicalJson, toPlain } from '../../redaction/plain.ts';
import { codeOf } from '../shared/code.ts';
import type { Agent, Handoff, Tool } from './internal-types.ts';

interface Known {
  readonly text: string;
  readonly snapshot: Snapshot;
}

/** Agents can be changed between runs, so what they were is kept to see whether they were. */
const known = new WeakMap<object, Known>();
const MAX_AGENTS = 200;

/**
 * The snapshot of all agents that can be reached: `{id, nodes:[{id, type:'agent', instructions, model,
 * tools, …}], edges:[{source, target, condition}], entry}`, where `condition` is the handoff's tool. A
 * function is known by a hash of its source.
 * @param model the runner's, for agents that have none
 */
export function agentsSnapshot(
  start: Agent,
  id: string,
  model: unknown,
  redactor?: Redactor,
): Snapshot {
  const body = guarded(() => bodyOf(start, id, model), { id, nodes: [], edges: [] });
  const plain = toPlain(body);
  const text = canonicalJson(plain);
  const before = known.get(start);
  if (before?.text === text) return before.snapshot;
  const redacted = guarded(
    () => redactorOf(redactor)(plain, ['graph']).value,
    toPlain({ id, nodes: [], edges: [] }),
  );
  const snapshot = snapshotOf(redacted);
  known.set(start, { text, snapshot });
  return snapshot;
}

function bodyOf(start: Agent, id: string, model: unknown): object {
  const agents = new Set<Agent>([start]);
  const edges: object[] = [];
  // A set that grows while it is walked is walked to its end.
  for (const agent of agents) {
    for (const handoff of listOf(agent.handoffs)) {
      const target = targetOf(handoff);
      if (target && agents.size < MAX_AGENTS) agents.add(target);
      edges.push({
        source: agent.name,
        target: target?.name ?? (handoff as Handoff).agentName,
        condition: (handoff as Handoff).toolName,
        input_filter: codeOf((handoff as Handoff).inputFilter),
      });
    }
  }
  const nodes = [...agents].map((agent) => guarded(() => nodeOf(agent, model), { id: agent.name }));
  return { id, nodes, edges, entry: start.name };
}

function nodeOf(agent: Agent, model: unknown): object {
  const names = (list: readonly { name?: string }[] | undefined) =>
    listOf(list).length > 0 ? listOf(list).map(({ name }) => name) : undefined;
  return {
    id: agent.name,
    type: 'agent',
    instructions: textOrCode(agent.instructions),
    handoff_description: agent.handoffDescription || undefined,
    model: modelName(agent.model) ?? modelName(model),
    model_settings: agent.modelSettings,
    output_type: textOrCode(agent.outputType) ?? agent.outputSchemaName,
    tool_use: textOrCode(agent.toolUseBehavior) ?? agent.toolUseBehavior,
    tools: listOf(agent.tools).length > 0 ? listOf(agent.tools).map(toolOf) : undefined,
    mcp_servers: names(agent.mcpServers),
    input_guardrails: names(agent.inputGuardrails),
    output_guardrails: names(agent.outputGuardrails),
  };
}

function toolOf({ type, name, description, parameters }: Tool): object {
  return { name, type, description, parameters };
}

function targetOf(handoff: Agent | Handoff): Agent | undefined {
  if ('agent' in handoff) return handoff.agent;
  return Array.isArray(readProperty(handoff, 'handoffs')) ? (handoff as Agent) : undefined;
}

function listOf<T>(list: readonly T[] | undefined): readonly T[] {
  return Array.isArray(list) ? list : [];
}

function modelName(model: unknown): string | undefined {
  if (typeof model === 'string') return model || undefined;
  const maker = readProperty(readProperty(model, 'constructor'), 'name');
  return typeof maker === 'string' ? maker : undefined;
}

function textOrCode(value: unknown): string | undefined {
  return typeof value === 'string' ? value || undefined : codeOf(value);
}

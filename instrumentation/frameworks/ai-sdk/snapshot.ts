// The topology of a call, as far as the SDK reports it: the model with its instructions and settings, its tools
// with their schemas, and the loop between them.
import { guarded } from '../../core/guard.ts';
import { type Snapshot, snapshotOf } from '../../core/snapshot.ts';
import type { CallStart, PreparedTool } from './internal-types.ts';
import type { AiSdkGraph, AiSdkOptions } from './types.ts';

/** Id of the node that is the model. */
export const MODEL_NODE = 'model';

const MAX_KEPT = 200;
const known = new Map<string, Snapshot>();

/** Id of a tool's node: its name, unless that is the model's. */
export function toolNode(name: string): string {
  return name === MODEL_NODE ? `tool ${name}` : name;
}

/** The snapshot of a call; one that was seen before is not hashed again. */
export function aiSdkSnapshot(
  id: string,
  start: CallStart,
  tools: readonly PreparedTool[],
  change: AiSdkOptions['graph'],
): Snapshot {
  const graph = graphOf(id, start, tools);
  const changed = change ? guarded(() => change(graph), graph) : graph;
  const key = guarded(() => JSON.stringify(changed), undefined);
  const remembered = key !== undefined && known.get(key);
  if (remembered) return remembered;
  const snapshot = snapshotOf(changed);
  if (known.size >= MAX_KEPT) known.clear();
  if (key !== undefined) known.set(key, snapshot);
  return snapshot;
}

function graphOf(id: string, start: CallStart, tools: readonly PreparedTool[]): AiSdkGraph {
  const nodes = tools.map((tool) => ({
    id: toolNode(tool.name ?? tool.id ?? 'tool'),
    type: 'tool',
    ...(tool.type !== 'function' && { provider_tool: tool.id ?? tool.type, args: tool.args }),
    ...(tool.description !== undefined && { description: tool.description }),
    ...(tool.inputSchema !== undefined && { input_schema: tool.inputSchema }),
  }));
  const model = {
    id: MODEL_NODE,
    type: 'model',
    operation: start.operation,
    provider: start.provider,
    model: start.modelId,
    ...(start.instructions !== undefined && { instructions: start.instructions }),
    ...(start.toolChoice !== undefined && { tool_choice: start.toolChoice }),
    ...(start.maxRetries !== undefined && { max_retries: start.maxRetries }),
    ...(start.stopConditions !== undefined && { stop_conditions: start.stopConditions }),
    ...(Object.keys(start.settings).length > 0 && { settings: start.settings }),
  };
  const edges = nodes.flatMap((node) => [
    { source: MODEL_NODE, target: node.id, condition: 'tool_call' },
    { source: node.id, target: MODEL_NODE },
  ]);
  return { id, entry: MODEL_NODE, nodes: [model, ...nodes], edges };
}

// Auto-instrumentation of Inngest AgentKit: a network's run, or an agent's that runs by itself, is a run, each agent in
// it a node. AgentKit gives the model what a tool threw, serialized, so that is read from its answers.
import { readProperty } from '../../core/exception.ts';
import { guarded, sayOnce } from '../../core/guard.ts';
import { codeOf } from '../shared/code.ts';
import { FrameworkInstrumentation, type RunMeans, wrapMethod } from '../shared/framework.ts';
import { nameOf, openNode, openRun, type Place, places, record, textOf } from '../shared/nodes.ts';
import { reportOperation } from '../shared/operation.ts';

type Method = (this: object, ...args: unknown[]) => Promise<unknown>;
type StepTools = () => Promise<unknown>;

/**
 * Records the runs of AgentKit's networks and agents outside of Inngest's functions. List it in your SDK's
 * `instrumentations`, or let `faultline/register` do so; bundled apps call {@link manuallyInstrument}.
 */
export class AgentKitInstrumentation extends FrameworkInstrumentation {
  protected get packages() {
    const tested = ['0.13', '0.14'] as const;
    return [{ framework: 'AgentKit', name: '@inngest/agent-kit', tested, files: [] }];
  }

  /**
   * Instruments AgentKit where no hook could see it, such as in a bundle.
   * @param agentKit what `import * as agentKit from '@inngest/agent-kit'` gives
   */
  manuallyInstrument(agentKit: object): void {
    this.patch(agentKit);
  }

  protected patch(exports: object): object {
    const { means } = this;
    const stepTools = readProperty(exports, 'getStepTools') as StepTools | undefined;
    const records = async () => {
      if (!this.isEnabled()) return false;
      const isDurable = (await stepTools?.().catch(() => undefined)) !== undefined;
      if (isDurable) sayOnce('agentkit', DURABLE);
      return !isDurable;
    };
    wrapMethod<Method>(
      exports,
      'NetworkRun',
      'execute',
      (original) =>
        async function execute(this, ...args) {
          const work = () => Reflect.apply(original, this, args);
          if (places.getStore() || !(await records())) return await work();
          return await recorded(() => networkRun(this, args[0], means()), work);
        },
    );
    wrapMethod<Method>(
      exports,
      'Agent',
      'run',
      (original) =>
        async function run(this, ...args) {
          const work = () => Reflect.apply(original, this, args);
          const around = places.getStore();
          const node = (place: Place) => openNode(place, nameOf(this) ?? 'agent', 'agent', args[0]);
          if (around) return await recorded(() => node(around), work);
          if (!(await records())) return await work();
          return await recorded(
            () => agentRun(this, args[0], means()),
            () => recorded(() => node(places.getStore()!), work),
          );
        },
    );
    wrapMethod<Method>(
      exports,
      'Agent',
      'invokeTools',
      (original) =>
        async function invokeTools(this, ...args) {
          let results: unknown;
          try {
            results = await Reflect.apply(original, this, args);
          } catch (error) {
            guarded(() => noteMissingTool(error), undefined);
            throw error;
          }
          guarded(() => toolsAnswered(results, args[0]), undefined);
          return results;
        },
    );
    wrapMethod<Method>(
      exports,
      'AgenticModel',
      'infer',
      (original) =>
        async function infer(this, ...args) {
          try {
            return await Reflect.apply(original, this, args);
          } catch (error) {
            guarded(() => noteModelError(error), undefined);
            throw error;
          }
        },
    );
    return exports;
  }
}

const DURABLE =
  'AgentKit inside an Inngest function is not recorded: Inngest starts the function again for each step';

async function recorded(
  open: () => Place | undefined,
  work: () => Promise<unknown>,
): Promise<unknown> {
  const place = guarded(open, undefined);
  return place ? await record(place, work) : await work();
}

function networkRun(network: object, input: unknown, means: RunMeans | undefined) {
  const name = nameOf(network);
  const agents = readProperty(network, 'agents');
  const nodes = agents instanceof Map ? [...agents.values()].map(nodeOf) : [];
  const router = codeOf(readProperty(network, 'router'));
  const graph = { id: name, nodes, router, max_iter: readProperty(network, 'maxIter') };
  return means && openRun(start(name, graph, network, input), means);
}

function agentRun(agent: object, input: unknown, means: RunMeans | undefined) {
  const name = nameOf(agent);
  return means && openRun(start(name, { id: name, nodes: [nodeOf(agent)] }, agent, input), means);
}

function start(name: string | undefined, graph: object, owner: object, input: unknown) {
  const sessionId = readProperty(readProperty(owner, 'state'), 'threadId');
  return { name, otherwise: 'agentkit', graph: { ...graph }, sessionId, input };
}

function nodeOf(agent: unknown): object {
  const system = readProperty(agent, 'system');
  const tools = readProperty(agent, 'tools');
  return {
    id: nameOf(agent),
    type: 'agent',
    description: textOf(readProperty(agent, 'description')),
    instructions: textOf(system) ?? codeOf(system),
    model: readProperty(readProperty(readProperty(agent, 'model'), 'options'), 'model'),
    tools: (tools instanceof Map ? [...tools.values()] : []).map((tool: unknown) => ({
      name: nameOf(tool),
      description: textOf(readProperty(tool, 'description')),
      code: codeOf(readProperty(tool, 'handler')),
    })),
  };
}

/** What the agent fails by, most likely. */
function noteModelError(error: unknown): void {
  const place = places.getStore();
  if (!place) return;
  const details = { site: 'llm.call', evidence: { operation: 'chat' } } as const;
  Object.assign(place.failed, { error, details });
}

/** Nothing else throws out of there: the agent fails by it. */
function noteMissingTool(error: unknown): void {
  const place = places.getStore();
  const isMissing = String(readProperty(error, 'message')).includes('non-existent tool');
  if (!place || !isMissing) return;
  const details = { site: 'tool.call', class: 'tool.not_found' } as const;
  Object.assign(place.failed, { error, details });
}

/** Messages `{ tool: { name, id, input }, content: { error } }`. */
function toolsAnswered(results: unknown, asked: unknown): void {
  const place = places.getStore();
  if (!place || !Array.isArray(results)) return;
  for (const result of results) {
    const error = readProperty(readProperty(result, 'content'), 'error');
    if (error === undefined) continue;
    const target = nameOf(readProperty(result, 'tool')) ?? '';
    reportOperation(place, {
      kind: 'execute_tool',
      target,
      error,
      details: {
        site: 'tool.call',
        input: inputOf(asked, readProperty(readProperty(result, 'tool'), 'id')),
        evidence: { operation: 'execute_tool', target },
      },
      disposition: 'routed',
    });
  }
}

/** What the model asked a tool with; results have only a part of it. */
function inputOf(messages: unknown, id: unknown): unknown {
  for (const message of Array.isArray(messages) ? messages : []) {
    const tools = readProperty(message, 'tools');
    const found = (Array.isArray(tools) ? tools : []).find(
      (tool: unknown) => readProperty(tool, 'id') === id,
    );
    if (found !== undefined) return readProperty(found, 'input');
  }
  return undefined;
}

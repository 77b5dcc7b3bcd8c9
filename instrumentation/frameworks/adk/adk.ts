// Auto-instrumentation of Google ADK for JavaScript: its own spans stay good whatever fails, so its runner, its agents
// and the callbacks that it has for errors are wrapped.
import { trace } from '@opentelemetry/api';
import { readProperty } from '../../core/exception.ts';
import { guarded } from '../../core/guard.ts';
import { ATTR_FAULTLINE_RECORDED } from '../../semconv/attributes.ts';
import { codeOf } from '../shared/code.ts';
import { FrameworkInstrumentation, type RunMeans, wrapMethod } from '../shared/framework.ts';
import {
  nameOf,
  openNode,
  openRun,
  type Place,
  places,
  recordSteps,
  textOf,
} from '../shared/nodes.ts';
import { reportOperation } from '../shared/operation.ts';

type Generate = (this: object, ...args: unknown[]) => AsyncGenerator<unknown>;
type Callback = (this: object, params: unknown) => Promise<unknown>;

/**
 * Records the runs of Google ADK: each agent is a node. List it in your SDK's `instrumentations`, or let
 * `faultline/register` do so; bundled apps call {@link manuallyInstrument}.
 */
export class AdkInstrumentation extends FrameworkInstrumentation {
  protected get packages() {
    const files = ['esm', 'cjs'].flatMap((kind) =>
      ['runner/runner.js', 'agents/base_agent.js', 'plugins/plugin_manager.js'].map(
        (file) => `dist/${kind}/${file}`,
      ),
    );
    return [
      { framework: 'Google ADK', name: '@google/adk', tested: ['2.0', '3.0'] as const, files },
    ];
  }

  /**
   * Instruments ADK where no hook could see it, such as in a bundle.
   * @param adk what `import * as adk from '@google/adk'` gives
   */
  manuallyInstrument(adk: object): void {
    this.patch(adk);
  }

  protected patch(exports: object): object {
    const { means } = this;
    wrapMethod<Generate>(
      exports,
      'Runner',
      'runAsync',
      (original) =>
        function runAsync(this, ...args) {
          const inner = Reflect.apply(original, this, args);
          return recordSteps(() => {
            const known = places.getStore() ? undefined : means();
            return known && runOf(this, args[0], known);
          }, inner);
        },
    );
    wrapMethod<Generate>(
      exports,
      'BaseAgent',
      'runAsync',
      (original) =>
        function runAsync(this, ...args) {
          const inner = Reflect.apply(original, this, args);
          if (!places.getStore()) return inner;
          return recordSteps(() => {
            markActive();
            const around = places.getStore();
            const input = readProperty(args[0], 'userContent');
            return around && openNode(around, nameOf(this) ?? 'agent', 'agent', input);
          }, inner);
        },
    );
    wrapMethod<Callback>(
      exports,
      'BaseAgent',
      'handleBeforeAgentCallback',
      (original) =>
        function handleBeforeAgentCallback(this, params) {
          if (places.getStore()) markActive();
          return Reflect.apply(original, this, [params]);
        },
    );
    afterCallback(exports, 'runOnToolErrorCallback', toolFailed);
    afterCallback(exports, 'runOnModelErrorCallback', modelFailed);
    return exports;
  }
}

/** Reports an error after ADK's own callbacks for it, which may have an answer in its place. */
function afterCallback(
  exports: object,
  method: string,
  report: (params: unknown, instead: unknown) => void,
): void {
  wrapMethod<Callback>(
    exports,
    'PluginManager',
    method,
    (original) =>
      async function callback(this, params) {
        const instead = await Reflect.apply(original, this, [params]);
        guarded(() => report(params, instead), undefined);
        return instead;
      },
  );
}

function runOf(runner: object, params: unknown, means: RunMeans): Place {
  const agent = readProperty(runner, 'agent');
  const name = nameOf(agent) ?? textOf(readProperty(runner, 'appName'));
  const message = readProperty(params, 'newMessage');
  return openRun(
    {
      name,
      otherwise: 'adk',
      graph: { id: name, nodes: nodesOf(agent, new Set()), entry: name },
      sessionId: readProperty(params, 'sessionId'),
      signal: readProperty(params, 'abortSignal'),
      input: message,
    },
    means,
  );
}

/** An agent and those below it, depth first. */
function nodesOf(agent: unknown, seen: Set<unknown>): object[] {
  if (agent === undefined || seen.has(agent)) return [];
  seen.add(agent);
  const list = (key: string) => {
    const found = readProperty(agent, key);
    return Array.isArray(found) ? found : [];
  };
  const instruction = readProperty(agent, 'instruction');
  const model = readProperty(agent, 'model');
  const node = {
    id: nameOf(agent),
    type: 'agent',
    kind: readProperty(readProperty(agent, 'constructor'), 'name'),
    description: textOf(readProperty(agent, 'description')),
    instruction: textOf(instruction) ?? codeOf(instruction),
    model: textOf(model) ?? textOf(readProperty(model, 'model')),
    tools: list('tools').map((tool: unknown) => ({
      name: nameOf(tool),
      description: textOf(readProperty(tool, 'description')),
      code: codeOf(readProperty(tool, 'execute')),
    })),
    sub_agents: list('subAgents').map(nameOf),
  };
  return [node, ...list('subAgents').flatMap((below: unknown) => nodesOf(below, seen))];
}

/** The model gets to know of it, or a callback has an answer in its place. */
function toolFailed(params: unknown, instead: unknown): void {
  const place = places.getStore();
  if (!place) return;
  const tool = nameOf(readProperty(params, 'tool')) ?? '';
  reportOperation(place, {
    kind: 'execute_tool',
    target: tool,
    error: readProperty(params, 'error'),
    details: {
      site: 'tool.call',
      input: readProperty(params, 'toolArgs'),
      evidence: { operation: 'execute_tool', target: tool },
    },
    disposition: instead === undefined || instead === null ? 'routed' : 'recovered',
  });
}

/** The agent ends by it with an event instead of an exception, unless a callback has an answer. */
function modelFailed(params: unknown, instead: unknown): void {
  const place = places.getStore();
  if (!place) return;
  const error = readProperty(params, 'error');
  const model = textOf(readProperty(readProperty(params, 'llmRequest'), 'model')) ?? '';
  const details = { site: 'llm.call', evidence: { operation: 'chat', target: model } } as const;
  if (instead === undefined || instead === null) {
    Object.assign(place.failed, { error, details });
    // With the outermost agent the run has failed, although it throws nothing.
    if (place.around && !place.around.attempt) Object.assign(place.around.failed, { error });
  } else
    reportOperation(place, {
      kind: 'chat',
      target: model,
      error,
      details,
      disposition: 'recovered',
    });
}

/** ADK's own spans of a recorded run say that they are: an app that exports them too has each run once. */
function markActive(): void {
  guarded(() => trace.getActiveSpan()?.setAttribute(ATTR_FAULTLINE_RECORDED, true), undefined);
}

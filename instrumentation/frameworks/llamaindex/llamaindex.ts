// Auto-instrumentation of LlamaIndex.TS workflows: wraps `createWorkflow()` to follow each context, through the hook that
// its own middleware uses. A workflow says nothing of its end: a run is over when no handler of its context runs any more.
import { isThenable, readProperty } from '../../core/exception.ts';
import { guarded } from '../../core/guard.ts';
import { codeOf } from '../shared/code.ts';
import { withExport } from '../shared/exports.ts';
import { FrameworkInstrumentation, type RunMeans } from '../shared/framework.ts';
import { openNode, openRun, type Place, returned, textOf, threw, within } from '../shared/nodes.ts';

type Handler = (context: unknown, ...events: unknown[]) => unknown;
interface Workflow {
  handle(accept: unknown, handler: Handler): unknown;
  createContext(): Context;
}
interface Context {
  __internal__call_context?: {
    subscribe(call: (step: Step, next: (step: Step) => void) => void): unknown;
  };
}
/** One call of a handler. */
interface Step {
  handler: Handler;
  inputEvents?: unknown;
  inputs?: unknown;
}
interface Module {
  createWorkflow?: () => Workflow;
}

const OURS = Symbol.for('faultline.llamaindex.wrapped');

/**
 * Records the workflows of `@llamaindex/workflow-core`, which those of `@llamaindex/workflow` and `llamaindex` are made
 * of: each handler is a node. List it in your SDK's `instrumentations`, or let `faultline/register` do so.
 */
export class LlamaIndexInstrumentation extends FrameworkInstrumentation {
  protected get packages() {
    const tested = ['1.0', '2.0'] as const;
    const name = '@llamaindex/workflow-core';
    return [{ framework: 'LlamaIndex workflows', name, tested, files: [] }];
  }

  /**
   * Instruments workflows where no hook could see them, such as in a bundle.
   * @param workflows what `import * as workflows from '@llamaindex/workflow-core'` gives
   * @returns the same with a `createWorkflow()` whose workflows are recorded
   */
  manuallyInstrument<T extends object>(workflows: T): T {
    return this.patch(workflows) as T;
  }

  protected patch(exports: Module): object {
    const original = exports.createWorkflow;
    if (typeof original !== 'function' || Object.hasOwn(original, OURS)) return exports;
    const createWorkflow = () => {
      const workflow = original();
      guarded(() => follow(workflow, this.means), undefined);
      return workflow;
    };
    Object.defineProperty(createWorkflow, OURS, { value: true });
    return withExport(exports, 'createWorkflow', createWorkflow);
  }
}

function follow(workflow: Workflow, means: () => RunMeans | undefined): void {
  const nodes: object[] = [];
  const { handle, createContext } = workflow;
  workflow.handle = (accept, handler) => {
    guarded(() => {
      const id = nodeIdOf(handler, accept);
      nodes.push({ id, type: 'handler', accepts: labelsOf(accept), code: codeOf(handler) });
    }, undefined);
    return handle(accept, handler);
  };
  workflow.createContext = () => {
    const context = createContext();
    guarded(() => {
      const runs = new Runs(nodes, means);
      context.__internal__call_context?.subscribe((step, next) => {
        guarded(() => runs.record(step), undefined);
        next(step);
      });
    }, undefined);
    return context;
  };
}

/** The runs of one context, one after the other. */
class Runs {
  readonly #nodes: readonly object[];
  readonly #means: () => RunMeans | undefined;
  #place: Place | undefined;
  #running = 0;
  #error: { error: unknown } | undefined;
  #last: unknown;

  constructor(nodes: readonly object[], means: () => RunMeans | undefined) {
    this.#nodes = nodes;
    this.#means = means;
  }

  /** Has the handler of a step recorded when it is called. */
  record(step: Step): void {
    const means = this.#place ? undefined : this.#means();
    if (means) this.#place = this.#open(step, means);
    const around = this.#place;
    if (!around) return;
    const { handler } = step;
    const inputs = dataOf(step.inputs);
    const place = openNode(around, nodeIdOf(handler, step.inputEvents), 'handler', inputs);
    this.#running += 1;
    step.handler = (...args) => {
      let result: unknown;
      try {
        result = within(place, () => handler(...args));
      } catch (error) {
        this.#threw(place, error);
        throw error;
      }
      if (!isThenable(result)) {
        this.#returned(place, result);
        return result;
      }
      // A promise that follows the app's own, so that a rejection nobody handles still shows as one.
      return result.then(
        (value: unknown) => {
          this.#returned(place, value);
          return value;
        },
        (error: unknown) => {
          this.#threw(place, error);
          throw error;
        },
      );
    };
  }

  #open(step: Step, means: RunMeans): Place {
    const graph = { nodes: [...this.#nodes] };
    return openRun(
      { name: undefined, otherwise: 'workflow', graph, input: dataOf(step.inputs) },
      means,
    );
  }

  #returned(place: Place, output: unknown): void {
    guarded(() => {
      const data = readProperty(output, 'data');
      this.#last = data === undefined ? output : data;
      returned(place, this.#last);
    }, undefined);
    this.#over();
  }

  #threw(place: Place, error: unknown): void {
    this.#error ??= { error };
    guarded(() => threw(place, error), undefined);
    this.#over();
  }

  /** An event that a handler gave starts others at once, or in the next turn. */
  #over(): void {
    this.#running -= 1;
    setImmediate(() => {
      const place = this.#place;
      if (this.#running > 0 || !place) return;
      this.#place = undefined;
      guarded(() => {
        if (this.#error) threw(place, this.#error.error);
        else returned(place, this.#last);
      }, undefined);
      this.#error = undefined;
    });
  }
}

/** A handler's name, else the events that it takes. */
function nodeIdOf(handler: Handler, accept: unknown): string {
  return textOf(handler.name) ?? (labelsOf(accept).join('+') || 'handler');
}

function labelsOf(accept: unknown): string[] {
  const events = Array.isArray(accept) ? accept : [];
  return events.map((event: unknown) => textOf(readProperty(event, 'debugLabel')) ?? 'event');
}

function dataOf(events: unknown): unknown {
  const data = (Array.isArray(events) ? events : []).map((event: unknown) =>
    readProperty(event, 'data'),
  );
  return data.length > 1 ? data : data[0];
}

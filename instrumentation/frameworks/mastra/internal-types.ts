// The parts of Mastra's objects that are read or wrapped, as of 1.71. Most are optional: what is missing is
// done without.

/** What `@mastra/core/workflows` exports. */
export interface WorkflowsModule {
  DefaultExecutionEngine?: { prototype: Engine };
  createStep?: CreateStep;
}

export type CreateStep = (...args: unknown[]) => unknown;

/** `DefaultExecutionEngine`: executes the graph of one workflow. */
export interface Engine {
  options?: { tracingPolicy?: { internal?: unknown } };
  execute?(params: ExecuteParams): Promise<Result>;
  executeStep?(params: StepParams): Promise<unknown>;
  executeStepWithRetry?(
    stepId: string,
    runStep: () => Promise<StepReturn>,
    params: { retries: number },
  ): Promise<unknown>;
  evaluateCondition?(
    condition: unknown,
    index: number,
    context: { inputData?: unknown },
    operationId: string,
  ): Promise<number | null>;
}

export interface ExecuteParams {
  workflowId: string;
  runId?: string;
  resourceId?: string;
  graph?: { steps?: readonly Entry[] };
  serializedStepGraph?: readonly Entry[];
}

export interface StepParams {
  step: Step;
  prevOutput?: unknown;
  executionContext?: { foreachIndex?: number };
  abortController?: AbortController;
}

export interface Step {
  id: string;
  component?: string;
  description?: string;
  execute?: unknown;
  retries?: number;
  /** Of a nested workflow, in the serialized graph. */
  serializedStepFlow?: readonly Entry[];
}

/** What the function of one attempt gives. */
export interface StepReturn {
  output?: unknown;
  suspended?: unknown;
  bailed?: { payload?: unknown };
  nestedWflowStepPaused?: boolean;
}

export interface Result {
  status?: string;
  result?: unknown;
  error?: unknown;
}

/** An entry of a graph, live or serialized. */
export interface Entry {
  type?: string;
  /** Of an entry that is no `step`. */
  id?: string;
  agentId?: string;
  toolId?: string;
  step?: Step & Entry;
  steps?: readonly Entry[];
  serializedConditions?: readonly { fn?: string }[];
  serializedCondition?: { fn?: string };
  loopType?: string;
}

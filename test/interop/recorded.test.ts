// Spans that real frameworks sent (record/ says how), replayed once and twice: one failure for each
// true failure, a run for each trace of a framework that has runs, nodes by their names.
import { describe, expect, test } from 'vitest';
import { linkedRows } from '../../collector/linking/linked-rows.ts';
import { TraceService } from '../../collector/receive/traces.ts';
import type { Rows } from '../../collector/rows/rows.ts';
import { MemorySink } from '../support/memory-sink.ts';
import { RECORDINGS, recordedRequest } from '../support/recorded-spans.ts';

async function rowsOf(body: Buffer, times: number): Promise<Rows> {
  const sink = new MemorySink();
  const service = new TraceService(sink, 'agents', () => 0n);
  for (let i = 0; i < times; i++) await service.accept(body, 'protobuf');
  return linkedRows(sink.rows);
}

/** Runs as `agent outcome`, failures as `level node attempt class disposition`. */
function summary({ failures, graph_runs }: Rows): string[] {
  return [
    ...graph_runs.map(({ agent_id, outcome }) => `run ${agent_id} ${outcome}`).sort(),
    ...failures
      .map(({ level, node_id, attempt, class: known, disposition, condition }) =>
        [level, node_id || '-', attempt, known, disposition || '-', condition].join(' ').trim(),
      )
      .sort(),
  ];
}

const EXPECTED: Record<string, string[]> = {
  // By `faultline/register`, and its own spans of the same runs.
  'adk-js': [
    'run clerk success',
    'run refused failure',
    'node refused 1 llm.auth terminal',
    'operation clerk 1 tool.error routed',
  ],
  'adk-good': ['run clerk success'],
  'adk-sequence-unauthorized': ['run office failure', 'node writer 1 llm.auth terminal'],
  'adk-tool-error': ['run clerk failure', 'graph - 1 tool.error terminal'],
  'adk-unauthorized': ['run clerk failure', 'graph - 1 llm.auth terminal'],
  'agent-framework-good': ['run clerk success'],
  'agent-framework-tool-error-recovered': [
    'run clerk success',
    'operation clerk 1 tool.error routed',
  ],
  'agent-framework-unauthorized': ['run clerk failure', 'node clerk 1 llm.auth terminal'],
  'agent-framework-workflow-error': [
    'run order_flow failure',
    'node draft 1 unclassified terminal',
  ],
  'agent-framework-workflow-good': ['run order_flow success'],
  'agentkit-js': [
    'run good success',
    'run lost failure',
    'run orders success',
    'run refused failure',
    'node lost 1 tool.not_found terminal',
    'node refused 1 llm.auth terminal',
    'operation clerk 1 code.error routed',
  ],
  'agno-openinference-good': ['run clerk success'],
  'agno-openinference-team': ['run office success'],
  'agno-openinference-tool-error-recovered': [
    'run clerk success',
    'operation clerk 1 tool.error routed',
  ],
  'agno-openinference-unauthorized': ['run clerk failure', 'node clerk 1 llm.auth terminal'],
  'ai-sdk-js': [
    'run busy success',
    'run good success',
    'run orders success',
    'run refused failure',
    'node refused 1 llm.auth terminal',
    'operation busy 1 llm.rate_limit recovered',
    'operation orders 1 code.error routed',
  ],
  'autogen-good': ['run clerk success'],
  'autogen-graph-flow': [
    'run clerk success',
    'run writer failure',
    'node writer 1 llm.auth terminal',
  ],
  'autogen-tool-error-recovered': ['run clerk success', 'operation clerk 1 tool.error routed'],
  'autogen-unauthorized': ['run clerk failure', 'node clerk 1 llm.auth terminal'],
  'crewai-openinference-flow-error': ['run orders failure', 'node draft 1 unclassified terminal'],
  'crewai-openinference-good': ['run orders success'],
  'crewai-openinference-tool-error-recovered': [
    'run orders success',
    'operation Clerk 1 tool.error routed',
  ],
  'crewai-openinference-unauthorized': ['run orders failure', 'node Writer 1 llm.auth terminal'],
  'dspy-openinference-good': ['run orders success'],
  'dspy-openinference-module-error': ['run orders failure', 'graph - 1 unclassified terminal'],
  'dspy-openinference-unauthorized': [
    'run orders failure',
    'node Predict.forward 1 llm.auth terminal',
  ],
  'genkit-js': [
    'run ask failure',
    'run good success',
    'run orders failure',
    'graph - 1 llm.auth terminal',
    'node price 1 code.error terminal',
  ],
  'haystack-good': ['run orders success'],
  'haystack-node-error': ['run orders failure', 'node draft 1 unclassified terminal'],
  'langgraph-langsmith-answer-cut-off': [
    'run orders degraded',
    'operation draft 1 llm.malformed_output degraded output_truncated',
  ],
  'langgraph-langsmith-busy-then-good': [
    'run orders success',
    'node draft 1 llm.rate_limit recovered',
  ],
  'langgraph-langsmith-cancelled': ['run orders cancelled'],
  'langgraph-langsmith-good': ['run orders success'],
  'langgraph-langsmith-node-error': ['run orders failure', 'node draft 1 unclassified terminal'],
  'langgraph-langsmith-parallel-branches': [
    'run orders failure',
    'node bad 1 unclassified terminal',
  ],
  'langgraph-langsmith-retries-used-up': [
    'run orders failure',
    'node draft 1 unclassified retried',
    'node draft 2 unclassified retried',
    'node draft 3 unclassified terminal',
  ],
  'langgraph-langsmith-stream-left': ['run orders cancelled'],
  'langgraph-langsmith-sub-graph': ['run orders failure', 'node check 1 unclassified terminal'],
  'langgraph-langsmith-tool-error-recovered': [
    'run orders success',
    'operation tools 1 tool.error routed',
  ],
  'langgraph-langsmith-tool-error': ['run orders failure', 'node tools 1 tool.error terminal'],
  'langgraph-langsmith-unauthorized': ['run orders failure', 'node draft 1 llm.auth terminal'],
  'langgraph-langsmith-waits-for-a-person': ['run orders paused'],
  'mastra-js': [
    'run clerk success',
    'run good success',
    'run refused failure',
    'node refused 1 llm.auth terminal',
    'operation clerk 1 tool.error routed',
  ],
  'openai-agents-v2-good': ['run orders success'],
  'openai-agents-v2-guardrail-tripped': [
    'run orders failure',
    'operation clerk 1 constraint.hard terminal',
  ],
  'openai-agents-v2-handed-over': ['run orders failure', 'node billing 1 llm.auth terminal'],
  'openai-agents-v2-tool-error-recovered': [
    'run orders success',
    'operation clerk 1 tool.error routed',
  ],
  'openai-agents-v2-tool-error': ['run orders failure', 'node clerk 1 tool.error terminal'],
  'openai-agents-v2-turns-used-up': [
    'run orders failure',
    'node clerk 1 loop.max_iterations terminal',
  ],
  'openai-agents-v2-unauthorized': ['run orders failure', 'node clerk 1 llm.auth terminal'],
  'pydantic-graph-logfire-good': ['run order_graph success'],
  'pydantic-graph-logfire-node-error': [
    'run order_graph failure',
    'node draft 1 unclassified terminal',
  ],
  'langgraph-openinference-answer-cut-off': [
    'run orders degraded',
    'operation draft 1 llm.malformed_output degraded output_truncated',
  ],
  'langgraph-openinference-busy-then-good': [
    'run orders success',
    'node draft 1 llm.rate_limit recovered',
  ],
  'langgraph-openinference-cancelled': ['run orders cancelled'],
  'langgraph-openinference-good': ['run orders success'],
  'langgraph-openinference-node-error': [
    'run orders failure',
    'node draft 1 unclassified terminal',
  ],
  'langgraph-openinference-parallel-branches': [
    'run orders failure',
    'node bad 1 unclassified terminal',
  ],
  'langgraph-openinference-retries-used-up': [
    'run orders failure',
    'node draft 1 unclassified retried',
    'node draft 2 unclassified retried',
    'node draft 3 unclassified terminal',
  ],
  'langgraph-openinference-stream-left': ['run orders cancelled'],
  'langgraph-openinference-sub-graph': ['run orders failure', 'node check 1 unclassified terminal'],
  'langgraph-openinference-tool-error-recovered': [
    'run orders success',
    'operation tools 1 tool.error routed',
  ],
  'langgraph-openinference-tool-error': ['run orders failure', 'node tools 1 tool.error terminal'],
  'langgraph-openinference-unauthorized': ['run orders failure', 'node draft 1 llm.auth terminal'],
  'langgraph-openinference-waits-for-a-person': ['run orders paused'],
  'langgraph-traceloop-answer-cut-off': [
    'run order_graph degraded',
    'operation draft 1 llm.malformed_output degraded output_truncated',
  ],
  'langgraph-traceloop-busy-then-good': [
    'run order_graph success',
    'node draft 1 llm.rate_limit recovered',
  ],
  'langgraph-traceloop-cancelled': ['run order_graph cancelled'],
  'langgraph-traceloop-good': ['run order_graph success'],
  'langgraph-traceloop-node-error': [
    'run order_graph failure',
    'node draft 1 unclassified terminal',
  ],
  'langgraph-traceloop-parallel-branches': [
    'run order_graph failure',
    'node bad 1 unclassified terminal',
  ],
  'langgraph-traceloop-retries-used-up': [
    'run order_graph failure',
    'node draft 1 unclassified retried',
    'node draft 2 unclassified retried',
    'node draft 3 unclassified terminal',
  ],
  'langgraph-traceloop-stream-left': ['run order_graph cancelled'],
  'langgraph-traceloop-tool-error-recovered': [
    'run clerk success',
    'operation tools 1 tool.error routed',
  ],
  'langgraph-traceloop-tool-error': ['run clerk failure', 'node tools 1 tool.error terminal'],
  'langgraph-traceloop-unauthorized': ['run order_graph failure', 'node draft 1 llm.auth terminal'],
  'langgraph-traceloop-waits-for-a-person': ['run order_graph paused'],
  'llama-index-openinference-good': ['run orders success'],
  'llama-index-openinference-step-error': [
    'run orders failure',
    'node draft 1 unclassified terminal',
  ],
  'llama-index-openinference-tool-error-recovered': [
    'run orders success',
    'operation BaseWorkflowAgent.call_tool 1 tool.error routed',
  ],
  'llama-index-openinference-unauthorized': [
    'run orders failure',
    'node BaseWorkflowAgent.run_agent_step 1 llm.auth terminal',
  ],
  'openai-agents-openinference-good': ['run orders success'],
  'openai-agents-openinference-guardrail-tripped': [
    'run orders failure',
    'operation clerk 1 constraint.hard terminal',
  ],
  'openai-agents-openinference-handed-over': [
    'run orders failure',
    'node billing 1 llm.auth terminal',
  ],
  'openai-agents-openinference-tool-error-recovered': [
    'run orders success',
    'operation clerk 1 tool.error routed',
  ],
  'openai-agents-openinference-tool-error': [
    'run orders failure',
    'node clerk 1 tool.error terminal',
  ],
  'openai-agents-openinference-turns-used-up': [
    'run orders failure',
    'node clerk 1 loop.max_iterations terminal',
  ],
  'openai-agents-openinference-unauthorized': [
    'run orders failure',
    'node clerk 1 llm.auth terminal',
  ],
  'pydantic-ai-good': ['run clerk success'],
  'pydantic-ai-output-retries-used-up': [
    'run clerk failure',
    'node clerk 1 llm.malformed_output terminal',
  ],
  'pydantic-ai-requests-used-up': [
    'run clerk truncated',
    'node clerk 1 loop.max_iterations terminal',
  ],
  'pydantic-ai-tool-error-recovered': ['run clerk success', 'operation clerk 1 tool.error routed'],
  'pydantic-ai-tool-error': ['run clerk failure', 'node clerk 1 tool.error terminal'],
  'pydantic-ai-unauthorized': ['run clerk failure', 'node clerk 1 llm.auth terminal'],
  'smolagents-openinference-good': ['run orders success'],
  'smolagents-openinference-steps-used-up': ['run orders success'],
  'smolagents-openinference-tool-error-recovered': [
    'run orders success',
    'operation - 1 tool.error routed',
  ],
  'smolagents-openinference-unauthorized': ['run orders failure', 'graph - 1 llm.auth terminal'],
  'strands-js': [
    'run clerk success',
    'run refused failure',
    'node refused 1 llm.auth terminal',
    'operation clerk 1 code.error routed',
  ],
  'strands-good': ['run clerk success'],
  'strands-graph-good': ['run orders success'],
  'strands-graph-unauthorized': ['run orders failure', 'node draft 1 llm.auth terminal'],
  'strands-tool-error-recovered': ['run clerk success', 'operation clerk 1 tool.error routed'],
  'strands-unauthorized': ['run clerk failure', 'node clerk 1 llm.auth terminal'],
  'voltagent-js': [
    'run clerk success',
    'run orders failure',
    'run refused failure',
    'node price 1 code.error terminal',
    'node refused 1 llm.auth terminal',
    'operation clerk 1 tool.error routed',
  ],
};

test('each recording has an expectation', () => {
  expect(Object.keys(EXPECTED).sort()).toEqual([...RECORDINGS].sort());
});

describe.each(RECORDINGS)('%s', (name) => {
  const body = recordedRequest(name);

  test.each([1, 2])('sent %i times', async (times) => {
    expect(summary(await rowsOf(body, times))).toEqual(EXPECTED[name]);
  });
});

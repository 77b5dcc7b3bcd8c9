// Emits the spans that report how graphs, runs and nodes fare; see semconv/ for their attributes.

export * from './conditions/index.ts';
export type { AttemptStart, FailureDetails, NodeAttempt } from './core/attempt.ts';
export type { Evolution } from './core/evolution.ts';
export { recordEvolution } from './core/evolution.ts';
export type {
  Control,
  GraphOptions,
  InstrumentedGraph,
  NodeDefaults,
  NodeOptions,
  Run,
  RunOptions,
} from './core/graph.ts';
export { instrumentGraph, instrumentNode } from './core/graph.ts';
export type { GroupEvent } from './core/group-event.ts';
export { recordGroupEvent } from './core/group-event.ts';
export type { RunIdentity, RunMeans } from './core/run.ts';
export { GraphRun } from './core/run.ts';
export type { Snapshot } from './core/snapshot.ts';
export { SnapshotAnnouncer, snapshotOf } from './core/snapshot.ts';
export type { VerifiedCase } from './core/verification.ts';
export { recordVerification } from './core/verification.ts';
export { flush } from './delivery/default.ts';
export type { Pipeline, PipelineOptions } from './delivery/pipeline.ts';
export { createPipeline } from './delivery/pipeline.ts';
export * from './frameworks/adk/index.ts';
export * from './frameworks/agentkit/index.ts';
export * from './frameworks/ai-sdk/index.ts';
export * from './frameworks/langchain/index.ts';
export * from './frameworks/langgraph/index.ts';
export * from './frameworks/llamaindex/index.ts';
export * from './frameworks/mastra/index.ts';
export * from './frameworks/mcp/index.ts';
export * from './frameworks/openai-agents/index.ts';
export type { FrameworkConfig } from './frameworks/shared/framework.ts';
export * from './logs/index.ts';
export type { Redacted, Redactions, Redactor } from './redaction/index.ts';
export { redact } from './redaction/index.ts';
export type { PathLists } from './redaction/lists.ts';
export { redactPaths } from './redaction/lists.ts';
export type { Json } from './redaction/plain.ts';
export * from './self-check/index.ts';

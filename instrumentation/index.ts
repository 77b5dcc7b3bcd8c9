// Emits the spans that tell how graphs, runs and nodes fare; see semconv/ for their attributes.

export * from './ai-sdk/index.ts';
export type { AttemptStart, FailureDetails, NodeAttempt } from './attempt.ts';
export * from './conditions/index.ts';
export type { Evolution } from './evolution.ts';
export { recordEvolution } from './evolution.ts';
export type {
  Control,
  GraphOptions,
  InstrumentedGraph,
  NodeDefaults,
  NodeOptions,
  Run,
  RunOptions,
} from './graph.ts';
export { instrumentGraph, instrumentNode } from './graph.ts';
export type { GroupEvent } from './group-event.ts';
export { recordGroupEvent } from './group-event.ts';
export * from './langgraph/index.ts';
export * from './logs/index.ts';
export * from './mastra/index.ts';
export * from './openai-agents/index.ts';
export { flush } from './pipeline/default.ts';
export type { Pipeline, PipelineOptions } from './pipeline/pipeline.ts';
export { createPipeline } from './pipeline/pipeline.ts';
export type { Json } from './plain.ts';
export type { Redacted, Redactions, Redactor } from './redaction/index.ts';
export { redact } from './redaction/index.ts';
export type { PathLists } from './redaction/lists.ts';
export { redactPaths } from './redaction/lists.ts';
export type { RunIdentity, RunMeans } from './run.ts';
export { GraphRun } from './run.ts';
export * from './self-check/index.ts';
export type { Snapshot } from './snapshot.ts';
export { SnapshotAnnouncer, snapshotOf } from './snapshot.ts';

import type { Rows } from '../../collector/rows/rows.ts';
import { failureId } from '../../instrumentation/semconv/failure-id.ts';

/** One row for each table, every column filled. */
export function rowsOf(runId: string): Rows {
  const traceId = Buffer.from(runId.padEnd(16).slice(0, 16)).toString('hex');
  const spanId = '0123456789abcdef';
  // Recent, so that no row falls to retention.
  const day = new Date().toISOString().slice(0, 10);
  const time = `${day} 00:00:01.123456789`;
  const service = { service_name: 'planner', environment: 'test' };
  const agent = { agent_id: 'travel-agent', agent_name: 'Travel agent' };
  const graph = { graph_id: 'trip', graph_snapshot_ref: 'sha256:1' };
  const span = { trace_id: traceId, span_id: spanId };
  const failure: Rows['failures'][number] = {
    timestamp: time,
    failure_id: failureId(traceId, spanId),
    level: 'node',
    ...span,
    parent_span_id: 'fedcba9876543210',
    ...service,
    ...agent,
    session_id: 'session',
    run_id: runId,
    ...graph,
    node_id: 'book',
    node_name: 'Book',
    node_type: 'function',
    attempt: 4294967295,
    max_attempts: 3,
    visit: 1,
    site: 'node.raise',
    class: 'code.error',
    severity: 'major',
    disposition: 'retried',
    condition: 'too_slow',
    error_type: 'TypeError',
    error_message: 'x is not a function: "ü" \\ \n \u0000 \u2028 end',
    stack_trace: 'TypeError: x\n    at a.js:1:2',
    template: 'x is not a function',
    fingerprint: `v1:${'a'.repeat(32)}`,
    input_context: '{"a":1}',
    input_digest: 'b'.repeat(64),
    graph_state: '{}',
    evidence: '[]',
    duration_ns: '18446744073709551615',
    redactions: { email: 2 },
    truncated: ['failure.input'],
    attributes: { 'http.request.method': 'GET', __proto___: 'x' },
    resource_attributes: { 'service.name': 'planner' },
    received_at: time,
    ancestor_span_ids: ['fedcba9876543210'],
    revision: 1,
    is_deleted: 0,
  };
  return {
    failures: [failure],
    exception_records: [
      {
        timestamp: time,
        ...span,
        record_id: failure.failure_id,
        ...service,
        ...agent,
        session_id: 'session',
        run_id: runId,
        ...graph,
        node_id: 'book',
        event_name: 'gen_ai.chat.exception',
        severity_number: 17,
        is_marked: true,
        error_type: 'TypeError',
        error_message: failure.error_message,
        stack_trace: failure.stack_trace,
        redactions: { email: 1 },
        truncated: ['exception.message'],
        attributes: { 'thread.id': '7' },
        resource_attributes: { 'service.name': 'planner' },
        received_at: time,
      },
    ],
    node_attempts: [
      {
        timestamp: time,
        agent_id: 'travel-agent',
        ...graph,
        run_id: runId,
        node_id: 'book',
        attempt: 1,
        ok: false,
        duration_ns: '5',
        ...span,
        root_span_id: 'fedcba9876543210',
      },
    ],
    graph_runs: [
      {
        ...agent,
        run_id: runId,
        session_id: 'session',
        ...service,
        ...graph,
        ...span,
        started_at: time,
        ended_at: time,
        outcome: 'failure',
        told_at: time,
        root_span_id: 'fedcba9876543210',
        received_at: time,
      },
    ],
    graph_snapshots: [
      {
        ref: `sha256:${runId}`,
        graph_id: 'trip',
        agent_id: 'travel-agent',
        body: '{"nodes":[{"id":"book"}]}',
        nodes: ['book'],
        edges: ['book->pay'],
        first_seen: time,
        last_seen: time,
      },
    ],
    evolutions: [
      {
        timestamp: time,
        evolution_id: `evolution-${runId}`,
        ...agent,
        trigger: 'failure',
        resolution: 'another airline',
        strategy: 'fallback',
        rationale: 'sold out',
        status: 'applied',
        author: 'queen',
        from_ref: 'sha256:0',
        graph_snapshot_ref: 'sha256:1',
        target_fingerprints: [`v1:${'a'.repeat(32)}`],
        target_failures: [failureId(traceId, spanId)],
        ...span,
        ...service,
        received_at: time,
      },
    ],
    group_events: [
      {
        timestamp: time,
        event_id: failure.failure_id,
        agent_id: 'travel-agent',
        fingerprint: `v1:${'a'.repeat(32)}`,
        kind: 'resolve',
        other_fingerprint: '',
        value: '',
        author: 'queen',
        reason: 'no longer sold',
        evolution_id: `evolution-${runId}`,
      },
    ],
  };
}

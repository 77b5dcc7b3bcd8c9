// What Hive's records become: recorded ones of v0.6.5 and v0.9.0, and written ones in the formats of both
// and of the colonies after them.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EventWriter, graphFile, newFolder, recorded, story, watchOnce } from './hive-records.ts';

describe('records of Hive v0.6.5', () => {
  it('reports every run as it went', async () => {
    const { spans, said } = await watchOnce(recorded('v0.6.5'), { graphFiles: [graphFile] });
    expect(said).toEqual([]);
    expect(story(spans, '313dbb76')).toEqual([
      'start_graph',
      'execute_node fetch 1 1',
      'execute_node write 1 1',
      'execute_graph success',
    ]);
    expect(story(spans, 'e4fa99d7')).toEqual([
      'start_graph',
      'execute_node fetch 1 1 MaxIterationsReached loop.max_iterations terminal',
      'execute_graph failure follows',
    ]);
    expect(story(spans, 'a4a78690')).toEqual([
      'start_graph',
      'execute_node fetch 1 1 NodeStalled loop.stall terminal',
      'execute_graph failure follows',
    ]);
    expect(story(spans, 'cf2f5a68')).toEqual([
      'start_graph',
      'execute_node fetch 1 1 NodeStalled loop.stall routed',
      'execute_node manual 1 1',
      'execute_graph degraded',
    ]);
  });

  it('reports a resurrection as another attempt that links to the failed one', async () => {
    const { spans } = await watchOnce(recorded('v0.6.5'));
    expect(story(spans, '0e6952f3')).toEqual([
      'start_graph',
      'execute_node fetch 1 1 ValueError retried',
      'execute_node fetch 2 1',
      'execute_node write 1 1',
      'execute_graph success',
    ]);
    const [failed, again] = spans.filter(
      ({ name, attributes }) =>
        name === 'execute_node fetch' && attributes['graph.run.id'].includes('0e6952f3'),
    );
    expect(again!.links).toEqual([{ traceId: failed!.traceId, spanId: failed!.spanId }]);
    expect(failed!.attributes['exception.stacktrace']).toContain('in raise_once');
    expect(failed!.attributes['exception.message']).toBe(
      "upstream schema changed: field 'total' is gone",
    );
  });

  it('finds the runs that Hive calls a success and that never came to their end', async () => {
    const { spans } = await watchOnce(recorded('v0.6.5'), { graphFiles: [graphFile] });
    expect(story(spans, 'ebc0bc80').at(-1)).toBe(
      'execute_graph truncated StepBudgetUsedUp graph.step_budget',
    );
    expect(story(spans, 'e11d031d').at(-1)).toBe('execute_graph truncated DeadEnd graph.dead_end');
    const without = await watchOnce(recorded('v0.6.5'));
    expect(story(without.spans, 'ebc0bc80').at(-1)).toContain('truncated');
    expect(story(without.spans, 'e11d031d').at(-1)).toBe('execute_graph success');
  });

  it('reports a pause as no failure', async () => {
    const { spans } = await watchOnce(recorded('v0.6.5'), { graphFiles: [graphFile] });
    expect(story(spans, '6272bcbe')).toEqual([
      'start_graph',
      'execute_node ask 1 1',
      'execute_graph paused',
    ]);
  });

  it('keeps the tool errors, the verdicts and the doom loop under a node that only gave up', async () => {
    const { spans } = await watchOnce(recorded('v0.6.5'));
    const gaveUp = spans.find(
      ({ attributes }) => attributes['error.type'] === 'MaxIterationsReached',
    );
    const evidence = JSON.parse(gaveUp!.attributes['failure.evidence']);
    expect(evidence).toMatchObject({
      exit_status: 'failure',
      tool_error_count: 3,
      judge: { action: 'RETRY', verdicts: 3 },
      doom_loop: expect.stringContaining('3/3 consecutive similar tool calls'),
    });
    expect(evidence.tool_errors[0]).toEqual({
      tool: 'search',
      error: 'HTTP 503 from search.internal: upstream connect error',
      input: { q: 'rates 1', api_key: expect.stringContaining('redacted') },
    });
    expect(
      JSON.stringify(spans, (_key, value) => (typeof value === 'bigint' ? '' : value)),
    ).not.toContain('sk-abcdefgh');
    expect(JSON.parse(gaveUp!.attributes['failure.input'])).toEqual({ invoice_id: 'A-tools' });
  });

  it('sends the graph of the file as the snapshot of every run', async () => {
    const { spans } = await watchOnce(recorded('v0.6.5'), { graphFiles: [graphFile] });
    const refs = new Set(spans.map(({ attributes }) => attributes['graph.snapshot.ref']));
    expect(refs.size).toBe(1);
    const event = spans[0]!.events.find(({ name }) => name === 'graph.snapshot');
    const body = JSON.parse(event!.attributes['graph.snapshot.body']);
    expect(body).toMatchObject({ id: 'invoice-agent', entry: 'fetch' });
    expect(body.nodes[0]).toEqual({ id: 'fetch', name: 'Fetch', type: 'event_loop' });
  });

  it('reports the same from the session logs alone, as far as they know', async () => {
    const dir = recorded('v0.6.5');
    rmSync(join(dir, 'event_logs'), { recursive: true });
    const { spans, said } = await watchOnce(dir, { graphFiles: [graphFile] });
    expect(said).toEqual([]);
    const told = Object.fromEntries(
      ['313dbb76', 'e4fa99d7', 'cf2f5a68', '0e6952f3', 'ebc0bc80', 'e11d031d', '6272bcbe'].map(
        (session) => [session, story(spans, session).at(-1)],
      ),
    );
    expect(told).toEqual({
      '313dbb76': 'execute_graph success',
      e4fa99d7: 'execute_graph failure follows',
      cf2f5a68: 'execute_graph degraded',
      '0e6952f3': 'execute_graph success',
      ebc0bc80: 'execute_graph truncated StepBudgetUsedUp graph.step_budget',
      e11d031d: 'execute_graph truncated DeadEnd graph.dead_end',
      '6272bcbe': 'execute_graph paused',
    });
    const gaveUp = spans.find(
      ({ attributes }) => attributes['error.type'] === 'MaxIterationsReached',
    );
    expect(JSON.parse(gaveUp!.attributes['failure.evidence'])).toMatchObject({
      tool_error_count: 3,
      judge: { action: 'RETRY' },
    });
    expect(story(spans, '0e6952f3').slice(1, 3)).toEqual([
      'execute_node fetch 1 1 ValueError retried',
      'execute_node fetch 2 1',
    ]);
  });
});

describe('records of Hive v0.9.0', () => {
  it('reports every run as it went', async () => {
    const { spans, said } = await watchOnce(recorded('v0.9.0'), { graphFiles: [graphFile] });
    expect(said).toEqual([]);
    expect(story(spans, '0e96bfd4').at(-1)).toBe('execute_graph success');
    expect(story(spans, '43ea2484')).toEqual([
      'start_graph',
      'execute_node fetch 1 1 ValueError retried',
      'execute_node fetch 2 1',
      'execute_node write 1 1',
      'execute_graph success',
    ]);
    expect(story(spans, '295402ae').at(-1)).toBe('execute_graph failure DeadEnd graph.dead_end');
    expect(story(spans, 'cc5b747e').at(-1)).toBe(
      'execute_graph truncated StepBudgetUsedUp graph.step_budget',
    );
  });

  it('reports a node that asked for help and was cancelled instead', async () => {
    const { spans } = await watchOnce(recorded('v0.9.0'));
    expect(story(spans, '1d9e4d98')).toEqual([
      'start_graph',
      'execute_node fetch 1 1 TextOnlyStall loop.stall escalated',
      'execute_graph cancelled',
    ]);
  });
});

describe('records in the formats of Hive', () => {
  it('counts the attempts of a node that only its retries report', async () => {
    const events = new EventWriter(newFolder());
    events.write('execution_started', { data: { input: { q: 'acme' } } });
    for (const retry of [1, 2]) {
      const data = { retry_count: retry, max_retries: 3, error: 'HTTP 503 from search' };
      events.write('node_retry', { node_id: 'fetch', data });
    }
    events.write('execution_failed', {
      data: { error: "Node 'Fetch' failed after 3 attempts: HTTP 503 from search" },
    });
    const { spans } = await watchOnce(join(events.file, '..'));
    expect(story(spans, 'session_a')).toEqual([
      'start_graph',
      'execute_node fetch 1 1 NodeFailed retried',
      'execute_node fetch 2 1 NodeFailed retried',
      'execute_node fetch 3 1 NodeFailed terminal',
      'execute_graph failure follows',
    ]);
    const messages = spans.map(({ attributes }) => attributes['exception.message']).filter(Boolean);
    expect(new Set(messages)).toEqual(new Set(['HTTP 503 from search']));
  });

  it('keeps retries of the language model as evidence of the one attempt', async () => {
    const events = new EventWriter(newFolder());
    events.write('execution_started');
    events.write('node_loop_started', { node_id: 'fetch', data: { max_iterations: 5 } });
    events.write('node_loop_iteration', { node_id: 'fetch', data: { iteration: 0 } });
    const data = { retry_count: 1, max_retries: 3, error: 'timed out' };
    events.write('node_retry', { node_id: 'fetch', data });
    events.write('execution_failed', { data: { error: 'Stream error: context_length_exceeded' } });
    const { spans } = await watchOnce(join(events.file, '..'));
    expect(story(spans, 'session_a')).toEqual([
      'start_graph',
      'execute_node fetch 1 1 StreamError llm.context_overflow terminal',
      'execute_graph failure follows',
    ]);
    expect(JSON.parse(spans[1]!.attributes['failure.evidence'])).toEqual({
      llm_retries: { count: 1, last: ['timed out'] },
    });
  });

  it('reports what fails before any node as a failure of the run', async () => {
    const events = new EventWriter(newFolder());
    events.write('execution_started');
    events.write('execution_failed', { data: { error: 'Invalid graph: ["no entry node"]' } });
    const { spans } = await watchOnce(join(events.file, '..'));
    expect(story(spans, 'session_a')).toEqual([
      'start_graph',
      'execute_graph failure InvalidGraph graph.invalid',
    ]);
  });

  it('reports a violated constraint, and that the run was not clean', async () => {
    const events = new EventWriter(newFolder());
    events.write('execution_started');
    events.write('constraint_violation', {
      data: { constraint_id: 'max-cost', description: 'cost 4.20 is over 1.00' },
    });
    events.write('execution_completed');
    const { spans } = await watchOnce(join(events.file, '..'));
    expect(story(spans, 'session_a')).toEqual([
      'start_graph',
      'check_constraint ConstraintViolation',
      'execute_graph degraded',
    ]);
    expect(spans[1]!.attributes['failure.condition']).toBe('max-cost');
  });

  it('reports branches that run side by side', async () => {
    const events = new EventWriter(newFolder());
    events.write('execution_started');
    events.write('node_loop_started', { node_id: 'split', data: { max_iterations: 3 } });
    events.write('node_loop_completed', { node_id: 'split', data: { iterations: 1 } });
    for (const target of ['left', 'right']) {
      const data = { source_node: 'split', target_node: target, edge_condition: 'always' };
      events.write('edge_traversed', { node_id: 'split', data });
    }
    for (const node_id of ['left', 'right']) {
      events.write('node_loop_started', { node_id, data: { max_iterations: 3 } });
    }
    for (const node_id of ['right', 'left']) {
      events.write('node_loop_completed', { node_id, data: { iterations: 1 } });
    }
    events.write('node_loop_started', { node_id: 'join', data: { max_iterations: 3 } });
    events.write('node_loop_completed', { node_id: 'join', data: { iterations: 1 } });
    events.write('execution_completed');
    const { spans } = await watchOnce(join(events.file, '..'));
    expect(story(spans, 'session_a').sort()).toEqual(
      [
        'start_graph',
        'execute_node split 1 1',
        'execute_node left 1 1',
        'execute_node right 1 1',
        'execute_node join 1 1',
        'execute_graph success',
      ].sort(),
    );
  });

  it('reports a worker that failed beside another one once, as what ended the run', async () => {
    const events = new EventWriter(newFolder());
    events.write('execution_started');
    events.write('node_loop_started', { node_id: 'left', data: { max_iterations: 3 } });
    events.write('worker_failed', {
      node_id: 'left',
      data: { worker_id: 'left', error: 'failed after 1 attempts: no rates' },
    });
    events.write('node_loop_started', { node_id: 'right', data: { max_iterations: 3 } });
    events.write('worker_completed', { node_id: 'right', data: { success: true } });
    const error =
      "left: failed after 1 attempts: no rates; Worker execution ended before terminal nodes completed: ['join']";
    events.write('execution_failed', { data: { error } });
    const { spans } = await watchOnce(join(events.file, '..'));
    expect(story(spans, 'session_a')).toEqual([
      'start_graph',
      'execute_node right 1 1',
      'execute_node left 1 1 NodeFailed terminal',
      'execute_graph failure follows',
    ]);
  });

  it('counts every turn of a node that leads to itself and reports nothing of itself', async () => {
    const events = new EventWriter(newFolder());
    events.write('execution_started');
    for (let turn = 0; turn < 3; turn += 1) {
      const data = { source_node: 'poll', target_node: 'poll' };
      events.write('edge_traversed', { node_id: 'poll', data });
    }
    events.write('execution_completed');
    const { spans } = await watchOnce(join(events.file, '..'));
    expect(story(spans, 'session_a')).toEqual([
      'start_graph',
      'execute_node poll 1 1',
      'execute_node poll 1 2',
      'execute_node poll 1 3',
      'execute_graph truncated StepBudgetUsedUp graph.step_budget',
    ]);
  });

  it('reports the workers of a colony and leaves the Queen out', async () => {
    const events = new EventWriter(newFolder());
    const id = '3f9c2f8e-1111-4222-8333-abcdefabcdef';
    const worker = {
      stream_id: `worker:${id}`,
      node_id: id,
      execution_id: id,
      graph_id: undefined,
      colony_id: 'leads',
      seq: 7,
    };
    events.write('execution_started', { stream_id: 'queen', execution_id: 'session_q' });
    events.write('execution_failed', { stream_id: 'queen', execution_id: 'session_q' });
    events.write('node_loop_started', { ...worker, data: { max_iterations: 50 } });
    const data = {
      tool_use_id: 'c1',
      tool_name: 'browser_open',
      result: 'no profile',
      is_error: true,
    };
    events.write('tool_call_completed', { ...worker, data });
    events.write('subagent_report', { ...worker, data: { status: 'timeout', error: null } });
    const { spans } = await watchOnce(join(events.file, '..'));
    expect(spans.map(({ attributes }) => attributes['gen_ai.agent.id'])).toEqual(
      Array(spans.length).fill('leads'),
    );
    expect(story(spans, id)).toEqual([
      'start_graph',
      'execute_node worker 1 1 WorkerTimeout terminal',
      'execute_graph failure follows',
    ]);
    expect(JSON.parse(spans[1]!.attributes['failure.evidence']).tool_errors).toHaveLength(1);
  });
});

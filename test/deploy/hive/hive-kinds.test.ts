// Kinds of runs that real Hive has written and that a reader of events alone gets wrong: executors without a
// stream, failures that no event follows, branches, exceptions without words.
import { describe, expect, it } from 'vitest';
import { failedRow, failuresOf, Home, inputOf, raised, sessionId } from './hive-home.ts';
import { story } from './hive-records.ts';

describe('an executor without a stream', () => {
  const id = sessionId('00000011');
  const edge = { execution_id: id, graph_id: null, node_id: 'a' };
  const data = { source_node: 'a', target_node: 'b', edge_condition: 'on_success' };

  it('is a run that its logs end, with the nodes that no event reported', async () => {
    const home = new Home();
    home.events.write('edge_traversed', { ...edge, data });
    home.detail(id, 'a');
    home.detail(id, 'b');
    expect(story((await home.watch()).spans, id)).toEqual(['execute_node a 1 1', 'start_graph']);
    home.summary(id, 'success', ['a', 'b']);
    expect(story((await home.watch()).spans, id)).toEqual([
      'execute_node a 1 1',
      'start_graph',
      'execute_node b 1 1',
      'execute_graph success',
    ]);
  });

  it('fails where level 2 says that it did', async () => {
    const home = new Home();
    home.events.write('edge_traversed', { ...edge, data });
    home.detail(id, 'a');
    home.detail(id, 'b', failedRow("'total'", raised('KeyError', "'total'")));
    home.summary(id, 'failure', ['a', 'b']);
    const { spans } = await home.watch();
    expect(story(spans, id).slice(2)).toEqual([
      'execute_node b 1 1 KeyError terminal',
      'execute_graph failure follows',
    ]);
    expect(failuresOf(spans)[0]!.attributes['exception.stacktrace']).toContain("KeyError: 'total'");
  });

  it('has the last attempt of a node whose retries are spent, or that was routed around', async () => {
    for (const [status, path, last] of [
      ['failure', ['a', 'b'], ['execute_node b 2 1 NodeFailed terminal']],
      ['degraded', ['a', 'b', 'h'], ['execute_node b 2 1 NodeFailed routed', 'execute_node h 1 1']],
      ['success', ['a', 'b'], ['execute_node b 2 1']],
    ] as const) {
      const home = new Home();
      home.events.write('edge_traversed', { ...edge, data });
      home.detail(id, 'a');
      home.detail(id, 'b', failedRow('HTTP 503', ''));
      const retry = { retry_count: 1, max_retries: 2, error: 'HTTP 503' };
      home.events.write('node_retry', { ...edge, node_id: 'b', data: retry });
      if (path.length > 2) home.detail(id, 'h');
      home.summary(id, status, [...path]);
      expect(story((await home.watch()).spans, id).slice(1)).toEqual([
        'execute_node b 1 1 NodeFailed retried',
        'start_graph',
        ...last,
        expect.stringMatching(`^execute_graph ${status}`),
      ]);
    }
  });

  it('without logs is kept apart by its first node, and says so', async () => {
    const home = new Home();
    home.events.write('edge_traversed', { ...edge, data });
    const other = { source_node: 'p', target_node: 'q' };
    home.events.write('edge_traversed', {
      ...edge,
      execution_id: 'session_b',
      node_id: 'p',
      data: other,
    });
    const { spans, said } = await home.watch();
    expect(spans.map(({ attributes }) => attributes['gen_ai.agent.id'])).toEqual([
      'hive:a',
      'hive:p',
    ]);
    expect(said.join()).toContain('--agent');
  });
});

describe('a failure that nothing follows', () => {
  it('is reported at once, and again when its run ends', async () => {
    const home = new Home();
    home.events.write('execution_started');
    const data = { error: "failed after 3 attempts: 'total'" };
    home.events.write('worker_failed', { node_id: 'b', data });
    const first = await home.watch();
    expect(story(first.spans, 'session_a')).toEqual([
      'start_graph',
      'execute_node b 1 1 NodeFailed',
    ]);
    home.events.write('execution_failed', {
      data: { error: "b: failed after 3 attempts: 'total'" },
    });
    const second = await home.watch();
    expect(story(second.spans, 'session_a')[1]).toBe('execute_node b 1 1 NodeFailed terminal');
    const [before, after] = [first, second].map(({ spans }) => failuresOf(spans)[0]!);
    expect([after!.traceId, after!.spanId, after!.endNs]).toEqual([
      before!.traceId,
      before!.spanId,
      before!.endNs,
    ]);
  });

  it('is an escalation at the time when the Queen was asked', async () => {
    const home = new Home();
    home.events.write('execution_started', { data: { input: { q: 1 } } });
    home.events.write('node_loop_started', { node_id: 'a', data: { max_iterations: 10 } });
    const reason = 'Worker produced text-only turns without progress; auto-escalating';
    home.events.write('escalation_requested', { node_id: 'a', data: { reason } });
    const waiting = await home.watch();
    expect(story(waiting.spans, 'session_a')[1]).toBe(
      'execute_node a 1 1 TextOnlyStall loop.stall escalated',
    );
    const at = failuresOf(waiting.spans)[0]!.endNs;
    home.events.write('execution_failed', { data: { error: 'Execution cancelled' } });
    const ended = await home.watch();
    expect(story(ended.spans, 'session_a')[2]).toBe('execute_graph cancelled');
    expect(failuresOf(ended.spans)[0]!.endNs).toBe(at);
  });

  it('is followed by another attempt when the Queen could help', async () => {
    const home = new Home();
    home.events.write('execution_started');
    home.events.write('node_loop_started', { node_id: 'a', data: { max_iterations: 10 } });
    home.events.write('escalation_requested', {
      node_id: 'a',
      data: { reason: 'which customer?' },
    });
    home.events.write('node_loop_iteration', { node_id: 'a', data: { iteration: 4 } });
    home.events.write('worker_completed', { node_id: 'a', data: { success: true } });
    home.events.write('execution_completed');
    expect(story((await home.watch()).spans, 'session_a')).toEqual([
      'start_graph',
      'execute_node a 1 1 Escalated retried',
      'execute_node a 2 1',
      'execute_graph success',
    ]);
  });

  it('is one of the run when Hive starts again after it', async () => {
    const home = new Home();
    home.events.write('execution_started');
    const error = "Worker execution ended before terminal nodes completed: ['h']";
    home.events.write('execution_resurrected', { data: { error, attempt: 1, resume_from: 'a' } });
    home.events.write('execution_completed');
    expect(story((await home.watch()).spans, 'session_a')).toEqual([
      'start_graph',
      'resurrect_graph DeadEnd graph.dead_end retried',
      'execute_graph success',
    ]);
  });
});

describe('branches', () => {
  it('fail each with its own error, also one that was reported as good', async () => {
    const home = new Home();
    const id = sessionId('00000004');
    const event = { execution_id: id };
    home.events.write('execution_started', event);
    for (const node_id of ['b', 'c', 'd']) {
      home.events.write('node_loop_started', { ...event, node_id, data: { max_iterations: 3 } });
    }
    home.events.write('node_loop_completed', { ...event, node_id: 'd', data: { iterations: 1 } });
    const data = { source_node: 'd', target_node: 'e' };
    home.events.write('edge_traversed', { ...event, node_id: 'd', data });
    home.events.write('node_stalled', { ...event, node_id: 'c', data: { reason: '3 similar' } });
    home.detail(id, 'b', failedRow('bad row 17', raised('ValueError', 'bad row 17')));
    home.detail(id, 'd', failedRow('no rates', ''));
    const error = "Parallel execution failed: branches ['B', 'c', 'D'] failed";
    home.events.write('execution_failed', { ...event, data: { error } });
    const told = story((await home.watch()).spans, id);
    expect(told.slice(1).sort()).toEqual([
      'execute_graph failure follows',
      'execute_node b 1 1 ValueError terminal',
      'execute_node c 1 1 NodeStalled loop.stall terminal',
      'execute_node d 1 1 NodeFailed terminal',
    ]);
  });
});

describe('words', () => {
  it('of an exception that has none are its class', async () => {
    for (const error of ['', 'a: failed after 1 attempts: ']) {
      const home = new Home();
      const id = sessionId('00000005');
      home.events.write('execution_started', { execution_id: id });
      home.events.write('node_loop_started', { execution_id: id, node_id: 'a' });
      home.detail(id, 'a', failedRow('LLM call failed: ', raised('TimeoutError', '')));
      home.events.write('execution_failed', { execution_id: id, data: { error } });
      const [failure] = failuresOf((await home.watch()).spans);
      expect(failure!.attributes).toMatchObject({
        'error.type': 'TimeoutError',
        'exception.message': 'TimeoutError',
        'failure.site': 'llm.call',
      });
    }
  });

  it('that two attempts share lead each to its own traceback', async () => {
    const home = new Home();
    const id = sessionId('00000008');
    home.events.write('execution_started', { execution_id: id, data: { input: { q: 'acme' } } });
    for (const [line, type] of [
      [11, 'execution_resurrected'],
      [22, 'execution_failed'],
    ] as const) {
      const row = failedRow('LLM call failed: bad row', raised('ValueError', 'bad row', line));
      home.detail(id, 'a', row);
      home.events.write('node_loop_started', { execution_id: id, node_id: 'a' });
      home.events.write(type, { execution_id: id, data: { error: 'bad row', resume_from: 'a' } });
    }
    const failures = failuresOf((await home.watch()).spans);
    expect(failures.map(({ attributes }) => attributes['exception.stacktrace'])).toEqual([
      expect.stringContaining('line 11'),
      expect.stringContaining('line 22'),
    ]);
    expect(failures.map(inputOf)).toEqual([{ q: 'acme' }, { q: 'acme' }]);
  });
});

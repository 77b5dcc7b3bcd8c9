// Kinds of runs that real Hive has written and that a reader of events alone gets wrong: executors without a
// stream, failures that no event follows, branches, workers of a colony, inputs, graphs among the records.
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ReceivedSpan } from '../../instrumentation/receiver.ts';
import { EventWriter, newFolder, story, type Watched, watchOnce } from './hive-records.ts';

const HOUR_MS = 3600_000;
/** `session_YYYYMMDD_HHMMSS_<end>`: an hour ago, in local time as Hive names it. */
function sessionId(end: string): string {
  const at = new Date(Date.now() - HOUR_MS);
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${at.getFullYear()}${two(at.getMonth() + 1)}${two(at.getDate())}`;
  return `session_${day}_${two(at.getHours())}${two(at.getMinutes())}${two(at.getSeconds())}_${end}`;
}

/** One folder as Hive keeps it: event dumps and agents with their sessions. */
class Home {
  readonly dir = newFolder();
  readonly events = new EventWriter(join(this.dir, 'event_logs'));

  #session(id: string): string {
    const folder = join(this.dir, 'agents/orders/sessions', id);
    mkdirSync(join(folder, 'logs'), { recursive: true });
    return folder;
  }

  detail(id: string, node: string, over: Record<string, unknown> = {}): void {
    const row = {
      node_id: node,
      node_name: node.toUpperCase(),
      node_type: 'event_loop',
      success: true,
      error: null,
      stacktrace: '',
      latency_ms: 5,
      exit_status: 'success',
      trace_id: '1'.repeat(32),
      span_id: '2'.repeat(16),
      ...over,
    };
    appendFileSync(join(this.#session(id), 'logs/details.jsonl'), `${JSON.stringify(row)}\n`);
  }

  summary(id: string, status: string, path: string[]): void {
    const summary = { run_id: id, agent_id: 'orders', status, node_path: path, duration_ms: 20 };
    writeFileSync(join(this.#session(id), 'logs/summary.json'), JSON.stringify(summary));
  }

  state(id: string, state: Record<string, unknown>): void {
    writeFileSync(join(this.#session(id), 'state.json'), JSON.stringify(state));
  }

  mark(id: string): void {
    writeFileSync(join(this.#session(id), 'faultline.json'), '{"reported_by":"faultline-python"}');
  }

  watch(): Promise<Watched> {
    return watchOnce(this.dir);
  }
}

const raised = (type: string, words: string, line = 1) =>
  `Traceback (most recent call last):\n  File "/app/nodes.py", line ${line}, in step\n    raise err\n${type}${words && `: ${words}`}\n`;
const failedRow = (error: string, stacktrace: string) => ({ success: false, error, stacktrace });
const failuresOf = (spans: readonly ReceivedSpan[]) =>
  spans.filter(({ attributes }) => attributes['error.type']);
const inputOf = (span: ReceivedSpan | undefined) =>
  JSON.parse(span?.attributes['failure.input'] ?? 'null');

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

describe('what a node read', () => {
  const agent = {
    id: 'ledger',
    entry_node: 'a',
    terminal_nodes: ['b'],
    nodes: [
      { id: 'a', input_keys: ['q'] },
      { id: 'b', input_keys: ['x'] },
    ],
    edges: [{ source: 'a', target: 'b', condition: 'on_success' }],
  };

  async function laterNode(graph: (home: Home) => void) {
    const home = new Home();
    const id = sessionId('00000018');
    graph(home);
    home.events.write('execution_started', { execution_id: id, data: { input: { q: 'acme' } } });
    const data = { source_node: 'a', target_node: 'b' };
    home.events.write('edge_traversed', { execution_id: id, node_id: 'a', data });
    home.events.write('node_loop_started', { execution_id: id, node_id: 'b' });
    home.state(id, { status: 'failed', memory: { q: 'acme', x: 7 }, input_data: { q: 'acme' } });
    home.events.write('execution_failed', { execution_id: id, data: { error: '401' } });
    const { spans } = await home.watch();
    return {
      input: inputOf(failuresOf(spans)[0]),
      ref: spans[0]!.attributes['graph.snapshot.ref'],
    };
  }

  it('is what its graph says of the memory, and the graph lies beside the records', async () => {
    const found = await laterNode(({ dir }) => {
      mkdirSync(join(dir, 'exports/ledger'), { recursive: true });
      writeFileSync(join(dir, 'exports/ledger/agent.json'), JSON.stringify({ graph: agent }));
    });
    expect(found.input).toEqual({ x: 7 });
    const elsewhere = join(newFolder(), 'ledger');
    const pointed = await laterNode(({ dir }) => {
      mkdirSync(elsewhere);
      const drawn = JSON.stringify({ original_draft: agent, flowchart_map: {} });
      writeFileSync(join(elsewhere, 'flowchart.json'), drawn);
      mkdirSync(join(dir, 'queen/session/s1'), { recursive: true });
      const meta = JSON.stringify({ agent_path: elsewhere });
      writeFileSync(join(dir, 'queen/session/s1/meta.json'), meta);
    });
    expect(pointed).toEqual(found);
    rmSync(elsewhere, { recursive: true });
  });

  it('is all of the memory where no graph is known, or another one', async () => {
    const { input, ref } = await laterNode(({ dir }) => {
      mkdirSync(join(dir, 'exports/other'), { recursive: true });
      const other = JSON.stringify({ ...agent, id: 'other' });
      writeFileSync(join(dir, 'exports/other/agent.json'), other);
    });
    expect(input).toEqual({ q: 'acme', x: 7 });
    expect(ref).toBe((await laterNode(() => {})).ref);
  });
});

describe('a run without logs', () => {
  it('that failed before its first node is one of the run, with the node that the text names', async () => {
    const home = new Home();
    const id = sessionId('00000020');
    const error =
      "Missing tools: Node 'A' (id=a) requires tools ['nope'] but they are not registered.";
    home.state(id, {
      status: 'failed',
      agent_id: 'orders',
      result: { error },
      input_data: { q: 1 },
    });
    rmSync(join(home.dir, 'agents/orders/sessions', id, 'logs'), { recursive: true });
    const { spans } = await home.watch();
    expect(story(spans, id)).toEqual([
      'start_graph',
      'execute_graph a failure MissingTools tool.not_found',
    ]);
    expect(inputOf(spans[1])).toEqual({ q: 1 });
  });

  it('says nothing while its executor writes a state without a status', async () => {
    const home = new Home();
    home.state(sessionId('00000021'), { memory: { q: 1 } });
    expect(await home.watch()).toMatchObject({ spans: [], said: [] });
  });
});

describe("a colony's worker", () => {
  const worker = (n: number) => {
    const id = `3f9c2f8e-1111-4222-8333-abcdefabcde${n}`;
    return {
      stream_id: `worker:${id}`,
      node_id: id,
      execution_id: 'session_colony',
      graph_id: undefined,
      colony_id: 'acme',
    };
  };

  it.each([
    ['failed', 'failure', 'WorkerFailed terminal'],
    ['partial', 'degraded', ''],
    ['success', 'success', ''],
  ])('that reports %s after it completed is a run %s', async (status, outcome, failure) => {
    const home = new Home();
    home.events.write('node_loop_started', { ...worker(1), data: { max_iterations: 50 } });
    home.events.write('node_loop_completed', { ...worker(1), data: { iterations: 1 } });
    const task = 'check the order';
    home.events.write('execution_completed', { ...worker(1), data: { task, success: true } });
    const summary = 'the site refused me';
    home.events.write('subagent_report', { ...worker(1), data: { task, status, summary } });
    const { spans } = await home.watch();
    expect(story(spans, 'session_colony').slice(1)).toEqual([
      `execute_node worker 1 1 ${failure}`.trim(),
      `execute_graph ${outcome}${failure && ' follows'}`,
    ]);
    for (const failed of failuresOf(spans)) expect(inputOf(failed)).toEqual({ task });
  });

  it('is a run of its own beside another of the same session, and ends without a report', async () => {
    const home = new Home();
    for (const n of [1, 2]) home.events.write('node_loop_started', worker(n));
    for (const n of [1, 2]) home.events.write('execution_completed', worker(n));
    const { spans } = await home.watch();
    const runs = spans.filter(({ name }) => name.startsWith('execute_graph'));
    expect(new Set(runs.map(({ traceId }) => traceId)).size).toBe(2);
  });
});

describe('runs of one session', () => {
  it('have ids of their own, the first one those that decision 46 shows', async () => {
    const home = new Home();
    const id = 'session_20991129_120000_00000012';
    home.events.write('execution_started', { execution_id: id });
    home.events.write('worker_failed', { execution_id: id, node_id: 'b', data: { error: 'x' } });
    home.events.write('execution_failed', { execution_id: id, data: { error: 'x' } });
    home.events.write('execution_started', { execution_id: id });
    const { spans } = await home.watch();
    const runs = [...new Set(spans.map(({ attributes }) => attributes['graph.run.id']))];
    expect(runs).toEqual([id, expect.stringMatching(`^${id}@`)]);
    expect(await idsOf('session_20261129_120000_00000012')).toEqual({
      trace: '9a1bd3ea253819606caec4a394fbc6b2',
      attempt: '2eb7513418f21b9c',
      run: '60eeef8b253024c1',
    });
  });

  it('are left alone where the Python package reports them', async () => {
    const home = new Home();
    const id = sessionId('00000046');
    home.mark(id);
    home.events.write('execution_started', { execution_id: id });
    home.events.write('execution_failed', { execution_id: id, data: { error: 'x' } });
    home.detail(id, 'a', failedRow('x', ''));
    home.summary(id, 'failure', ['a']);
    expect((await home.watch()).spans).toEqual([]);
  });
});

async function idsOf(run: string) {
  const { spanIdOf, traceIdOf } = await import('../../../deploy/hive/ids.ts');
  return { trace: traceIdOf(run), attempt: spanIdOf(run, 'b#1'), run: spanIdOf(run, 'run') };
}

// What Hive's sessions say beside their events: inputs, graphs, runs without logs, workers of a colony, ids.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { failedRow, failuresOf, Home, inputOf, sessionId } from './hive-home.ts';
import { newFolder, story } from './hive-records.ts';

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

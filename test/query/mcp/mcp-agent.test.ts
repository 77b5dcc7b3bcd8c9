// Three incidents that a script solves with the tools alone; what it read is counted and printed.
import type { Client } from '@modelcontextprotocol/client';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { snapshotOf } from '../../../instrumentation/index.ts';
import {
  failedAttempt,
  goodAttempt,
  type OtlpSpan,
  sendSpans,
  startWorld,
  type World,
} from '../../support/world.ts';
import { call, overHttp } from './mcp-clients.ts';

let world: World;
let client: Client;
const counted: string[] = [];

beforeAll(async () => {
  world = await startWorld();
  client = await overHttp(world.query);
});
afterAll(async () => {
  const { tools } = await client.listTools();
  const shown = tools.map(({ outputSchema: _, ...tool }) => tool);
  console.log([...counted, `the list of tools: ${tokens(shown)} tokens`].join('\n'));
  await client?.close();
  await world?.end();
});

const tokens = (value: unknown): number =>
  countTokens(JSON.stringify(value), { disallowedSpecial: new Set() });

/** Calls tools and counts what a model would read of them. */
function counting(incident: string) {
  let calls = 0;
  let text = 0;
  let data = 0;
  return {
    async ask(name: string, args: Record<string, unknown>) {
      const answer = await call(client, name, args);
      expect(answer.isError, answer.text).toBe(false);
      calls += 1;
      text += tokens(answer.text);
      data += tokens(answer.data);
      return answer.data;
    },
    done() {
      counted.push(`${incident}: ${calls} calls, ${text} tokens of text or ${data} of data`);
      return { calls, tokens: Math.max(text, data) };
    },
  };
}

type Graph = { id: string; nodes: ({ id: string } & Record<string, string>)[]; edges: object[] };
const versionOf = (graph: Graph) => snapshotOf(graph);

/** Runs of one version: `failing` of `runs` fail at a node, of its own run each. */
function runsOf(
  agent: string,
  graph: Graph,
  {
    name,
    runs,
    failing,
    node,
    over,
  }: {
    name: string;
    runs: number;
    failing: number;
    node: string;
    over: Record<string, string>;
  },
): OtlpSpan[] {
  const { ref, body } = versionOf(graph);
  const spans = Array.from({ length: runs }, (_, index) => {
    const about = {
      'graph.snapshot.ref': ref,
      'graph.run.id': `${name}-${index}`,
      'graph.node.id': node,
    };
    return index < failing
      ? failedAttempt(agent, { ...about, ...over })
      : goodAttempt(agent, about);
  });
  spans[0]!.events = [
    {
      name: 'graph.snapshot',
      attributes: { 'graph.snapshot.ref': ref, 'graph.snapshot.body': body },
    },
  ];
  return spans;
}

const send = async (spans: OtlpSpan[]) => {
  await sendSpans(world.otlpHttp, spans);
  await world.drained();
};

describe('a script with nothing but the tools', () => {
  it('does not repeat a fix that did not help', async () => {
    const graph = (prompt: string): Graph => ({
      id: 'billing',
      nodes: [{ id: 'fetch' }, { id: 'price', prompt }],
      edges: [{ source: 'fetch', target: 'price' }],
    });
    const over = {
      'exception.message': 'cannot read rate of currency null',
      'failure.input': '{"invoice":17,"currency":null}',
    };
    const node = 'price';
    await send(runsOf('billing', graph('a'), { name: 'first', runs: 40, failing: 30, node, over }));
    const seeded = await call(client, 'failure_brief', { agent: 'billing' });
    await call(client, 'record_evolution', {
      agent: 'billing',
      resolution: 'retry the node three times',
      failures: [seeded.data.groups[0].last_failure_id],
      graph: graph('b'),
    });
    await send(
      runsOf('billing', graph('b'), { name: 'second', runs: 60, failing: 45, node, over }),
    );

    const { ask, done } = counting('a fix that did not help');
    const brief = await ask('failure_brief', { agent: 'billing' });
    const [worst] = brief.groups;
    const tried = brief.fixes.filter((fix: { effects: { fingerprint: string }[] }) =>
      fix.effects.some(({ fingerprint }) => fingerprint === worst.fingerprint),
    );
    const [{ verdict }] = tried[0].effects;
    expect(verdict).toBe('ineffective');
    const failure = await ask('get_failure', { failure: worst.last_failure_id });
    const input = JSON.parse(failure.texts.input_context.text) as { currency: null };
    const cause = Object.entries(input).find(([, value]) => value === null)?.[0];
    const answer = await ask('record_evolution', {
      agent: 'billing',
      resolution: `route invoices without ${cause} to a question before ${worst.node_id}`,
      rationale: `${tried[0].resolution} was ${verdict}`,
      groups: [worst.fingerprint],
      from: tried[0].graph_snapshot_ref,
      graph: graph('c'),
    });
    expect(answer.evolution.resolution).toBe(
      'route invoices without currency to a question before price',
    );
    const cost = done();
    expect(cost.calls).toBe(3);
    expect(cost.tokens).toBeLessThan(3000);
  });

  it('finds the change after which a failure began, and takes it back', async () => {
    const graph = (model: string): Graph => ({
      id: 'support',
      nodes: [{ id: 'read' }, { id: 'answer', model }],
      edges: [{ source: 'read', target: 'answer' }],
    });
    const over = {
      'error.type': 'SyntaxError',
      'exception.type': 'SyntaxError',
      'exception.message': 'Unexpected token in JSON at position 0',
    };
    const node = 'answer';
    await send(
      runsOf('support', graph('large'), { name: 'old', runs: 60, failing: 1, node, over }),
    );
    const first = await call(client, 'failure_brief', { agent: 'support' });
    const changed = await call(client, 'record_evolution', {
      agent: 'support',
      resolution: 'cheaper model',
      trigger: 'human',
      failures: [first.data.groups[0].last_failure_id],
      graph: graph('small'),
    });
    await send(
      runsOf('support', graph('small'), { name: 'new', runs: 60, failing: 40, node, over }),
    );

    const { ask, done } = counting('a change that made it worse');
    const brief = await ask('failure_brief', { agent: 'support' });
    const harmful = brief.fixes.find((fix: { effects: { verdict: string }[] }) =>
      fix.effects.some(({ verdict }) => verdict === 'harmful'),
    );
    expect(harmful.evolution_id).toBe(changed.data.evolution.evolution_id);
    const whole = await ask('list_evolutions', { evolution: harmful.evolution_id });
    const [toDiff] = whole.next;
    const diff = await ask(toDiff.tool, toDiff.arguments);
    expect(diff.nodes.changed).toEqual(['answer']);
    const taken = await ask('record_evolution', {
      agent: 'support',
      evolution: harmful.evolution_id,
      status: 'reverted',
      resolution: harmful.resolution,
      groups: whole.items[0].target_fingerprints,
      from: whole.items[0].from_ref,
      to: whole.items[0].graph_snapshot_ref,
    });
    expect(taken.evolution).toMatchObject({
      evolution_id: harmful.evolution_id,
      status: 'reverted',
    });
    const cost = done();
    expect(cost.calls).toBe(4);
    expect(cost.tokens).toBeLessThan(4000);
  });

  it('follows a failure to the one before it in its run, and takes the fix that helped elsewhere', async () => {
    const graph = (timeout: string): Graph => ({
      id: 'news',
      nodes: [{ id: 'search', timeout }, { id: 'write' }],
      edges: [{ source: 'search', target: 'write' }],
    });
    const timeout = {
      'error.type': 'TimeoutError',
      'exception.type': 'TimeoutError',
      'exception.message': 'search of the archive timed out after 2000 ms',
    };
    const node = 'search';
    await send(
      runsOf('reports', graph('2'), { name: 'slow', runs: 40, failing: 36, node, over: timeout }),
    );
    const other = await call(client, 'failure_brief', { agent: 'reports' });
    await call(client, 'record_evolution', {
      agent: 'reports',
      resolution: 'search in pages of ten, with 20 s each',
      failures: [other.data.groups[0].last_failure_id],
      graph: graph('20'),
    });
    await send(
      runsOf('reports', graph('20'), { name: 'fast', runs: 80, failing: 0, node, over: timeout }),
    );
    const at = Date.now() - 60_000;
    const inRun = (run: string, over: Record<string, string>, seconds: number): OtlpSpan => ({
      ...failedAttempt('news', { 'graph.run.id': run, ...over }),
      start: at + seconds * 1000,
      end: at + seconds * 1000,
    });
    const empty = {
      'graph.node.id': 'write',
      'exception.message': 'nothing was found to write of',
    };
    await send([
      inRun('news-a', { 'graph.node.id': 'search', ...timeout }, 0),
      inRun('news-a', empty, 2),
      inRun('news-b', empty, 10),
      inRun('news-b', { 'graph.node.id': 'search', ...timeout }, 8),
      inRun('news-c', empty, 20),
      inRun('news-c', { 'graph.node.id': 'search', ...timeout }, 18),
      inRun('news-d', empty, 30),
    ]);

    const { ask, done } = counting('a cause in another node');
    const brief = await ask('failure_brief', { agent: 'news', max_tokens: 1000 });
    const [worst] = brief.groups;
    expect(worst.node_id).toBe('write');
    const inItsRuns = await ask('list_failures', { agent: 'news', limit: 10 });
    const before = inItsRuns.items.filter(
      (item: { node_id: string }) => item.node_id !== worst.node_id,
    );
    const cause = before[0];
    expect(cause).toMatchObject({ node_id: 'search', error_type: 'TimeoutError' });
    const similar = await ask('find_similar_failures', { failure: cause.failure_id });
    const helped = similar.items
      .flatMap((item: { fixes: { verdict: string; resolution: string }[] }) => item.fixes)
      .find(({ verdict }: { verdict: string }) => verdict === 'effective');
    expect(helped.resolution).toBe('search in pages of ten, with 20 s each');
    const recorded = await ask('record_evolution', {
      agent: 'news',
      resolution: helped.resolution,
      rationale: `it was effective as ${helped.evolution_id}`,
      groups: [cause.fingerprint, worst.fingerprint],
      graph: graph('20'),
    });
    expect(recorded.evolution.target_fingerprints).toHaveLength(2);
    const cost = done();
    expect(cost.calls).toBe(4);
    expect(cost.tokens).toBeLessThan(5000);
  });
});

// What groups cost, over the real engine: which problem is first in seeded worlds, and what failed spans report.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  failedAttempt,
  goodAttempt,
  type OtlpSpan,
  snapshotRef,
  startWorld,
  type World,
} from '../../../support/world.ts';
import { seeded } from '../ledger/random.ts';

const MINUTE = 60_000;
const now = Date.now();
const [before, inUse] = [snapshotRef('before'), snapshotRef('in use')];

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => {
  await world?.end();
});

interface Run {
  run: string;
  version: string;
  at: number;
  node: string;
  /** How often the node failed; the last try is good where the run was not lost. */
  failures: number;
  isLost: boolean;
}

/** Runs of an agent: some problems end them, some are retried, on two versions. */
function runsOf(agent: string, seed: number): Run[] {
  const random = seeded(seed);
  const nodes = ['parse', 'fetch', 'write', 'judge', 'plan'];
  const ends = new Map(
    nodes.map((node, place) => [node, place === 0 ? 0.9 : random() < 0.4 ? 0 : random()]),
  );
  return [before, inUse].flatMap((version, part) =>
    Array.from({ length: 20 + Math.floor(40 * random()) }, (_, index): Run => {
      const node = nodes[Math.floor(random() * nodes.length)]!;
      const isLost = random() < ends.get(node)!;
      return {
        run: `${agent} ${part} ${index}`,
        version,
        at: now - (part === 0 ? 300 : 60) * MINUTE + index * 1000,
        node,
        failures: isLost ? 1 : Math.floor(random() * 4),
        isLost,
      };
    }),
  );
}

function spansOf(agent: string, { run, version, at, node, failures, isLost }: Run): OtlpSpan[] {
  const shared = {
    'graph.run.id': run,
    'graph.snapshot.ref': version,
    'graph.node.id': node,
  };
  const tries = Array.from({ length: failures }, (_, index) => ({
    ...failedAttempt(agent, {
      ...shared,
      'graph.node.attempt': index + 1,
      'failure.disposition': isLost ? 'terminal' : 'retried',
    }),
    start: at + index,
    end: at + index + 1,
  }));
  const good = goodAttempt(agent, { ...shared, 'graph.node.attempt': failures + 1 });
  const graph: OtlpSpan = {
    name: 'execute_graph g',
    start: at,
    end: at + 10,
    attributes: {
      'gen_ai.agent.id': agent,
      'graph.id': 'g',
      'graph.run.id': run,
      'graph.snapshot.ref': version,
      'graph.run.outcome': isLost ? 'failure' : 'success',
    },
  };
  return [graph, ...tries, ...(isLost ? [] : [{ ...good, start: at + failures, end: at + 9 }])];
}

const SEEDS = Array.from({ length: 12 }, (_, seed) => seed + 1);

describe('the first problem', () => {
  beforeAll(async () => {
    for (const seed of SEEDS) {
      const agent = `seeded-${seed}`;
      await world.send(...runsOf(agent, seed).flatMap((run) => spansOf(agent, run)));
    }
  });

  it.each(SEEDS)(
    'of world %i is the one that ends most runs of the version in use',
    async (seed) => {
      const agent = `seeded-${seed}`;
      const lost = new Map<string, number>();
      for (const { version, isLost, node } of runsOf(agent, seed)) {
        if (version === inUse && isLost) lost.set(node, (lost.get(node) ?? 0) + 1);
      }
      const most = Math.max(...lost.values());
      const brief = await world.history.brief(agent);
      const [first] = brief.groups;
      expect(first!.impact.runs_lost_now).toBe(most);
      expect(lost.get(first!.node_id)).toBe(most);
      const short = await world.history.brief(agent, { max_tokens: 400 });
      expect(short.markdown).toContain(`node \`${first!.node_id}\``);
      expect(short.markdown).toContain(`ends ${most} of`);
      const listed = await world.client.groups({ agent, sort: 'impact' });
      expect(listed.items[0]!.impact!.runs_lost_now).toBe(most);
    },
  );
});

describe('what failed spans report', () => {
  it('is summed up for a group, under the names of several dialects', async () => {
    const spend = (over: object): OtlpSpan => ({
      ...failedAttempt('spender', { 'graph.node.id': 'ask', ...over }),
      start: now,
      end: now + 1500,
    });
    await world.send(
      spend({ 'gen_ai.usage.input_tokens': 100, 'gen_ai.usage.output_tokens': 20 }),
      spend({ 'llm.token_count.prompt': 10, 'llm.cost.total': '0.25' }),
      spend({}),
    );
    const { items } = await world.history.groups({ agent: 'spender' });
    const group = await world.client.group(items[0]!.fingerprint);
    expect(group.impact).toMatchObject({
      failed_seconds: 4.5,
      usage: { failures: 2, input_tokens: 110, output_tokens: 20, cost: 0.25 },
    });
  });

  it('is null where none of them does', async () => {
    await world.send(failedAttempt('thrifty'));
    const { items } = await world.history.groups({ agent: 'thrifty' });
    expect((await world.client.group(items[0]!.fingerprint)).impact!.usage).toBeNull();
  });
});

// The fix ledger over a real store: which attempts count, what is said of odd cases, and all its doors.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { snapshotOf } from '../../../../instrumentation/index.ts';
import { type Effect, NotFoundError } from '../../../../query/index.ts';
import {
  failedAttempt,
  goodAttempt,
  type OtlpSpan,
  startWorld,
  type World,
} from '../../../support/world.ts';

let world: World;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => {
  await world?.end();
});

const HOUR = 3_600_000;
const now = Date.now();
const ago = (hours: number): number => now - hours * HOUR;

/** A graph whose version is told apart by `label`. */
const graph = (label: string, nodes: string[] = ['parse', 'fetch']) => ({
  id: 'g',
  nodes: nodes.map((id) => ({ id, prompt: id === 'parse' ? `read ${label}` : 'get' })),
  edges: [],
  label,
});
const ref = (label: string, nodes?: string[]): string => snapshotOf(graph(label, nodes)).ref;

interface Runs {
  agent: string;
  version: string;
  runs: number;
  failing: number;
  /** Hours ago of the first run; each run is a second later. */
  hours: number;
  node?: string;
  /** Failed attempts of a failing run. */
  attempts?: number;
  error?: string;
  durationMs?: number;
}

/** Spans of runs with one node; the failing ones come first. */
function runsOf({
  agent,
  version,
  runs,
  failing,
  hours,
  node = 'parse',
  ...more
}: Runs): OtlpSpan[] {
  const { attempts = 1, error = 'TypeError', durationMs = 5 } = more;
  return Array.from({ length: runs }, (_, run) => {
    const shared = {
      'graph.run.id': randomUUID(),
      'graph.snapshot.ref': version,
      'graph.node.id': node,
    };
    const start = ago(hours) + run * 1000;
    const time = { start, end: start + durationMs };
    if (run >= failing) return [{ ...goodAttempt(agent, shared), ...time }];
    return Array.from({ length: attempts }, (_, attempt) => ({
      ...failedAttempt(agent, {
        ...shared,
        'error.type': error,
        'graph.node.attempt': attempt + 1,
        'failure.disposition': attempt + 1 < attempts ? 'retried' : 'terminal',
      }),
      start: start + attempt,
      end: start + attempt + durationMs,
    }));
  }).flat();
}

interface Evolved {
  agent: string;
  id: string;
  from?: string;
  to?: string;
  hours: number;
  targets?: string[];
  failures?: string[];
  status?: string;
  body?: object;
}

/** The span of an evolution at its own time, as another SDK would send it. */
function evolved({
  agent,
  id,
  from,
  to,
  hours,
  targets,
  failures,
  status,
  body,
}: Evolved): OtlpSpan {
  return {
    name: `evolve_graph ${agent}`,
    start: ago(hours),
    attributes: {
      'gen_ai.agent.id': agent,
      'evolution.id': id,
      'evolution.trigger': 'failure',
      'evolution.status': status ?? 'applied',
      'evolution.resolution': `fix ${id}`,
      ...(from ? { 'evolution.from.ref': from } : {}),
      ...(to ? { 'graph.snapshot.ref': to } : {}),
      ...(targets ? { 'evolution.target.fingerprints': targets } : {}),
      ...(failures ? { 'evolution.target.failures': failures } : {}),
    },
    events: body ? [snapshotEvent(body)] : [],
  };
}

function snapshotEvent(body: object) {
  const snapshot = snapshotOf(body);
  return {
    name: 'graph.snapshot',
    attributes: { 'graph.snapshot.ref': snapshot.ref, 'graph.snapshot.body': snapshot.body },
  };
}

/** Tells a version's body, as the first span that uses it would. */
const known = (agent: string, body: object): OtlpSpan => ({
  name: 'start_graph g',
  start: ago(50),
  attributes: {
    'gen_ai.agent.id': agent,
    'graph.id': 'g',
    'graph.run.id': `start-${snapshotOf(body).ref}`,
    'graph.snapshot.ref': snapshotOf(body).ref,
  },
  events: [snapshotEvent(body)],
});

async function fingerprintOf(agent: string, node = 'parse'): Promise<string> {
  const { items } = await world.history.recentFailures({ agent, node, limit: 1 });
  return items[0]!.fingerprint;
}

async function only(id: string): Promise<Effect> {
  const { items } = await world.history.effects(id);
  const targeted = items.filter((effect) => effect.targeted);
  expect(targeted).toHaveLength(1);
  return targeted[0]!;
}

describe('the effects of an evolution', () => {
  const agent = 'three-fixes';
  const versions = ['0', '1', '2', '3'].map((label) => ref(label));
  let fingerprint: string;

  beforeAll(async () => {
    const [v0, v1, v2, v3] = versions as [string, string, string, string];
    await world.send(
      ...['0', '1', '2', '3'].map((label) => known(agent, graph(label))),
      ...runsOf({ agent, version: v0, runs: 200, failing: 60, hours: 40, attempts: 3 }),
      ...runsOf({ agent, version: v1, runs: 200, failing: 59, hours: 30, attempts: 3 }),
      ...runsOf({ agent, version: v2, runs: 200, failing: 130, hours: 20, attempts: 3 }),
      ...runsOf({ agent, version: v3, runs: 200, failing: 4, hours: 10, durationMs: 20 }),
      ...runsOf({ agent, version: v3, runs: 2, failing: 2, hours: 9, node: 'fetch', error: 'E2' }),
    );
    fingerprint = await fingerprintOf(agent);
    const fix = (id: string, from: string, to: string, hours: number) =>
      evolved({ agent, id, from, to, hours, targets: [fingerprint] });
    await world.send(fix('nothing', v0, v1, 31), fix('harm', v1, v2, 21), fix('works', v2, v3, 11));
  });

  it('are judged by runs, with the numbers that say so', async () => {
    expect(await only('nothing')).toMatchObject({
      evolution_id: 'nothing',
      fingerprint,
      verdict: 'ineffective',
      before: { attempts: 320, failures: 180, rate: 180 / 320, runs: 200, failed_runs: 60 },
      after: { attempts: 318, failures: 177, runs: 200, failed_runs: 59, run_rate: 59 / 200 },
      rate_ratio: expect.closeTo(59 / 60),
      since: `${new Date(ago(30) + 5).toISOString().slice(0, -1)}000000Z`,
      node_ids: ['parse'],
      counted_fingerprints: [fingerprint],
      window: {
        before: { graph_snapshot_refs: [versions[0]] },
        after: { graph_snapshot_refs: [versions[1]] },
      },
      notes: [],
    });
    const harm = await only('harm');
    expect(harm).toMatchObject({ verdict: 'harmful', rate_ratio: expect.closeTo(130 / 59) });
    expect(harm.interval[0]).toBeGreaterThan(1);
    const works = await only('works');
    expect(works).toMatchObject({ verdict: 'effective', rate_ratio: expect.closeTo(4 / 130) });
    expect(works.interval[1]).toBeLessThan(1);
  });

  it('show side effects: new groups, and the nodes before and after', async () => {
    const { side_effects } = await world.history.effects('works');
    expect(side_effects.new_groups).toMatchObject([
      { node_id: 'fetch', error_type: 'E2', failures: 2 },
    ]);
    expect(side_effects.nodes).toMatchObject([
      { node_id: 'fetch', before: null, after: { attempts: 2, succeeded: 0, success_rate: 0 } },
      {
        node_id: 'parse',
        before: { attempts: 460, succeeded: 70, median_duration_ns: 5e6 },
        after: { attempts: 200, succeeded: 196, success_rate: 0.98, median_duration_ns: 20e6 },
      },
    ]);
  });

  it('are the same over HTTP, and in the view but for what needs statistics', async () => {
    expect(await world.client.effects('works')).toEqual(await world.history.effects('works'));
    const { rows } = await world.history.sql(
      'SELECT * FROM evolution_effects WHERE agent_id = {agent:String} ORDER BY timestamp',
      { agent },
    );
    expect(rows).toMatchObject([
      {
        evolution_id: 'nothing',
        fingerprint,
        attempts_before: 320,
        failures_before: 180,
        runs_before: 200,
        failed_runs_before: 60,
        attempts_after: 318,
        failures_after: 177,
        failed_runs_after: 59,
      },
      { evolution_id: 'harm', failed_runs_before: 59, failed_runs_after: 130 },
      {
        evolution_id: 'works',
        runs_after: 200,
        failed_runs_after: 4,
        rate_ratio: expect.closeTo(4 / 130),
      },
    ]);
  });

  it('stand in the brief, which warns of what did not help', async () => {
    const { markdown } = await world.history.brief(agent, { max_tokens: 3000 });
    const about = (id: string) =>
      markdown.slice(markdown.lastIndexOf(`"fix ${id}"`)).split('\n- ')[0]!;
    expect(about('works')).toMatch(/\*\*effective\*\*;.*4 of 200 runs; rate ratio 0\.03 \[/);
    expect(about('works')).not.toContain('Do not try it again');
    expect(about('nothing')).toMatch(/\*\*ineffective\*\*.*Do not try it again as it was\./);
    expect(about('harm')).toMatch(/\*\*harmful\*\*.*do not try it again as it was\./);
  });

  it('give the views of nodes', async () => {
    const health = await world.history.sql(
      "SELECT * FROM node_health WHERE agent_id = {agent:String} AND node_id = 'parse' AND graph_snapshot_ref = {ref:String}",
      { agent, ref: versions[3]! },
    );
    expect(health.rows).toMatchObject([
      { attempts: 200, succeeded: 196, success_rate: 0.98, runs: 200, failed_runs: 4 },
    ]);
    const rates = await world.history.sql(
      "SELECT sum(attempts) AS attempts, sum(failed) AS failed FROM failure_rates WHERE agent_id = {agent:String} AND node_id = 'fetch'",
      { agent },
    );
    expect(rates.rows).toEqual([{ attempts: 2, failed: 2 }]);
  });
});

describe('odd cases are said', () => {
  it('a reverted evolution: what ran on the old version afterwards is not before', async () => {
    const agent = 'reverted';
    const [a, b] = [ref('a'), ref('b')];
    await world.send(
      ...runsOf({ agent, version: a, runs: 40, failing: 30, hours: 40 }),
      ...runsOf({ agent, version: b, runs: 40, failing: 1, hours: 30 }),
      ...runsOf({ agent, version: a, runs: 40, failing: 0, hours: 10 }),
    );
    const targets = [await fingerprintOf(agent)];
    await world.send(
      evolved({ agent, id: 'undone', from: a, to: b, hours: 20, targets, status: 'reverted' }),
    );
    expect(await only('undone')).toMatchObject({
      verdict: 'effective',
      before: { runs: 40, failed_runs: 30 },
      after: { runs: 40, failed_runs: 1 },
      notes: ['Reverted: the numbers after are of the time it was in use.'],
    });
  });

  it('a revert as an evolution of its own', async () => {
    const agent = 'reverted-by';
    const [a, b] = [ref('a'), ref('b')];
    await world.send(
      ...runsOf({ agent, version: a, runs: 20, failing: 15, hours: 40 }),
      ...runsOf({ agent, version: b, runs: 20, failing: 15, hours: 30 }),
      ...runsOf({ agent, version: a, runs: 20, failing: 0, hours: 10 }),
    );
    const targets = [await fingerprintOf(agent)];
    await world.send(
      evolved({ agent, id: 'tried', from: a, to: b, hours: 31, targets }),
      evolved({ agent, id: 'back', from: b, to: a, hours: 20 }),
    );
    const effect = await only('tried');
    expect(effect.before).toMatchObject({ runs: 20, failed_runs: 15 });
    expect(effect.after).toMatchObject({ runs: 20, failed_runs: 15 });
    expect(effect.notes).toContain('Reverted by evolution `back`.');
  });

  it('later evolutions: those of other groups go on, one of the same group ends the window', async () => {
    const agent = 'stacked';
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((label) => ref(label)) as [
      string,
      string,
      string,
      string,
    ];
    await world.send(
      ...runsOf({ agent, version: a, runs: 30, failing: 20, hours: 40 }),
      ...runsOf({ agent, version: b, runs: 30, failing: 2, hours: 30 }),
      ...runsOf({ agent, version: c, runs: 30, failing: 1, hours: 20 }),
      ...runsOf({ agent, version: d, runs: 30, failing: 30, hours: 10 }),
    );
    const targets = [await fingerprintOf(agent)];
    await world.send(
      evolved({ agent, id: 's1', from: a, to: b, hours: 31, targets }),
      evolved({ agent, id: 's2', from: b, to: c, hours: 21 }),
      evolved({ agent, id: 's3', from: c, to: d, hours: 11, targets }),
    );
    const effect = await only('s1');
    expect(effect.after).toMatchObject({ runs: 60, failed_runs: 3 });
    expect(effect.window.after.graph_snapshot_refs).toEqual([b, c].sort());
    expect(effect.notes).toEqual([
      'Versions of later evolutions are counted as well, with what they did: `s2`.',
    ]);
  });

  it('two evolutions that made the same version', async () => {
    const agent = 'twins';
    const [a, b] = [ref('a'), ref('b')];
    await world.send(...runsOf({ agent, version: a, runs: 5, failing: 2, hours: 40 }));
    const targets = [await fingerprintOf(agent)];
    await world.send(
      evolved({ agent, id: 'twin-1', from: a, to: b, hours: 31, targets }),
      evolved({ agent, id: 'twin-2', from: a, to: b, hours: 30, targets }),
    );
    expect((await only('twin-1')).notes).toContain('The same version was made by `twin-2`.');
  });

  it('a node that is gone, and a group that moved to a new one', async () => {
    const agent = 'moved';
    const [old, renamed] = [graph('old', ['parse']), graph('new', ['read', 'check'])];
    const [a, b] = [snapshotOf(old).ref, snapshotOf(renamed).ref];
    await world.send(
      known(agent, old),
      known(agent, renamed),
      ...runsOf({ agent, version: a, runs: 60, failing: 40, hours: 40 }),
    );
    const targets = [await fingerprintOf(agent)];
    await world.send(evolved({ agent, id: 'rename', from: a, to: b, hours: 31, targets }));
    const gone = await only('rename');
    expect(gone).toMatchObject({ verdict: 'insufficient_exposure', after: { attempts: 0 } });
    expect(gone.notes).toEqual(['The node `parse` is not in the new version: removed or renamed.']);

    await world.send(
      ...runsOf({ agent, version: b, runs: 60, failing: 40, hours: 20, node: 'read' }),
    );
    const moved = await fingerprintOf(agent, 'read');
    const effect = await only('rename');
    expect(effect).toMatchObject({
      verdict: 'ineffective',
      after: { runs: 60, failed_runs: 40 },
      node_ids: ['parse', 'read'],
      counted_fingerprints: [targets[0], moved],
    });
    expect(effect.notes[0]).toBe(
      `The same error now comes from \`read\` (\`${moved}\`): counted together.`,
    );
  });

  it('an evolution that names what does not exist', async () => {
    const agent = 'phantom';
    const nobody = `v1:${'0'.repeat(32)}`;
    const missing = randomUUID();
    await world.send(
      evolved({
        agent,
        id: 'phantom',
        from: ref('a'),
        to: ref('b'),
        hours: 3,
        targets: [nobody],
        failures: [missing],
      }),
      evolved({ agent, id: 'aimless', from: ref('a'), to: ref('b'), hours: 3 }),
    );
    const { items, notes } = await world.history.effects('phantom');
    expect(items).toMatchObject([
      {
        fingerprint: nobody,
        verdict: 'insufficient_exposure',
        before: { attempts: 0, rate: null, run_rate: null },
        rate_ratio: null,
        interval: [0, null],
      },
    ]);
    expect(items[0]!.notes).toContain('No failure of this group is stored for the agent.');
    expect(notes).toContain(
      `1 of 1 targeted failures are not stored for the agent: \`${missing}\`.`,
    );
    expect((await world.history.effects('aimless')).notes).toContain(
      'It targets no group that is known.',
    );
    await expect(world.history.effects('none')).rejects.toThrow(NotFoundError);
    await expect(world.client.effects('none')).rejects.toThrow(NotFoundError);
  });

  it('versions that are not known: attempts count by time', async () => {
    const agent = 'unversioned';
    const shared = { agent, version: '' };
    await world.send(
      ...runsOf({ ...shared, runs: 50, failing: 35, hours: 40 }),
      ...runsOf({ ...shared, runs: 50, failing: 2, hours: 10 }),
    );
    const targets = [await fingerprintOf(agent)];
    await world.send(evolved({ agent, id: 'by-time', hours: 20, targets }));
    const effect = await only('by-time');
    expect(effect).toMatchObject({
      verdict: 'effective',
      before: { runs: 50, failed_runs: 35 },
      after: { runs: 50, failed_runs: 2 },
    });
    expect(effect.notes[0]).toMatch(/attempts are counted by time/);
  });

  it('clocks that run backwards: versions decide', async () => {
    const agent = 'clocks';
    const [a, b] = [ref('a'), ref('b')];
    await world.send(
      ...runsOf({ agent, version: a, runs: 30, failing: 25, hours: 5 }),
      ...runsOf({ agent, version: b, runs: 30, failing: 1, hours: 40 }),
    );
    const targets = [await fingerprintOf(agent)];
    await world.send(evolved({ agent, id: 'skewed', from: a, to: b, hours: 30, targets }));
    const effect = await only('skewed');
    expect(effect).toMatchObject({
      verdict: 'effective',
      before: { runs: 30, failed_runs: 25 },
      after: { runs: 30, failed_runs: 1 },
    });
    expect(effect.notes).toEqual([
      expect.stringMatching(/^No attempt on the old version is dated before/),
      expect.stringMatching(/^30 attempts on the new version are dated before the evolution/),
    ]);
  });

  it('an old version without attempts: the other versions before count', async () => {
    const agent = 'unseen-version';
    const [a, b] = [ref('a'), ref('b')];
    await world.send(
      ...runsOf({ agent, version: a, runs: 30, failing: 25, hours: 40 }),
      ...runsOf({ agent, version: b, runs: 30, failing: 1, hours: 10 }),
      ...runsOf({ agent, version: a, runs: 30, failing: 0, hours: 9 }),
    );
    const targets = [await fingerprintOf(agent)];
    await world.send(
      evolved({ agent, id: 'unseen', from: ref('never'), to: b, hours: 20, targets }),
    );
    expect(await only('unseen')).toMatchObject({
      verdict: 'effective',
      before: { runs: 30, failed_runs: 25 },
      after: { runs: 30, failed_runs: 1 },
      window: { before: { graph_snapshot_refs: [a] } },
      notes: [expect.stringMatching(/^No attempt on the old version is on record/)],
    });
  });

  it('failures without recorded attempts give no rate', async () => {
    const agent = 'no-attempts';
    const [a, b] = [ref('a'), ref('b')];
    const tool = (version: string, hours: number): OtlpSpan => ({
      name: 'execute_tool search',
      start: ago(hours),
      error: 'boom',
      attributes: {
        'gen_ai.agent.id': agent,
        'gen_ai.operation.name': 'execute_tool',
        'graph.snapshot.ref': version,
        'graph.node.id': 'search',
        'error.type': 'ToolError',
      },
    });
    await world.send(tool(a, 40), tool(b, 10));
    const targets = [await fingerprintOf(agent, 'search')];
    await world.send(evolved({ agent, id: 'blind', from: a, to: b, hours: 20, targets }));
    const effect = await only('blind');
    expect(effect).toMatchObject({
      verdict: 'insufficient_exposure',
      before: { attempts: 0, failures: 1, rate: null },
    });
    expect(effect.notes.join(' ')).toMatch(/not on record, so there is no rate/);
  });

  it('a group of the whole graph is counted by runs', async () => {
    const agent = 'whole-graph';
    const [a, b] = [ref('a'), ref('b')];
    const run = (version: string, hours: number, failed: boolean): OtlpSpan => ({
      name: 'execute_graph g',
      start: ago(hours),
      end: ago(hours) + 5,
      ...(failed ? { error: 'no way out' } : {}),
      attributes: {
        'gen_ai.agent.id': agent,
        'graph.id': 'g',
        'graph.run.id': randomUUID(),
        'graph.snapshot.ref': version,
        'graph.run.outcome': failed ? 'failure' : 'success',
        ...(failed ? { 'error.type': 'DeadEnd', 'exception.message': 'no way out' } : {}),
      },
    });
    await world.send(
      ...Array.from({ length: 30 }, (_, index) => run(a, 40, index < 20)),
      ...Array.from({ length: 30 }, (_, index) => run(b, 10, index < 1)),
    );
    const { items } = await world.history.recentFailures({ agent, limit: 1 });
    await world.send(
      evolved({
        agent,
        id: 'graph-fix',
        from: a,
        to: b,
        hours: 20,
        failures: [items[0]!.failure_id],
      }),
    );
    expect(await only('graph-fix')).toMatchObject({
      fingerprint: items[0]!.fingerprint,
      verdict: 'effective',
      before: { runs: 30, failed_runs: 20 },
      after: { runs: 30, failed_runs: 1 },
      node_ids: [''],
    });
  });

  it('groups of nodes that the evolution changed are judged beside its targets', async () => {
    const agent = 'touched';
    const [a, b] = [graph('a'), graph('b')];
    const [from, to] = [snapshotOf(a).ref, snapshotOf(b).ref];
    await world.send(
      known(agent, a),
      known(agent, b),
      ...runsOf({ agent, version: from, runs: 60, failing: 20, hours: 40, error: 'E1' }),
      ...runsOf({ agent, version: from, runs: 60, failing: 20, hours: 39, node: 'fetch' }),
      ...runsOf({ agent, version: to, runs: 60, failing: 60, hours: 20, error: 'E1' }),
      evolved({ agent, id: 'touching', from, to, hours: 30 }),
    );
    const { items } = await world.history.effects('touching');
    expect(items).toMatchObject([{ targeted: false, node_ids: ['parse'], verdict: 'harmful' }]);
  });
});

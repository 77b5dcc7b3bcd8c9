// Groups from the event to the list, over the real engine and all doors.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type History, InvalidInputError, NotFoundError } from '../../../../query/index.ts';
import {
  failedAttempt,
  goodAttempt,
  snapshotRef,
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

/** Sends one failure of each node and answers their fingerprints. */
async function failuresOf(agent: string, ...nodes: string[]): Promise<string[]> {
  await world.send(...nodes.map((node) => failedAttempt(agent, { 'graph.node.id': node })));
  const { items } = await world.history.recentFailures({ agent });
  return nodes.map((node) => items.find((failure) => failure.node_id === node)!.fingerprint);
}

describe.each([
  ['in process', () => world.history],
  ['over HTTP', () => world.client],
])('groups %s', (door, open) => {
  const agent = `groups ${door}`;
  let history: History;
  let parse: string;
  let fetch: string;
  let send: string;

  beforeAll(async () => {
    history = open();
    [parse, fetch, send] = (await failuresOf(agent, 'parse', 'fetch', 'send')) as [
      string,
      string,
      string,
    ];
    await world.send(
      failedAttempt(agent, {
        'graph.node.id': 'send',
        'graph.run.id': 'run-2',
        'failure.input.digest': 'a'.repeat(64),
      }),
    );
  });

  it('are listed with their counts and their state', async () => {
    const { items, next_cursor } = await history.groups({ agent });
    expect(next_cursor).toBeNull();
    expect(items).toHaveLength(3);
    expect(items[0]).toMatchObject({
      fingerprint: send,
      fingerprints: [send],
      agent_id: agent,
      state: 'new',
      node_id: 'send',
      level: 'node',
      error_type: 'TypeError',
      class: 'code.error',
      annotation: null,
      contradiction: null,
      failures: 2,
      runs: 2,
      inputs: 1,
      graph_snapshot_refs: [snapshotRef('{"id":"g"}')],
      last_evolution: null,
    });
    expect(items[0]!.template).toContain('cannot read total of invoice');
    expect(items[0]!.since).toBe(items[0]!.first_seen);
    expect((await history.failure(items[0]!.last_failure_id)).fingerprint).toBe(send);
  });

  it('are found by node, by state and page by page, and refused by name', async () => {
    const names = async (options: object) =>
      (await history.groups({ agent, ...options })).items.map((group) => group.fingerprint);
    expect(await names({ node: 'parse' })).toEqual([parse]);
    expect(await names({ state: 'new' })).toHaveLength(3);
    expect(await names({ state: 'ignored' })).toEqual([]);
    expect(await names({ since: '1h' })).toHaveLength(3);
    expect(await names({ since: '2100-01-01T00:00:00Z' })).toEqual([]);
    const seen: string[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await history.groups({ agent, limit: 1, ...(cursor ? { cursor } : {}) });
      seen.push(...page.items.map((group) => group.fingerprint));
      cursor = page.next_cursor;
    }
    expect(seen).toEqual(await names({}));
    expect(new Set(seen)).toEqual(new Set([parse, fetch, send]));
    const { items } = await history.groups({ limit: 500 });
    expect(items.map((group) => group.fingerprint)).toEqual(expect.arrayContaining(seen));
    await expect(history.groups({ state: 'broken' as 'new' })).rejects.toThrow(/^state: /);
    await expect(history.groups({ cursor: 'x' })).rejects.toThrow(/^cursor: /);
  });

  it('are ignored and reopened', async () => {
    const event = await history.changeGroup(fetch, {
      kind: 'ignore',
      author: 'ada@example.com',
      reason: 'a known outage',
    });
    expect(event).toMatchObject({
      kind: 'ignore',
      fingerprint: fetch,
      agent_id: agent,
      reason: 'a known outage',
    });
    expect(await history.group(fetch)).toMatchObject({
      state: 'ignored',
      since: event.timestamp,
      why: expect.stringContaining('a known outage'),
      events: [event],
    });
    const [ignored] = (await history.groups({ agent, state: 'ignored' })).items;
    expect(ignored).toMatchObject({ fingerprint: fetch, state: 'ignored' });
    await history.changeGroup(fetch, { kind: 'reopen' });
    expect(await history.group(fetch)).toMatchObject({ state: 'ongoing' });
  });

  it('take the same event only once, and another one under its id not at all', async () => {
    const event_id = randomUUID();
    const first = await history.changeGroup(parse, { kind: 'note', value: 'seen', event_id });
    const again = await history.changeGroup(parse, { kind: 'note', value: 'seen', event_id });
    expect(again).toEqual(first);
    const other = history.changeGroup(parse, { kind: 'ignore', event_id });
    await expect(other).rejects.toThrow(InvalidInputError);
    await expect(other).rejects.toThrow(/^event_id: /);
    expect((await history.group(parse)).events).toEqual([first]);
  });

  it('are annotated: it wins over the rules, and what contradicts is shown', async () => {
    await history.changeGroup(send, { kind: 'annotate', value: 'tool.auth', reason: 'the key' });
    const told = await history.group(send);
    expect(told).toMatchObject({
      class: 'tool.auth',
      annotation: { class: 'tool.auth', author: 'queen', reason: 'the key' },
      failure_classes: ['code.error'],
      contradiction: 'Annotated as `tool.auth`, while its failures have `code.error`.',
    });
    await history.changeGroup(send, { kind: 'annotate', value: '' });
    expect(await history.group(send)).toMatchObject({
      class: 'code.error',
      annotation: null,
      contradiction: null,
    });
    await expect(
      history.changeGroup(send, { kind: 'annotate', value: 'bad luck' as 'data.error' }),
    ).rejects.toThrow(/^value: /);
  });

  it('are merged and split again', async () => {
    await history.changeGroup(fetch, { kind: 'merge', other_fingerprint: send });
    const { items } = await history.groups({ agent });
    expect(items).toHaveLength(2);
    const merged = items.find((group) => group.fingerprint === send)!;
    expect(merged).toMatchObject({ failures: 3, runs: 2 });
    expect(merged.fingerprints).toEqual([send, fetch]);
    expect(merged.node_ids.sort()).toEqual(['fetch', 'send']);
    const byMember = await history.group(fetch);
    expect(byMember).toMatchObject({ fingerprint: send, failures: 3 });
    expect(byMember.members).toMatchObject([
      { fingerprint: send, failures: 2, joined: null },
      { fingerprint: fetch, failures: 1, joined: byMember.events[0]!.timestamp },
    ]);
    expect(byMember.recent_failure_ids).toHaveLength(3);
    expect(byMember.hourly.reduce((sum, hour) => sum + hour.failures, 0)).toBe(3);

    // What is said of a member is said of its group.
    await history.changeGroup(fetch, { kind: 'ignore' });
    expect((await history.group(send)).state).toBe('ignored');
    await history.changeGroup(fetch, { kind: 'reopen' });

    const refused = async (name: string, kind: object, text: RegExp) =>
      expect(history.changeGroup(name, kind as { kind: 'split' })).rejects.toThrow(text);
    const merge = (other_fingerprint: string) => ({ kind: 'merge', other_fingerprint });
    await refused(parse, merge(parse), /^other_fingerprint: .*itself/);
    await refused(send, merge(fetch), /^other_fingerprint: .*cycle/);
    await refused(fetch, merge(send), /^other_fingerprint: .*already/);
    await refused(parse, { kind: 'split' }, /^fingerprint: is not merged/);
    await refused(send, { kind: 'split' }, new RegExp(`was merged into it: ${fetch}`));

    await history.changeGroup(fetch, { kind: 'split' });
    expect((await history.groups({ agent })).items).toHaveLength(3);
    expect(await history.group(fetch)).toMatchObject({ fingerprint: fetch, failures: 1 });
  });

  it('refuse what is unknown or belongs to another agent', async () => {
    const unknown = `v1:${'0'.repeat(32)}`;
    const [foreign] = await failuresOf(`other ${door}`, 'parse');
    await expect(history.group(unknown)).rejects.toThrow(NotFoundError);
    await expect(history.group('v1:x')).rejects.toThrow(/^fingerprint: expected a fingerprint/);
    await expect(history.changeGroup(unknown, { kind: 'ignore' })).rejects.toThrow(NotFoundError);
    const merge = (other_fingerprint: string) =>
      history.changeGroup(parse, { kind: 'merge', other_fingerprint });
    await expect(merge(unknown)).rejects.toThrow(/^other_fingerprint: nothing is stored/);
    await expect(merge(foreign!)).rejects.toThrow(/^other_fingerprint: is a group of agent "other/);
    await expect(
      history.changeGroup(parse, { kind: 'resolve', evolution_id: 'none' }),
    ).rejects.toThrow(/^evolution_id: nothing is stored/);
    await expect(
      history.changeGroup(parse, { kind: 'ignore', value: 'x' } as { kind: 'ignore' }),
    ).rejects.toThrow(/value/);
    await expect(history.changeGroup(parse, { kind: 'close' as 'ignore' })).rejects.toThrow(
      /^kind: /,
    );
  });

  it('are resolved by a fix, and regress only on a version that came after it', async () => {
    const fixed = { id: `fixed-${door}`, nodes: [{ id: 'parse' }], edges: [] };
    const evolution = await history.recordEvolution({
      agent_id: agent,
      resolution: 'look before reading',
      target_fingerprints: [parse],
      graph: fixed,
    });
    const { evolution_id, graph_snapshot_ref } = evolution;
    await history.changeGroup(parse, { kind: 'resolve', evolution_id });
    expect(await history.group(parse)).toMatchObject({
      state: 'resolved',
      why: expect.stringMatching(/^Resolved .* not seen since\.$/),
      last_evolution: { evolution_id },
      effects: [{ evolution_id, verdict: 'insufficient_exposure' }],
    });

    await world.send(failedAttempt(agent, { 'graph.run.id': 'old' }));
    expect(await history.group(parse)).toMatchObject({
      state: 'resolved',
      why: expect.stringContaining('seen since only on a version from before the fix'),
    });

    await world.send(
      goodAttempt(agent, { 'graph.snapshot.ref': graph_snapshot_ref }),
      failedAttempt(agent, { 'graph.snapshot.ref': graph_snapshot_ref, 'graph.run.id': 'new' }),
    );
    const regressed = await history.group(parse);
    expect(regressed).toMatchObject({
      state: 'regressed',
      since: regressed.last_seen,
      why: expect.stringContaining('which came after the fix'),
    });
    expect(regressed.versions.map((version) => version.failures)).toEqual([1, 2]);
    expect((await history.groups({ agent, state: 'regressed' })).items).toHaveLength(1);
  });
});

describe('a group that two writers merge at the same time', () => {
  it('is one group, whatever the order', async () => {
    const [one, other] = await failuresOf('twins', 'parse', 'fetch');
    const merge = (fingerprint: string, into: string) => ({
      name: 'change_group twins',
      attributes: {
        'gen_ai.agent.id': 'twins',
        'group.event.id': randomUUID(),
        'group.event.kind': 'merge',
        'group.event.fingerprint': fingerprint,
        'group.event.other_fingerprint': into,
      },
    });
    await world.send(merge(one!, other!), merge(other!, one!));
    const { items } = await world.history.groups({ agent: 'twins' });
    expect(items.map((group) => group.fingerprints)).toEqual([[one!, other!].sort()]);
    const { rows } = await world.history.sql(
      "SELECT fingerprint, failures FROM failure_groups WHERE agent_id = 'twins'",
    );
    expect(rows).toEqual([{ fingerprint: [one!, other!].sort()[0], failures: 2 }]);
  });
});

describe('an event that is sent twice', () => {
  it('is the earlier one, whatever comes first', async () => {
    const [fingerprint] = await failuresOf('twice', 'parse');
    const event_id = randomUUID();
    const ignore = (reason: string, start: string) => ({
      name: 'change_group twice',
      start: Date.parse(start),
      attributes: {
        'gen_ai.agent.id': 'twice',
        'group.event.id': event_id,
        'group.event.kind': 'ignore',
        'group.event.fingerprint': fingerprint!,
        'group.event.reason': reason,
      },
    });
    const early = ignore('early', '2026-11-01T10:00:00Z');
    for (const event of [ignore('late', '2026-11-02T10:00:00Z'), early, early]) {
      await world.send(event);
    }
    const { state, since, events } = await world.history.group(fingerprint!);
    expect({ state, since }).toEqual({ state: 'ignored', since: '2026-11-01T10:00:00.000000000Z' });
    expect(events.map(({ reason }) => reason)).toEqual(['early']);
  });
});

describe('the view failure_groups', () => {
  it('has the same groups as the list', async () => {
    const agent = 'viewed';
    const [a, b, c, d] = (await failuresOf(agent, 'a', 'b', 'c', 'd')) as [
      string,
      string,
      string,
      string,
    ];
    await world.history.changeGroup(a, { kind: 'merge', other_fingerprint: b });
    await world.history.changeGroup(b, { kind: 'merge', other_fingerprint: c });
    await world.history.changeGroup(a, { kind: 'resolve', reason: 'done' });
    await world.history.changeGroup(d, { kind: 'annotate', value: 'data.error' });
    await world.history.changeGroup(d, { kind: 'ignore' });
    const told = async () =>
      (
        await world.history.sql(
          `SELECT fingerprint, fingerprints, failures, runs, class, decision
           FROM failure_groups WHERE agent_id = {agent:String} ORDER BY fingerprint`,
          { agent },
        )
      ).rows;
    const listed = async () =>
      (await world.history.groups({ agent })).items
        .map(({ fingerprint, fingerprints, failures, runs, class: kind }) => ({
          fingerprint,
          fingerprints,
          failures,
          runs,
          class: kind,
        }))
        .sort((one, other) => (one.fingerprint < other.fingerprint ? -1 : 1));
    const viewed = (await told()) as { fingerprint: string; decision: string }[];
    expect(viewed.map(({ decision: _, ...group }) => group)).toEqual(await listed());
    const decisions = Object.fromEntries(viewed.map((row) => [row.fingerprint, row.decision]));
    expect(decisions).toEqual({ [c]: 'resolve', [d]: 'ignore' });

    await world.history.changeGroup(b, { kind: 'split' });
    await world.history.changeGroup(d, { kind: 'reopen' });
    const split = (await told()) as { fingerprint: string; decision: string }[];
    expect(split.map(({ decision: _, ...group }) => group)).toEqual(await listed());
    expect(split.find((row) => row.fingerprint === b)).toMatchObject({
      fingerprints: [b, a],
      decision: '',
    });
  });
});

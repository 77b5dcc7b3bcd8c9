// Verifications over a real store: recorded once, found by what they are about, and refused where wrong.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InvalidInputError, NotFoundError } from '../../../../query/index.ts';
import { failedAttempt, snapshotRef, startWorld, type World } from '../../../support/world.ts';

let world: World;
let fingerprint: string;
const agent = 'proven';
const ref = snapshotRef('{"id":"better"}');

beforeAll(async () => {
  world = await startWorld();
  await world.send(failedAttempt(agent), failedAttempt('other', { 'error.type': 'OtherError' }));
  fingerprint = (await world.history.recentFailures({ agent })).items[0]!.fingerprint;
});
afterAll(async () => {
  await world?.end();
});

const still = (more: object = {}) =>
  ({
    fingerprint,
    result: 'still_failing',
    basis: 'spans',
    runs: 4,
    failed_runs: 1,
    ...more,
  }) as const;

describe('verifications', () => {
  it('are recorded once under their id, whatever is sent again', async () => {
    const verification_id = randomUUID();
    const input = {
      agent_id: agent,
      items: [
        still({
          verification_id,
          node_id: 'parse',
          input_digest: 'a'.repeat(64),
          error_message: 'password=hunter2hunter2 sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD',
        }),
      ],
    };
    const { batch_id, items } = await world.client.recordVerifications(input);
    expect(items[0]).toMatchObject({ verification_id, batch_id, agent_id: agent, failed_runs: 1 });
    expect(items[0]!.error_message).not.toContain('abcdefghijklmnop');
    // R: binom.test(1, 4)
    expect(items[0]!.interval.map((share) => share.toFixed(4))).toEqual(['0.0063', '0.8059']);
    await world.client.recordVerifications({ ...input, batch_id });
    await world.drained();
    const { items: all } = await world.client.verifications({ agent });
    expect(all).toEqual(items);
  });

  it('are found by evolution, version, group and result, page by page', async () => {
    const recorded = await world.client.recordVerifications({
      agent_id: agent,
      items: [
        still({ result: 'fixed', failed_runs: 0, graph_snapshot_ref: ref }),
        { kind: 'guard', result: 'fixed', graph_snapshot_ref: ref },
      ],
    });
    // The change is recorded after it was verified.
    const { evolution_id } = await world.client.recordEvolution({
      agent_id: agent,
      resolution: 'better',
      graph_snapshot_ref: ref,
      target_fingerprints: [fingerprint],
    });
    const ids = (items: { verification_id: string }[]) =>
      items.map((it) => it.verification_id).sort();
    const found = await world.client.verifications({ evolution: evolution_id });
    expect(ids(found.items)).toEqual(ids(recorded.items));
    const { verified } = await world.client.effects(evolution_id);
    expect(verified).toMatchObject({ batch_id: recorded.batch_id, fixed: 2, still_failing: 0 });

    expect((await world.client.verifications({ fingerprint })).items).toHaveLength(2);
    expect((await world.client.verifications({ result: 'still_failing' })).items).toHaveLength(1);
    const { batch_id } = recorded;
    const first = await world.client.verifications({ batch: batch_id, limit: 1 });
    const rest = await world.client.verifications({ batch: batch_id, cursor: first.next_cursor! });
    expect(ids([...first.items, ...rest.items])).toEqual(ids(recorded.items));
    expect(rest.next_cursor).toBeNull();
  });

  it('name what is wrong', async () => {
    const wrong = (input: object) =>
      world.client
        .recordVerifications({ agent_id: agent, items: [still()], ...input } as never)
        .then(
          () => 'nothing was thrown',
          (error) => [error.constructor, error.field],
        );
    const { evolution_id } = await world.client.recordEvolution({
      agent_id: 'other',
      resolution: 'of another agent',
    });
    expect(await wrong({ evolution_id })).toEqual([InvalidInputError, 'evolution_id']);
    expect(await wrong({ evolution_id: 'none' })).toEqual([NotFoundError, 'evolution_id']);
    expect(await wrong({ items: [] })).toEqual([InvalidInputError, 'items']);
    expect(await wrong({ items: [still({ failed_runs: 9 })] })).toEqual([
      InvalidInputError,
      'items.0.failed_runs',
    ]);
    expect(await wrong({ items: [{ result: 'fixed' }] })).toEqual([
      InvalidInputError,
      'items.0.fingerprint',
    ]);
    expect(await wrong({ items: [still({ fingerprint: `v1:${'0'.repeat(32)}` })] })).toEqual([
      NotFoundError,
      'items.fingerprint',
    ]);
    expect(await wrong({ items: [still({ result: 'perhaps' })] })).toEqual([
      InvalidInputError,
      'items.0.result',
    ]);
  });
});

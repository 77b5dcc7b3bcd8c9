// 400 failures that recovered beside 30 that ended their runs, over the real engine.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { failedAttempt, startWorld, type World } from '../../../support/world.ts';

let world: World;

beforeAll(async () => {
  world = await startWorld();
  await world.send(
    ...Array.from({ length: 400 }, (_, index) =>
      failedAttempt('busy', {
        'graph.node.id': 'fetch',
        'graph.run.id': `fetched-${index}`,
        'error.type': 'ECONNRESET',
        'exception.message': 'read ECONNRESET',
        'failure.disposition': 'retried',
      }),
    ),
    ...Array.from({ length: 30 }, (_, index) =>
      failedAttempt('busy', {
        'graph.run.id': `lost-${index}`,
        'failure.disposition': 'terminal',
      }),
    ),
  );
});
afterAll(() => world?.end());

it.each([400, 1500])('names what ends runs first within %i tokens', async (max_tokens) => {
  const { groups, markdown, tokens } = await world.history.brief('busy', { max_tokens });
  expect(tokens).toBeLessThanOrEqual(max_tokens);
  expect(groups.map(({ error_type }) => error_type)).toEqual(['TypeError', 'ECONNRESET']);
  expect(groups[0]!.impact).toMatchObject({ runs_lost: 30, runs_lost_now: 30, runs_met_now: 30 });
  expect(groups[1]!.impact).toMatchObject({ runs_lost: 0, is_recovered: true });
  expect(markdown).toMatch(/What fails\n\n- node `parse`/);
  expect(markdown).toContain('ends 30 of 30 runs that met it on the version in use');
  expect(markdown).not.toContain('- node `fetch`');
  if (max_tokens === 1500) {
    expect(markdown).toContain(
      'Recovered without losing a run: `ECONNRESET` at `fetch` x400 (leave it)',
    );
  }
});

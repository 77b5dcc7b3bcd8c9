// The self-check as an app has it that names the query service in its environment only.
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { failedAttempt, startWorld, type World } from '../../support/world.ts';
import { Recorder } from '../recorder.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld({ 'query-token': ['only-for-reading'] });
  await world.send(failedAttempt('env-agent'), failedAttempt('env-agent'));
});
afterAll(() => world?.end());
afterEach(() => {
  vi.unstubAllEnvs();
  vi.resetModules();
});

/** The library as a process has it that starts with this environment. */
async function libraryWith(env: Record<string, string>) {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  vi.resetModules();
  return await import('../../../instrumentation/index.ts');
}

test('FAULTLINE_QUERY_URL and FAULTLINE_TOKEN: the first run fills the state from the history', async () => {
  const { failureState, instrumentGraph, shouldRetry } = await libraryWith({
    FAULTLINE_QUERY_URL: world.query,
    FAULTLINE_TOKEN: 'only-for-reading',
  });
  const { tracer } = new Recorder();
  const graph = instrumentGraph({ agentId: 'env-agent', graph: { id: 'g' }, tracer });
  await graph.run({}, () => {});
  await expect.poll(() => failureState('parse').from).toBe('history');
  expect(failureState('parse')).toMatchObject({ failure_count: 2, last_error_type: 'TypeError' });
  const { from, reason } = await shouldRetry({ nodeId: 'parse', error: new TypeError('x') });
  // On a busy machine it may not answer in time.
  if (from === 'process') expect(reason).toContain('did not answer within');
});

test('without the token there are local facts only', async () => {
  const { failureState, shouldRetry } = await libraryWith({ FAULTLINE_QUERY_URL: world.query });
  const decision = await shouldRetry({
    nodeId: 'parse',
    error: new TypeError('x'),
    agentId: 'env-agent',
  });
  expect(decision.from).toBe('process');
  expect(decision.reason).toMatch(/answered 401|did not answer/);
  expect(failureState('parse', 'env-agent')).toMatchObject({ failure_count: 0, from: 'process' });
});

test('a wrong address is said once by the name of the variable', async () => {
  const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const { failureState } = await libraryWith({ FAULTLINE_QUERY_URL: 'queries:4320' });
  expect(failureState('parse', 'env-agent').from).toBe('process');
  failureState('parse', 'env-agent');
  const said = stderr.mock.calls.map(([line]) => String(line));
  stderr.mockRestore();
  expect(said).toEqual([expect.stringContaining('FAULTLINE_QUERY_URL must be an address')]);
});

// What the programs of docs/any-language.md sent to a collector, replayed: bytes of the Python and the Go
// SDK, recorded with the versions that the page names.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startWorld, type World } from '../../support/world.ts';

const root = join(import.meta.dirname, '../../..');
const read = (path: string) => readFileSync(join(root, path));

const LANGUAGES = [
  { language: 'python', file: 'agent.py', errorType: 'ConnectionError', frame: 'in fetch' },
  { language: 'go', file: 'main.go', errorType: '*main.RefusedError', frame: 'main.runOnce' },
] as const;

test.each(LANGUAGES)('the page has the $language program as it is', ({ language, file }) => {
  const page = read('docs/any-language.md').toString();
  const [, code] = new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 's').exec(page) ?? [];
  expect(code).toBe(read(`test/examples/${language}/${file}`).toString());
});

describe.each(LANGUAGES)('$language', ({ language, errorType, frame }) => {
  let world: World;
  beforeAll(async () => {
    // The recorded times stay as they are, however old they are by now.
    world = await startWorld({ 'retention-days': 3650 });
    for (let time = 0; time < 2; time += 1) {
      const { status } = await fetch(`${world.otlpHttp}/v1/traces`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-protobuf' },
        body: read(`test/fixtures/any-language/${language}.otlp`),
      });
      expect(status).toBe(200);
    }
    await world.drained();
  });
  afterAll(() => world?.end());

  // biome-ignore lint/suspicious/noExplicitAny: rows of a test
  const ask = async (path: string): Promise<any> =>
    (await fetch(`${world.query}/api/v1/${path}`)).json();
  // biome-ignore lint/suspicious/noExplicitAny: rows of a test
  const rows = async (sql: string): Promise<any[]> => {
    const response = await fetch(`${world.query}/api/v1/sql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ sql }),
    });
    return ((await response.json()) as { rows: never[] }).rows;
  };

  test('two failed attempts of one node are two failures', async () => {
    const { items } = await ask('failures?agent=invoice-agent');
    const wanted = { node_id: 'fetch', level: 'node', error_type: errorType, site: 'node.raise' };
    expect(items).toMatchObject([
      { ...wanted, attempt: 2, max_attempts: 2, disposition: 'terminal' },
      { ...wanted, attempt: 1, max_attempts: 2, disposition: 'retried' },
    ]);
    const failure = await ask(`failures/${items[0].failure_id}`);
    expect(failure).toMatchObject({
      session_id: 'session-1',
      service_name: 'invoice-executor',
      error_message: 'the rates service refused invoice 17',
      input_context: '{"currency":"CHF","number":17}',
      input_digest: createHash('sha256').update('{"currency":"CHF","number":17}').digest('hex'),
    });
    expect(failure.stack_trace).toContain(frame);
  });

  test('all three attempts are counted, and the run reports no failure of its own', async () => {
    expect(
      await rows(
        'SELECT node_id, ok, count() AS n FROM node_attempts FINAL GROUP BY node_id, ok ORDER BY node_id',
      ),
    ).toMatchObject([
      { node_id: 'fetch', ok: expect.anything(), n: expect.toSatisfy((n) => Number(n) === 2) },
      { node_id: 'total', ok: expect.anything(), n: expect.toSatisfy((n) => Number(n) === 1) },
    ]);
    expect(await rows('SELECT outcome FROM graph_runs FINAL')).toEqual([{ outcome: 'failure' }]);
  });

  test('the snapshot is stored under its address', async () => {
    const [{ ref, body }] = await rows('SELECT ref, body FROM graph_snapshots FINAL');
    expect(ref).toBe(`sha256:${createHash('sha256').update(body).digest('hex')}`);
    expect(JSON.parse(body).nodes).toHaveLength(2);
  });
});

// Links from failures to the traces that they are in.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSettings } from '../../../deploy/settings.ts';
import { traceUrl } from '../../../query/base/trace-url.ts';
import { verb } from '../../support/verb.ts';
import { failedAttempt, startWorld, type World } from '../../support/world.ts';

const TEMPLATE = 'http://jaeger:16686/trace/{trace_id}?uiFind={span_id}';

describe('a template', () => {
  it('may have each place more than once', () => {
    const span = { trace_id: 'abc', span_id: 'de', service_name: 'a b/$&' };
    expect(traceUrl('https://x/{trace_id}/{trace_id}?s={service_name}&y={z}', span)).toBe(
      'https://x/abc/abc?s=a%20b%2F%24%26&y={z}',
    );
    expect(traceUrl(undefined, span)).toBe('');
  });

  it.each([
    ['javascript:{trace_id}', 'http'],
    ['http://x/trace', '{trace_id}'],
    ['http://x/">{trace_id}', 'quotes'],
  ])('%s is refused', (template, why) => {
    const read = () => readSettings({ 'trace-url': template }, {});
    expect(read).toThrow('--trace-url');
    expect(read).toThrow(why);
  });
});

describe('a failure', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ 'trace-url': TEMPLATE });
  });
  afterAll(() => world?.end());

  it('links to its trace, and its brief does', async () => {
    const [traceId, spanId] = ['ab'.repeat(16), 'cd'.repeat(8)];
    await world.send({ ...failedAttempt('billing'), traceId, spanId });
    const url = `http://jaeger:16686/trace/${traceId}?uiFind=${spanId}`;
    const { items } = await world.client.recentFailures();
    const { failure_id } = items[0]!;
    expect((await world.client.failure(failure_id)).trace_url).toBe(url);
    expect(await verb(world, 'show', failure_id)).toContain(`at           ${url}\n`);
    const { markdown, groups } = await world.client.brief('billing');
    expect(markdown).toContain(`, trace <${url}>`);
    expect(groups[0]).toMatchObject({ last_trace_url: url });
    expect((await world.history.failure(failure_id)).trace_url).toBe('');
  });
});

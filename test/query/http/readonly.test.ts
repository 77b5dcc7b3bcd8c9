// A user with `readonly=1` may not change a setting: no question sends one.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connect, type History } from '../../../query/index.ts';
import { failedAttempt, startWorld, type World } from '../../support/world.ts';

/** What ClickHouse's HTTP interface takes in the URL that is no setting. */
const NO_SETTING = /^(?:query|query_id|database|default_format|user|session_id|role|param_\w+)$/;

let world: World;
let strict: Server;
let history: History;

beforeAll(async () => {
  world = await startWorld();
  await world.send(failedAttempt('a'));
  strict = createServer(async (request, response) => {
    const url = new URL(request.url!, world.clickhouse);
    const setting = [...url.searchParams.keys()].find((name) => !NO_SETTING.test(name));
    if (setting !== undefined) {
      response.writeHead(500, { 'X-ClickHouse-Exception-Code': '164' });
      response.end(
        `Code: 164. DB::Exception: Cannot modify '${setting}' setting in readonly mode. (READONLY)`,
      );
      return;
    }
    const body = await new Response(request as unknown as ReadableStream).text();
    const headers = { 'x-clickhouse-user': 'query', 'x-clickhouse-key': world.asQuery.password! };
    const answer = await fetch(url, { method: 'POST', body, headers });
    response.writeHead(answer.status, { 'content-type': 'application/x-ndjson' });
    response.end(await answer.text());
  });
  await new Promise<void>((resolve) => strict.listen(0, '127.0.0.1', resolve));
  const { port } = strict.address() as AddressInfo;
  history = connect({ clickhouse: { url: `http://127.0.0.1:${port}`, username: 'query' } });
});
afterAll(async () => {
  await history?.close();
  strict?.close();
  await world?.end();
});

it('every question is answered', async () => {
  const [failure] = (await history.recentFailures({ agent: 'a' })).items;
  const { failure_id, fingerprint, node_id } = failure!;
  const answers = await Promise.all([
    history.agents(),
    history.failure(failure_id),
    history.cascade(failure_id),
    history.groups({ agent: 'a' }),
    history.group(fingerprint),
    history.evolutions({ agent: 'a' }),
    history.nodes('a'),
    history.timeline('a'),
    history.cases(fingerprint),
    history.similarFailures({ failure: failure_id }),
    history.retryAdvice('a', { node: node_id, fingerprint }),
    history.brief('a'),
    history.sql('SELECT count() FROM failures'),
  ]);
  expect(answers).toHaveLength(13);
});

it('and a setting is refused, as the test has it', async () => {
  const { port } = strict.address() as AddressInfo;
  const answer = await fetch(`http://127.0.0.1:${port}/?final=0`, {
    method: 'POST',
    body: 'SELECT 1',
  });
  expect(await answer.text()).toContain("'final' setting in readonly mode");
});

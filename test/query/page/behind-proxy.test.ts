// The page under a path of a proxy, in a real browser: one that takes the path away, and one that passes it on.
import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient } from '../../../query/index.ts';
import { failedAttempt, startWorld, type World } from '../../support/world.ts';
import { openPage } from './browser.ts';
import { isWithoutChromium, openBrowser } from './chromium.ts';

const PREFIX = '/ops/faultline';
const AGENT = 'refund/agent';
let world: World;
const proxies: Server[] = [];

beforeAll(async () => {
  world = await startWorld({ 'base-path': PREFIX });
  await world.send(failedAttempt(AGENT));
});
afterAll(async () => {
  for (const proxy of proxies) {
    proxy.closeAllConnections();
    proxy.close();
  }
  await world?.end();
});

/** Passes on what is under the prefix, as `proxy_pass` and `handle_path` do, and nothing else. */
async function startProxy(pathOf: (url: string) => string): Promise<string> {
  const upstream = new URL(world.query);
  const proxy = createServer((incoming, outgoing) => {
    const { url = '/', method = 'GET', headers } = incoming;
    if (!url.startsWith(`${PREFIX}/`)) return outgoing.writeHead(404).end();
    const options = { method, headers, path: pathOf(url), port: upstream.port };
    const passed = request({ ...options, hostname: upstream.hostname }, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(outgoing);
    });
    return incoming.pipe(passed);
  });
  proxies.push(proxy.listen(0, '127.0.0.1'));
  await once(proxy, 'listening');
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}

const kinds = [
  ['takes the path away', (url: string) => url.slice(PREFIX.length)],
  ['passes the path on', (url: string) => url],
] as const;

describe.each(kinds)('a proxy that %s', (_name, pathOf) => {
  it('serves the client', async () => {
    const origin = await startProxy(pathOf);
    const client = createClient({ url: `${origin}${PREFIX}/` });
    expect((await client.agents()).items).toMatchObject([{ agent_id: AGENT }]);
    await client.close();
  });

  it.skipIf(isWithoutChromium('behind-proxy.test.ts'))(
    'serves the page, at any of its addresses',
    async () => {
      const origin = await startProxy(pathOf);
      const browser: Browser = await openBrowser();
      try {
        const { page, troubles, close } = await openPage(browser, origin);
        await page.goto(`${PREFIX}/`);
        await page.getByRole('link', { name: AGENT }).first().click();
        const address = `${PREFIX}/agents/${encodeURIComponent(AGENT)}`;
        await page.waitForURL((url) => url.pathname === address);
        await page.getByText('cannot read total of invoice').first().waitFor();
        // A new load, from below the root.
        await page.goto(`${address}/timeline`);
        await page.getByRole('heading', { name: AGENT }).first().waitFor();
        await page.getByRole('link', { name: 'SQL' }).click();
        await page.waitForURL((url) => url.pathname === `${PREFIX}/sql`);
        expect(troubles).toEqual([]);
        await close();
      } finally {
        await browser.close();
      }
    },
  );
});

it('the base path without a slash leads to the one with it', async () => {
  const answer = await fetch(world.query + PREFIX, { redirect: 'manual' });
  expect([answer.status, answer.headers.get('location')]).toEqual([308, `${PREFIX}/`]);
});

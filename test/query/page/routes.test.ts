// The files of the page over HTTP: open to all, with a policy that lets nothing else in.
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from '../../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld({ 'query-token': ['reader'] });
});
afterAll(() => world?.end());

const get = (path: string) => fetch(world.query + path);

describe('the files of the page', () => {
  it.each([
    '/',
    '/agents/some%2Fagent',
    '/agents/a/graph',
    '/groups/v1:1',
    '/failures/x',
    '/graphs/compare?from=a&to=b',
    '/evolutions/e',
    '/sql',
  ])('are open at %s and let nothing else in', async (path) => {
    const response = await get(path);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('content-security-policy')).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('referrer-policy')).toBe('no-referrer');
    expect(response.headers.get('cache-control')).toBe('no-cache');
    const text = await response.text();
    expect(text).toContain('<div id="app">');
    expect(text).not.toMatch(/<style|style=|<script(?![^>]*\bsrc=)|\son\w+=|https?:/);
  });

  it('are a script of under 60 kB compressed and styles, kept by browsers for ever', async () => {
    const html = await (await get('/')).text();
    const assets = [...html.matchAll(/(?:src|href)="\.(\/assets\/[^"]+)"/g)].map(
      ([, path]) => path!,
    );
    expect(assets.map((path) => path.split('.').at(-1)).sort()).toEqual(['css', 'js']);
    for (const path of assets) {
      const response = await get(path);
      expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(response.headers.get('content-encoding')).toBe('gzip');
      expect(gzipSync(await response.text()).length).toBeLessThan(60_000);
    }
    const plain = await fetch(world.query + assets[0], {
      headers: { 'accept-encoding': 'identity' },
    });
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect((await plain.text()).length).toBeGreaterThan(1000);
  });

  it.each(['/assets/none.js', '/assets/..%2f..%2fpackage.json', '/nothing'])(
    'are not %s, nor anything else on the disk',
    async (path) => {
      expect([401, 404]).toContain((await get(path)).status);
    },
  );

  it('are open, the data is not', async () => {
    expect((await get('/api/v1/agents')).status).toBe(401);
  });
});

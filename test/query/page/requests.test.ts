// How much a view asks of the service: as much for ten rows as for three, in a real Chromium.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient } from '../../../query/index.ts';
import { failedAttempt, startWorld, type World } from '../../support/world.ts';
import { openPage, soon } from './browser.ts';
import { isWithoutChromium, openBrowser } from './chromium.ts';

const nodes = (count: number) =>
  Array.from({ length: count }, (_, index) => `node-${String.fromCharCode(97 + index)}`);

describe.skipIf(isWithoutChromium('test/query/page/requests.test.ts'))('requests of a view', () => {
  let world: World;
  let browser: Browser;
  beforeAll(async () => {
    world = await startWorld();
    for (const count of [3, 10]) {
      const agent = `agent-${count}`;
      await world.send(
        ...nodes(count).map((node) => failedAttempt(agent, { 'graph.node.id': node })),
      );
      const history = createClient({ url: world.query });
      const { items } = await history.groups({ agent });
      for (const [index, { fingerprint }] of items.entries()) {
        await history.recordEvolution({
          agent_id: agent,
          evolution_id: `${agent}-fix-${index}`,
          resolution: 'Look twice.',
          target_fingerprints: [fingerprint, items[0]!.fingerprint],
        });
      }
    }
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await world?.end();
  });

  /** What was asked until a view is complete; the same question asked again counts once. */
  async function asked(address: string, complete: [selector: string, count: number][]) {
    const { page, close } = await openPage(browser, world.query);
    const addresses = new Set<string>();
    page.on('request', (request) => {
      const { pathname, search } = new URL(request.url());
      if (pathname.startsWith('/api/')) addresses.add(pathname + search);
    });
    await page.goto(address);
    for (const [selector, count] of complete) {
      await soon(() => page.locator(`main ${selector}`).count(), selector).toBe(count);
    }
    await page.waitForLoadState('networkidle');
    await close();
    return [...addresses].sort();
  }

  it.each([3, 10])(
    'with %i groups: the groups with all that is shown of them, and the nodes',
    async (count) => {
      expect(
        await asked(`/agents/agent-${count}`, [
          ['.rows > li', count],
          ['.rows svg.trend', count],
          ['.rows .badge.insufficient_exposure', count],
        ]),
      ).toEqual([
        `/api/v1/agents/agent-${count}/nodes?versions=current&limit=500`,
        `/api/v1/groups?agent=agent-${count}&sort=impact&trend=true`,
      ]);
    },
  );

  it.each([3, 10])('with %i evolutions: the timeline with all verdicts', async (count) => {
    expect(
      await asked(`/agents/agent-${count}/timeline`, [
        ['.events > li.evolution', count],
        ['.events > li.evolution .badge.insufficient_exposure', 2 * count - 1],
      ]),
    ).toEqual([`/api/v1/agents/agent-${count}/timeline`]);
  });

  it('with many agents: all of them, and all with their states', async () => {
    const addresses = await asked('/', [['.rows .badge.new', 2]]);
    expect(addresses).toEqual(['/api/v1/agents?limit=100', '/api/v1/agents?limit=100&states=true']);
  });

  it('with many fixes of a group: none of them by its own', async () => {
    const { items } = await createClient({ url: world.query }).groups({ agent: 'agent-10' });
    const [group] = items;
    const addresses = await asked(`/groups/${group!.fingerprint}`, [['.effect', 5]]);
    expect(addresses.filter((address) => address.includes('/evolutions'))).toEqual([]);
  });
});

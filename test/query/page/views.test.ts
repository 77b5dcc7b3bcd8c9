// Each view in a real Chromium: what it shows, that it is sound, and that one gets there by links and keys.
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { failedAttempt, startWorld, type World } from '../../support/world.ts';
import { expectSound, type Opened, openPage, picture, soon } from './browser.ts';
import { isWithoutChromium, openBrowser } from './chromium.ts';
import { agent, refs, type Seeded, seedPage } from './seed.ts';

/** Views of which the docs have a picture at 375 px. */
const NARROW = ['groups', 'group', 'compare'];

describe.skipIf(isWithoutChromium('test/query/page/views.test.ts'))('the page', () => {
  let world: World;
  let browser: Browser;
  let seeded: Seeded;
  let opened: Opened;

  beforeAll(async () => {
    world = await startWorld();
    seeded = await seedPage(world);
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await world?.end();
  });
  beforeEach(async () => {
    opened = await openPage(browser, world.query);
  });
  afterEach(() => opened.close());

  /** The views by their names: address, and a text that is there once all is. */
  const views = (): [name: string, address: string, text: string | RegExp][] => [
    ['agents', '/', '4 groups'],
    ['groups', `/agents/${agent}`, '✓ effective'],
    ['group', `/groups/${seeded.parse}`, '40% of runs failed (24 of 60)'],
    ['failure', `/failures/${seeded.failure}`, 'attempt 1 of the node failed'],
    ['nodes', `/agents/${agent}/graph`, '3.3% fail'],
    ['graph', `/graphs/${refs.first}?node=parse`, '40% fail'],
    ['compare', `/graphs/compare?from=${refs.first}&to=${refs.second}`, '+ added'],
    ['timeline', `/agents/${agent}/timeline`, 'Check that an invoice has a total'],
    ['evolution', '/evolutions/check-the-total', 'Nodes before and after'],
    ['sql', '/sql', 'evolution_effects'],
  ];

  it.each([
    { width: 1100, scheme: 'light' },
    { width: 375, scheme: 'dark' },
  ] as const)(
    'shows every view without a serious finding, $scheme and $width px wide',
    async (look) => {
      const shown = await openPage(browser, world.query, look);
      for (const [name, address, text] of views()) {
        await shown.page.goto(address);
        await shown.page.getByText(text).first().waitFor();
        await expectSound(shown);
        if (look.width === 1100) await picture(shown.page, name);
        else if (NARROW.includes(name)) await picture(shown.page, `${name}-narrow`);
      }
      await shown.close();
    },
    180_000,
  );

  it('leads from the agents to the graph by links, and back', async () => {
    const { page, troubles } = opened;
    await page.goto('/');
    await page.getByRole('link', { name: agent }).click();
    await page.getByRole('link', { name: 'LedgerClosedError' }).click();
    await page.getByRole('link', { name: 'What followed from what' }).click();
    await page.getByRole('heading', { level: 1, name: 'LedgerClosedError in book' }).waitFor();
    expect(await page.title()).toBe('LedgerClosedError in book · Faultline');
    expect(await page.evaluate('document.activeElement.id')).toBe('main');
    await page.getByText('ended the run').waitFor();
    await page.getByRole('link', { name: '1. book' }).click();
    await page.getByRole('heading', { level: 1, name: 'Conflict in book' }).waitFor();
    await page.goBack();
    await page.locator(`a[href^="/graphs/${encodeURIComponent(refs.second)}"]`).click();
    await page.locator('.node.asked', { hasText: 'book' }).waitFor();
    expect(troubles).toEqual([]);
  });

  it('filters groups by node and state, and keeps the filters in the address', async () => {
    const { page } = opened;
    await page.goto(`/agents/${agent}`);
    const rows = page.locator('main .rows > li');
    await soon(() => rows.count()).toBe(4);
    await page.getByLabel('Node').selectOption('parse');
    await soon(() => rows.count()).toBe(1);
    expect(new URL(page.url()).search).toBe('?node=parse');
    await page.getByLabel('State').selectOption('ignored');
    await page.getByText('No group fits.').waitFor();
    await page.reload();
    await page.getByText('No group fits.').waitFor();
    expect(await page.getByLabel('Node').inputValue()).toBe('parse');
    await page.goto('/?find=nobody');
    await page.getByText('No agent has this in its name.').waitFor();
  });

  it('is used with the keyboard alone', async () => {
    const { page } = opened;
    await page.goto(`/agents/${agent}`);
    const first = page.locator('main .rows > li').first().getByRole('link').first();
    await first.waitFor();
    const name = (await first.textContent())!;
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name }).waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await soon(() => page.getByRole('dialog').count()).toBe(0);
    await page.keyboard.press('s');
    await page.getByRole('heading', { level: 1, name: 'SQL' }).waitFor();
    await page.keyboard.press('/');
    expect(await page.evaluate('document.activeElement.id')).toBe('sql');
    await page.keyboard.press('g');
    expect(await page.getByLabel('ClickHouse SQL').inputValue()).toContain('g');
  });

  it('shows older occurrences on demand', async () => {
    const { page } = opened;
    await page.goto(`/groups/${seeded.parse}`);
    const rows = page.locator('section[aria-label="Occurrences"] tbody tr');
    await soon(() => rows.count()).toBe(20);
    await page.getByRole('button', { name: 'Older' }).first().click();
    await soon(() => rows.count()).toBe(25);
  });

  it('runs SQL, and says what is wrong with it', async () => {
    const { page, troubles } = opened;
    await page.goto('/sql');
    await page.getByLabel('ClickHouse SQL').fill("SELECT '<b>bold</b>' AS one, 40 + 2 AS two");
    await page.keyboard.press('Control+Enter');
    await page.getByRole('cell', { name: '<b>bold</b>' }).waitFor();
    await page.getByRole('cell', { name: '42' }).waitFor();
    await page.getByLabel('ClickHouse SQL').fill('DROP TABLE failures');
    await page.getByRole('button', { name: 'Run' }).click();
    await page.getByRole('alert').waitFor();
    for (const name of ['Failure rate by hour', 'What fixes did', 'Failures by class']) {
      await page.getByRole('button', { name }).click();
      await page.getByRole('button', { name: 'Run' }).click();
      await page.getByText(/^\d+ rows? in /).waitFor();
      expect(await page.getByRole('alert').count()).toBe(0);
    }
    await page.getByText('node_health', { exact: true }).click();
    await page.getByText('p95_duration_ns', { exact: true }).waitFor();
    expect(troubles).toEqual([]);
  });

  it('shows what comes in while one looks, and stands still when told to', async () => {
    const { page } = opened;
    await page.goto('/');
    await page.getByRole('link', { name: agent }).waitFor();
    await world.send(failedAttempt('late-agent'));
    await page.getByRole('link', { name: 'late-agent' }).waitFor();
    await page.getByLabel('Live').uncheck();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.clock.install();
    await page.clock.runFor(60_000);
    expect(asked).toEqual([]);
  });

  it('says what is not there', async () => {
    const { page } = opened;
    for (const [address, text] of [
      ['/groups/v1:00000000000000000000000000000000', /not|unknown|no /i],
      ['/failures/none', /failure/i],
      ['/agents/x/y', 'There is nothing here'],
    ] as const) {
      await page.goto(address);
      await page.locator('main').getByText(text).first().waitFor();
    }
  });
});

// What can be said about a group, said in a real Chromium; with tokens, and without.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient } from '../../../query/index.ts';
import { failedAttempt, startWorld, type World } from '../../support/world.ts';
import { expectSound, openPage, soon } from './browser.ts';
import { isWithoutChromium, openBrowser } from './chromium.ts';

const agent = 'actions-agent';

describe.skipIf(isWithoutChromium('test/query/page/actions.test.ts'))('actions on the page', () => {
  let world: World;
  let browser: Browser;
  beforeAll(async () => {
    world = await startWorld({ 'query-token': ['reader'], 'admin-token': ['admin'] });
    await world.send(
      failedAttempt(agent, { 'graph.node.id': 'parse' }),
      failedAttempt(agent, { 'graph.node.id': 'book' }),
    );
    await createClient({ url: world.query, token: 'admin' }).recordEvolution({
      agent_id: agent,
      evolution_id: 'some-fix',
      resolution: 'Look twice.',
      target_fingerprints: [(await groupOf('parse')).fingerprint],
    });
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await world?.end();
  });

  const history = () => createClient({ url: world.query, token: 'reader' });
  async function groupOf(node: string) {
    const { items } = await history().groups({ agent, node });
    return items[0]!;
  }
  async function giveToken(page: Page, token: string): Promise<void> {
    await page.getByRole('alert').getByLabel('Token').fill(token);
    await page.getByRole('alert').getByRole('button', { name: 'Use' }).click();
  }
  async function say(page: Page, what: string, fields: Record<string, string> = {}): Promise<void> {
    await page.getByRole('radio', { name: what, exact: true }).check();
    for (const [label, value] of Object.entries(fields)) {
      const field = page.locator('form.actions').getByLabel(label, { exact: true });
      if (await field.evaluate((element) => element.tagName === 'SELECT')) {
        await field.selectOption(value);
      } else await field.fill(value);
    }
    await page.locator('form.actions').getByRole('button').click();
  }

  it.each([
    ['an agent', async () => `/agents/${agent}`, /Mend what ends most runs/],
    [
      'a group',
      async () => `/groups/${(await groupOf('parse')).fingerprint}`,
      /Mend the failure group v1:[0-9a-f]{32} first/,
    ],
  ])('hands the brief of %s to a coding agent', async (_what, path, first) => {
    const opened = await openPage(browser, world.query);
    const { page } = opened;
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.goto(await path());
    await giveToken(page, 'reader');
    await page.getByRole('button', { name: 'Copy as prompt' }).click();
    await page.getByRole('status').getByText('Copied').waitFor();
    const copied = await page.evaluate<string>('navigator.clipboard.readText()');
    expect(copied).toMatch(first);
    expect(copied).toContain('`parse`');
    expect(copied).toContain('faultline verify');
    await expectSound(opened);
    await opened.close();
  });

  it('asks for a token before it shows data, and for an admin one before it changes any', async () => {
    const opened = await openPage(browser, world.query);
    const { page } = opened;
    await page.goto('/');
    await page.getByText('a query or admin token is needed').waitFor();
    await expectSound(opened);
    await giveToken(page, 'wrong');
    await page.getByText('a query or admin token is needed').waitFor();
    await giveToken(page, 'reader');
    await page.getByRole('link', { name: agent }).click();
    await page.getByRole('link', { name: 'TypeError' }).first().click();
    await page.locator('form.actions').waitFor();
    await say(page, 'Note', { Text: 'seen by Ada', 'Your name': 'Ada' });
    await page.getByText('an admin token is needed').waitFor();
    await giveToken(page, 'admin');
    await page.locator('form.actions').getByRole('button').click();
    await page.getByText('Note: remembered.').waitFor();
    await page.getByRole('listitem').filter({ hasText: 'seen by Ada' }).waitFor();
    expect(await page.evaluate('localStorage.length + document.cookie.length')).toBe(0);
    expect(await page.evaluate("sessionStorage.getItem('faultline.token')")).toBe('admin');
    await opened.close();
  });

  it('resolves, reopens, ignores, annotates, merges and splits', async () => {
    const opened = await openPage(browser, world.query);
    const { page, troubles } = opened;
    const [parse, book] = [await groupOf('parse'), await groupOf('book')];
    const name = { 'Your name': 'Ada' };
    await page.goto(`/groups/${parse.fingerprint}`);
    await giveToken(page, 'admin');
    const state = page.locator('main > p.badges .badge').first();

    await say(page, 'Resolve', { 'By the fix': 'some-fix', Reason: 'mended', ...name });
    await soon(() => state.textContent()).toBe('✓ resolved');
    await say(page, 'Reopen', name);
    await soon(() => state.textContent()).toBe('• ongoing');
    await say(page, 'Ignore', name);
    await soon(() => state.textContent()).toBe('⊘ ignored');
    await say(page, 'Reopen', name);
    await soon(() => state.textContent()).toBe('• ongoing');

    await say(page, 'Annotate', {
      Class: 'input.invalid',
      Reason: 'the total is missing',
      ...name,
    });
    await page.getByText('Class said by Ada').waitFor();
    expect((await groupOf('parse')).annotation).toMatchObject({
      class: 'input.invalid',
      author: 'Ada',
      reason: 'the total is missing',
    });
    await say(page, 'Annotate', { Class: '', ...name });
    await soon(() => page.getByText('Class said by Ada').count()).toBe(0);

    await say(page, 'Merge', { Into: book.fingerprint, ...name });
    await page.getByText('These fingerprints were merged').waitFor();
    expect((await groupOf('book')).fingerprints).toEqual([book.fingerprint, parse.fingerprint]);
    await say(page, 'Split', { Fingerprint: parse.fingerprint, ...name });
    await soon(async () =>
      (await history().groups({ agent })).items.map((group) => group.fingerprints),
    ).toHaveLength(2);
    await expectSound(opened);
    expect(troubles).toEqual([]);
    await opened.close();
  });

  it('refuses to send without a name', async () => {
    const opened = await openPage(browser, world.query);
    const { page } = opened;
    const { fingerprint } = await groupOf('parse');
    await page.goto(`/groups/${fingerprint}`);
    await giveToken(page, 'admin');
    const changes: string[] = [];
    page.on('request', (request) => {
      if (request.method() === 'POST') changes.push(request.url());
    });
    await page.getByRole('radio', { name: 'Ignore' }).check();
    await page.locator('form.actions').getByRole('button').click();
    expect(await page.locator('form.actions :invalid').count()).toBeGreaterThan(0);
    expect(changes).toEqual([]);
    await opened.close();
  });
});

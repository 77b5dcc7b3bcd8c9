// Hostile text in every field that comes from outside, on every view: it stays text.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient } from '../../../query/index.ts';
import {
  failedAttempt,
  goodAttempt,
  snapshotRef,
  startWorld,
  type World,
} from '../../support/world.ts';
import { expectSound, openPage, soon } from './browser.ts';
import { isWithoutChromium, openBrowser } from './chromium.ts';
import { snapshotEvent } from './seed.ts';

const HOSTILE =
  '"\'></textarea></title><script>globalThis.hacked=1</script>' +
  '<img src=x onerror="globalThis.hacked=1"><a href="javascript:globalThis.hacked=1">go</a>' +
  '<svg onload=globalThis.hacked=1>&lt;b&gt;&amp; {{7*7}} \u202Etxt.exe \u2067\u05D0\u05D1 \u0000\u0007';
const LONG = 'Wide'.repeat(100);
/** Each field has a mark of its own, so that it is known which of them were shown. */
const hostile = (field: string): string => `${field} ${HOSTILE} ${LONG}`;
/** Ids are parts of addresses and shorter. */
const agent = 'agent <script>globalThis.hacked=1</script> /?#%2F..&\u202E "\'';
const json = (field: string): string =>
  JSON.stringify({ [hostile(`${field}-key`)]: hostile(field) });
const id = (field: string): string => hostile(field).slice(0, 250);
const node = id('node');

const body = JSON.stringify({
  edges: [
    { condition: hostile('condition'), source: node, target: 'other' },
    { source: 'other', target: node },
    { source: '__proto__', target: 'constructor' },
  ],
  entry: node,
  id: hostile('graph'),
  nodes: [{ id: node, type: hostile('type') }, { id: 'other' }, { id: '__proto__' }],
});
const changed = body.replace('"other"', '"other","prompt":"<b>"');
const ref = snapshotRef(body);
const changedRef = snapshotRef(changed);

describe.skipIf(isWithoutChromium('test/query/page/hostile.test.ts'))('hostile text', () => {
  let world: World;
  let browser: Browser;
  let fingerprint: string;
  let failureId: string;

  beforeAll(async () => {
    world = await startWorld();
    const shared = { 'graph.node.id': node, 'graph.run.id': id('run'), 'graph.id': 'g' };
    await world.send(
      {
        ...failedAttempt(agent, {
          ...shared,
          'graph.snapshot.ref': ref,
          'gen_ai.agent.name': hostile('agent-name'),
          'gen_ai.conversation.id': hostile('session'),
          'graph.node.name': hostile('node-name'),
          'error.type': hostile('error-type').slice(0, 200),
          'exception.type': hostile('error-type').slice(0, 200),
          'exception.message': hostile('message'),
          'exception.stacktrace': `${hostile('stack')}\n    at f (/app/a.js:1:1)`,
          'failure.condition': hostile('custom'),
          'failure.site': hostile('site'),
          'failure.class': hostile('class'),
          'failure.disposition': hostile('disposition'),
          'failure.input': json('input'),
          'failure.state': json('state'),
          'failure.evidence': json('evidence'),
        }),
        events: [snapshotEvent(body)],
      },
      {
        ...goodAttempt(agent, { ...shared, 'graph.snapshot.ref': changedRef }),
        events: [snapshotEvent(changed)],
      },
    );
    const history = createClient({ url: world.query });
    const { items } = await history.recentFailures({ agent });
    ({ fingerprint, failure_id: failureId } = items[0]!);
    await history.recordEvolution({
      agent_id: agent,
      evolution_id: 'hostile-fix',
      resolution: hostile('resolution'),
      rationale: hostile('rationale'),
      strategy: hostile('strategy').slice(0, 256),
      author: hostile('author').slice(0, 256),
      from_ref: ref,
      graph_snapshot_ref: changedRef,
      target_fingerprints: [fingerprint],
    });
    await history.changeGroup(fingerprint, {
      kind: 'note',
      value: hostile('note'),
      reason: hostile('reason'),
      author: hostile('sayer').slice(0, 256),
    });
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await world?.end();
  });

  const views = (): [address: string, shown: string[]][] => [
    ['/', ['agent <script>']],
    [
      `/agents/${encodeURIComponent(agent)}`,
      ['agent <script>', 'error-type', 'node', 'resolution'],
    ],
    [
      `/groups/${fingerprint}`,
      [
        'error-type',
        'message',
        'stack',
        'input',
        'state',
        'evidence',
        'resolution',
        'note',
        'reason',
        'sayer',
        'run',
      ],
    ],
    [`/failures/${failureId}`, ['error-type', 'message', 'session', 'run', 'stack', 'evidence']],
    [`/agents/${encodeURIComponent(agent)}/graph`, ['node']],
    [`/graphs/${ref}`, ['node', 'type', 'condition']],
    [`/graphs/compare?from=${ref}&to=${changedRef}`, ['node', 'error-type']],
    [
      `/agents/${encodeURIComponent(agent)}/timeline`,
      ['resolution', 'rationale', 'author', 'note', 'error-type'],
    ],
    ['/evolutions/hostile-fix', ['resolution', 'rationale', 'strategy', 'author', 'node']],
  ];

  it.each([1100, 375])(
    'stays text on every view at %i px',
    async (width) => {
      const opened = await openPage(browser, world.query, { width });
      const { page } = opened;
      for (const [address, shown] of views()) {
        await page.goto(address);
        for (const mark of shown) {
          await soon(() => page.locator('main').textContent(), `${mark} at ${address}`).toContain(
            mark,
          );
        }
        await expectSound(opened, address);
        expect(await page.evaluate('globalThis.hacked')).toBeUndefined();
        const links = await page
          .locator('main a')
          .evaluateAll((found) => found.map((link) => link.getAttribute('href')!));
        expect(
          links.filter((link) => !/^\/(agents|groups|failures|graphs|evolutions)\//.test(link)),
        ).toEqual([]);
        expect(await page.locator('main :is(script, iframe, img, object, style)').count()).toBe(0);
      }
      await opened.close();
    },
    180_000,
  );

  it('stays text in answers of SQL and in what is refused', async () => {
    const opened = await openPage(browser, world.query, { width: 375 });
    const { page } = opened;
    await page.goto('/sql');
    await page
      .getByLabel('ClickHouse SQL')
      .fill('SELECT error_message AS "<script>globalThis.hacked=1</script>" FROM failures');
    await page.getByRole('button', { name: 'Run' }).click();
    await page.getByRole('cell', { name: '<img src=x' }).waitFor();
    await expectSound(opened);
    await page.getByLabel('ClickHouse SQL').fill(`SELECT ${HOSTILE.replace(/\0/g, '')}`);
    await page.getByRole('button', { name: 'Run' }).click();
    await page.getByRole('alert').waitFor();
    await expectSound(opened);
    expect(await page.evaluate('globalThis.hacked')).toBeUndefined();
    await opened.close();
  });

  it('leads from the agent to its views and back', async () => {
    const opened = await openPage(browser, world.query);
    const { page, troubles } = opened;
    await page.goto('/');
    await page.locator('main .rows a').first().click();
    await page.getByRole('link', { name: 'Timeline' }).click();
    await page.getByRole('link', { name: 'Nodes and graph' }).click();
    await page.locator('.node').first().waitFor();
    await page.locator('section[aria-label="Nodes"] a').first().click();
    await page.locator('main .rows a').first().click();
    await page.getByRole('heading', { name: 'Occurrences' }).waitFor();
    expect(troubles).toEqual([]);
    await opened.close();
  });
});

// A real Chromium on the page, which fails a test for what the page must never do: break its own policy,
// throw, ask another host, or be wider than the screen.
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { expect } from 'vitest';

export interface Opened {
  page: Page;
  /** What went wrong so far, expected to be nothing. */
  troubles: string[];
  close(): Promise<void>;
}

export interface Look {
  width?: number;
  scheme?: 'light' | 'dark';
}

/** A new tab with a storage of its own. */
export async function openPage(browser: Browser, base: string, look: Look = {}): Promise<Opened> {
  const context = await browser.newContext({
    baseURL: base,
    viewport: { width: look.width ?? 1100, height: 800 },
    colorScheme: look.scheme ?? 'light',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const troubles: string[] = [];
  page.on('pageerror', (error) => troubles.push(`thrown: ${error.message}`));
  page.on('console', (message) => {
    // Refused requests are told on the console too; tests of them look at the page.
    if (
      message.type() !== 'error' ||
      /the server responded with a status of 4/.test(message.text())
    )
      return;
    troubles.push(`console: ${message.text()}`);
  });
  page.on('dialog', (dialog) => {
    troubles.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== base) troubles.push(`asked elsewhere: ${request.url()}`);
  });
  return { page, troubles, close: () => context.close() };
}

interface Finding {
  id: string;
  impact: string;
  nodes: { target: string[]; failureSummary: string }[];
}

/** Serious and critical findings of axe, each as a line. */
export async function seriousFindings(page: Page): Promise<string[]> {
  // Evaluated by the debugger, so that the page's policy needs no exception for it.
  await page.evaluate(axe.source);
  const violations = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: Finding[] }> } };
    return (await axe.run()).violations;
  });
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes[0]?.target.join(' ')} ${nodes[0]?.failureSummary}`);
}

/** How many pixels the page is wider than the screen. */
export const overflow = (page: Page): Promise<number> =>
  page.evaluate('document.documentElement.scrollWidth - innerWidth');

const images = fileURLToPath(new URL('../../../docs/images/', import.meta.url));

/** A picture for the docs; only where they are asked for, since each run's times differ. */
export async function picture(page: Page, name: string): Promise<void> {
  if (!process.env.FAULTLINE_PICTURES) return;
  mkdirSync(images, { recursive: true });
  await page.screenshot({ path: `${images}${name}.png` });
}

/** Asks again until it holds; only a hang reaches the bound. */
export const soon = <T>(what: () => T | Promise<T>, message?: string) =>
  expect.poll(what, message ? { message } : {});

/** What holds for every view, whatever is on it. */
export async function expectSound({ page, troubles }: Opened, view = page.url()): Promise<void> {
  expect(await seriousFindings(page), view).toEqual([]);
  expect(await overflow(page), `wider than the screen: ${view}`).toBeLessThanOrEqual(0);
  expect(troubles, view).toEqual([]);
}

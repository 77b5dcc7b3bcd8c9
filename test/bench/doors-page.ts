// What the web page costs: bytes of script that a first load takes, and the time until it can be used.
import http from 'node:http';
import { buffer } from 'node:stream/consumers';
import { found, openBrowser } from '../query/page/chromium.ts';

const LOADS = 7;

/** Bytes of a file as they come over the wire, compressed. */
async function wireBytes(url: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    http
      .get(url, { headers: { 'accept-encoding': 'gzip' } }, (answer) => {
        buffer(answer).then(resolve, reject);
      })
      .once('error', reject);
  });
}

/** Compressed bytes of all scripts that the first document asks for. */
export async function scriptBytes(query: string): Promise<number> {
  const document = await (await fetch(`${query}/`)).text();
  const scripts = [...document.matchAll(/(?:src|href)="([^"]+\.js)"/g)].map(([, path]) => path!);
  const files = await Promise.all(scripts.map((path) => wireBytes(new URL(path, query).href)));
  return files.reduce((sum, { length }) => sum + length, 0);
}

/**
 * Milliseconds from the start of a first load until the list of agents can be clicked, of some loads,
 * sorted; undefined without a Chromium.
 */
export async function timesToInteractive(query: string): Promise<number[] | undefined> {
  if (!found) return undefined;
  const browser = await openBrowser();
  try {
    const times: number[] = [];
    for (let load = 0; load < LOADS; load++) {
      // Nothing is cached from the load before.
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.goto(query, { waitUntil: 'commit' });
      await page.waitForSelector('a[data-row]');
      times.push(await page.evaluate<number>('performance.now()'));
      // What it asks for behind the list would slow the next load down.
      await page.waitForLoadState('networkidle');
      await context.close();
    }
    return times.sort((a, b) => a - b);
  } finally {
    await browser.close();
  }
}

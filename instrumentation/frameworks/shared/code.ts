// A function as part of a graph's version: what it closes over is not seen.
import { createHash } from 'node:crypto';

/** A hash of a function's source; `undefined` for what is no function of the app's. */
export function codeOf(value: unknown): string | undefined {
  if (typeof value !== 'function') return undefined;
  const source = Function.prototype.toString.call(value);
  if (source.includes('[native code]')) return undefined;
  return `sha256:${createHash('sha256').update(source, 'utf8').digest('hex').slice(0, 16)}`;
}

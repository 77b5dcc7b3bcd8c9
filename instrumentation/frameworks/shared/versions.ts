// What happens when a framework comes in a version that was never tried: nothing but one line.
import { sayOnce } from '../../core/guard.ts';

/** Versions that are recorded: `[from, below]`, each as major and minor, such as `['0.20', '0.21']`. */
export type TestedVersions = readonly [from: string, below: string];

/**
 * Whether a version was tested; if not, says once that this framework is not recorded. A version that
 * is not known counts as tested.
 */
export function isTested(
  framework: string,
  version: string | undefined,
  [from, below]: TestedVersions,
): boolean {
  if (version === undefined) return true;
  if (compare(version, from) >= 0 && compare(version, below) < 0) return true;
  sayOnce(
    `version ${framework}`,
    `${framework} ${version} was never tried, only from ${from} to below ${below}: its runs are not recorded; instrumentGraph and instrumentNode work with any version`,
  );
  return false;
}

function compare(a: string, b: string): number {
  const [left, right] = [a, b].map((text) =>
    text.split('.').map((part) => Number.parseInt(part, 10)),
  );
  for (let i = 0; i < 2; i += 1) {
    const difference = (left?.[i] ?? 0) - (right?.[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

// Failed spans that no dialect knows and that are not kept: how many, by service and span name.
import type { Secrets } from '../materialize/field-redactor.ts';

/** Failed spans of one name that were skipped. */
export interface SkippedFailures {
  /** `service.name` of the resource, '' without one. */
  service: string;
  /** Name of the spans. */
  span: string;
  count: number;
}

/** Services that are counted by themselves, and names of each; the others are counted as {@link OTHER}. */
export const MOST_SERVICES = 20;
export const MOST_NAMES = 10;
export const OTHER = 'other';

/** UTF-16 units of a name that are shown. */
const MOST_CHARS = 80;
/** What hides text or ends a line: controls, directions, halves of characters. */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** Counts of bounded number and length: both names come from outside. */
export class SkippedFailureCounts {
  readonly #counted = new Map<string, Map<string, number>>();

  add(service: string, span: string, count = 1): void {
    const known = this.#counted.has(service) || this.#counted.size < MOST_SERVICES;
    const key = known ? service : OTHER;
    const names = this.#counted.get(key) ?? new Map<string, number>();
    this.#counted.set(key, names);
    const name = known && (names.has(span) || names.size < MOST_NAMES) ? span : OTHER;
    names.set(name, (names.get(name) ?? 0) + count);
  }

  /** Adds the counts of a request; its names lose their secrets, and what cannot be shown. */
  addAll(request: SkippedFailureCounts, secrets: Secrets): void {
    for (const { service, span, count } of request.list()) {
      this.add(shown(service, secrets), shown(span, secrets), count);
    }
  }

  /** The most frequent first. */
  list(): SkippedFailures[] {
    return [...this.#counted]
      .flatMap(([service, names]) =>
        [...names].map(([span, count]): SkippedFailures => ({ service, span, count })),
      )
      .sort((one, other) => other.count - one.count);
  }
}

function shown(name: string, secrets: Secrets): string {
  try {
    return secrets.text(name, {}, MOST_CHARS).slice(0, MOST_CHARS).replace(UNSAFE, '\uFFFD');
  } catch {
    return '[redaction failed]';
  }
}

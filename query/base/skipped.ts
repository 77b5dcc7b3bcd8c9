// Failed spans that a collector skipped, as one line for a reader who finds nothing.
import { quoteId } from './quote.ts';

/** Failed spans of one service and name. */
export interface SkippedSpans {
  service: string;
  span: string;
  count: number;
}

/** What a process knows of them; undefined where no collector runs in it. */
export type KnownSkipped = (() => readonly SkippedSpans[]) | undefined;

const ELSEWHERE =
  'failed spans that the collector skipped are counted there: `faultline doctor` beside it, or its /metrics';

/** What keeps such spans. */
const REMEDY = '`faultline start --keep all-errors` keeps them';

/**
 * What to say where a list is empty; undefined when nothing was skipped.
 *
 * @param preferred the service to name if it has any @default the one with most
 */
export function skippedHint(known: KnownSkipped, preferred?: string): string | undefined {
  if (known === undefined) return ELSEWHERE;
  const text = skippedText(known(), preferred);
  return text === undefined ? undefined : `${text}; ${REMEDY}`;
}

/**
 * How many failed spans of a service were skipped, and the most frequent of their names.
 *
 * @param preferred the service to name if it has any @default the one with most
 * @returns undefined when none was skipped
 */
export function skippedText(
  skipped: readonly SkippedSpans[],
  preferred?: string,
): string | undefined {
  const sums = new Map<string, number>();
  for (const { service, count } of skipped) sums.set(service, (sums.get(service) ?? 0) + count);
  const [most] = [...sums].sort(([, one], [, other]) => other - one);
  if (most === undefined) return undefined;
  const own = preferred === undefined ? undefined : sums.get(preferred);
  const [service, sum] = own === undefined ? most : [preferred!, own];
  const spans = skipped.filter((one) => one.service === service);
  const { span } = spans.reduce((one, other) => (other.count > one.count ? other : one));
  const of = service === '' ? 'without a service name' : `of service ${quoteId(service)}`;
  const were = sum === 1 ? 'span' : 'spans';
  const was = sum === 1 ? 'was' : 'were';
  return `${sum} failed ${were} ${of} ${was} skipped, e.g. ${quoteId(span)}`;
}

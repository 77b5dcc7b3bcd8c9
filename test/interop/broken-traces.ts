// What goes wrong with traces on their way: spans are lost, clocks differ, parents are others, attributes have
// other types, and two dialects say two things of one span.
import fc from 'fast-check';
import type { Alone, RecordedSpan } from '../support/recorded-spans.ts';

/** Of one span; 0 and undefined leave it as it is. */
export interface Damage {
  isLost: boolean;
  /** Nanoseconds by which its clock is wrong. */
  skew: bigint | undefined;
  status: 'kept' | 'failed' | 'good' | 'failed without a message';
  /** Another span becomes its parent, or one that is nowhere. */
  parent: number | 'nowhere' | undefined;
  hasNotEnded: boolean;
  /** The attribute that gets another value. */
  attribute: number;
  value: object;
  /** What another dialect says besides. */
  besides: string | undefined;
}

const MINUTES = 60_000_000_000n;

const value = fc.oneof(
  fc.constant({}),
  fc.constant({ intValue: '-1' }),
  fc.constant({ boolValue: true }),
  fc.constant({ doubleValue: Number.NaN }),
  fc.constant({ arrayValue: { values: [{ stringValue: 'a' }, { intValue: 3 }] } }),
  fc.constant({ kvlistValue: { values: [{ key: 'a', value: {} }] } }),
  fc.constant({ bytesValue: Buffer.from('bytes') }),
  fc.string().map((stringValue) => ({ stringValue })),
);

const damage: fc.Arbitrary<Damage> = fc.record({
  isLost: fc.boolean(),
  skew: fc.option(fc.bigInt({ min: -10n * MINUTES, max: 10n * MINUTES }), { nil: undefined }),
  status: fc.constantFrom('kept', 'kept', 'kept', 'failed', 'good', 'failed without a message'),
  parent: fc.option(fc.oneof(fc.nat(60), fc.constant('nowhere' as const)), {
    nil: undefined,
    freq: 2,
  }),
  hasNotEnded: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  attribute: fc.nat(40),
  value,
  besides: fc.option(
    fc.constantFrom(
      'traceloop.span.kind=workflow',
      'openinference.span.kind=AGENT',
      'gen_ai.operation.name=invoke_agent',
      'langgraph_node=elsewhere',
      'hive.node_id=elsewhere',
      'mastra.span.type=workflow_run',
      'langsmith.span.kind=chain',
      'executor.id=elsewhere',
    ),
    { nil: undefined, freq: 3 },
  ),
});

/** Of some spans in turn. */
export const damages: fc.Arbitrary<Damage[]> = fc.array(damage, { minLength: 1, maxLength: 7 });

/** The spans with the damages done to each in turn. */
export function broken(spans: readonly Alone[], done: readonly Damage[]): Alone[] {
  const parents = spans.map(({ scopeSpans }) => scopeSpans[0].spans[0]).filter(isPart);
  return spans.flatMap(
    (
      {
        resource,
        scopeSpans: [
          {
            scope,
            spans: [span],
          },
        ],
      },
      i,
    ) => {
      const one = done[i % done.length]!;
      if (one.isLost && i % 3 === 0) return [];
      return [{ resource, scopeSpans: [{ scope, spans: [damaged(span, one, parents)] }] }];
    },
  );
}

/** Spans that are kept whatever becomes of their status. */
function isPart({ attributes = [] }: RecordedSpan): boolean {
  return attributes.some(
    ({ key, value }) =>
      key.startsWith('haystack.') ||
      /CHAIN|AGENT/.test((value as { stringValue?: string }).stringValue ?? ''),
  );
}

/** Without it the span is not kept, and what is around others is known of one request only. */
function isMarker(key: string): boolean {
  return key === 'openinference.span.kind' || key.startsWith('haystack.');
}

function damaged(span: RecordedSpan, done: Damage, parents: readonly RecordedSpan[]): RecordedSpan {
  const skew = done.skew ?? 0n;
  const end = done.hasNotEnded ? 0n : BigInt(span.endTimeUnixNano) + skew;
  const attributes = [...(span.attributes ?? [])];
  const changed = attributes[done.attribute];
  if (changed !== undefined && !isMarker(changed.key))
    attributes[done.attribute] = { ...changed, value: done.value };
  if (done.besides !== undefined) {
    const [key, stringValue] = done.besides.split('=') as [string, string];
    attributes.push({ key, value: { stringValue } });
  }
  const parent = parentOf(done, parents);
  return {
    ...span,
    ...(parent === undefined ? {} : { parentSpanId: parent }),
    startTimeUnixNano: String(BigInt(span.startTimeUnixNano) + skew),
    endTimeUnixNano: String(end),
    attributes,
    status: STATUS[done.status] ?? span.status ?? {},
  };
}

const STATUS: Readonly<Partial<Record<Damage['status'], object>>> = {
  failed: { code: 2, message: 'it went wrong' },
  'failed without a message': { code: 2 },
  good: { code: 1 },
};

function parentOf({ parent }: Damage, parents: readonly RecordedSpan[]): Buffer | undefined {
  if (parent === 'nowhere') return Buffer.alloc(8, 9);
  return parent === undefined ? undefined : parents[parent]?.spanId;
}

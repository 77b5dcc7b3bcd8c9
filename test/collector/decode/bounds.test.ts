// Requests that are small on the wire and would hold the process for long are refused before they do.
import { describe, expect, it } from 'vitest';
import { readJson } from '../../../collector/decode/json.ts';
import { readProtobuf } from '../../../collector/decode/protobuf.ts';
import { DecodeError, type Span } from '../../../collector/decode/span.ts';
import { atOnce } from '../../../collector/decode/turns.ts';

const json = (body: string) => () => atOnce(readJson(Buffer.from(body), 'agents', () => {}));
const spans = (part: string, times: number) =>
  `{"resourceSpans":[{"scopeSpans":[{"spans":[${part.repeat(times)}{}]}]}]}`;

/** A message of a field that holds so many empty messages of another. */
function holding(field: number, inner: number, times: number): Buffer {
  const body = Buffer.alloc(times * 2, Buffer.from([inner, 0]));
  const length: number[] = [];
  for (let rest = body.length; ; rest >>>= 7) {
    length.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    if (rest <= 0x7f) break;
  }
  return Buffer.concat([Buffer.from([field, ...length]), body]);
}

const SPAN = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), name: 'execute_node a' };
const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });

/** What a request gives, and what the same does when it is so large that it is read in slices. */
function both(request: object) {
  return [request, { padding: ' "[{'.repeat(200_000), ...request }].map((body) => {
    const items: unknown[] = [];
    const read = readJson(Buffer.from(JSON.stringify(body, null, 2)), 'agents', (...item) => {
      items.push(item);
    });
    try {
      return { result: atOnce(read), items };
    } catch (error) {
      return { error: (error as Error).message, items };
    }
  });
}

describe('a large JSON request', () => {
  it('gives what a small one does', () => {
    const many = Array.from({ length: 300 }, (_, i) => ({
      ...SPAN,
      spanId: (i + 1).toString(16).padStart(16, '0'),
      attributes: [text('failure.input', `\\"}],é${'x'.repeat(i)}`)],
    }));
    const [small, large] = both({
      resourceSpans: [
        { scopeSpans: [{ spans: many, scope: { name: 'behind' } }, { spans: [] }, {}] },
        { scopeSpans: null },
        {
          scopeSpans: [
            { scope: { name: 's', version: '1' }, spans: [{ ...SPAN, spanId: 'no' }, SPAN] },
          ],
          resource: { attributes: [text('service.name', 'behind too')] },
          more: { unknown: [1, true, null, 'x'] },
        },
      ],
    });
    expect(small!.items).toHaveLength(301);
    expect(large).toEqual(small);
  });

  it.each([
    { resourceSpans: [{ scopeSpans: [{ spans: [SPAN, 5] }] }] },
    { resourceSpans: [{ scopeSpans: [{ spans: [SPAN, { ...SPAN, name: 3 }] }] }] },
  ])('is refused for the same reason: %j', (request) => {
    const [small, large] = both(request);
    expect(small!.error).toContain('resourceSpans[0].scopeSpans[0].spans[1]');
    expect(large).toEqual(small);
  });

  it('that is no JSON is refused', () => {
    for (const end of ['', ']}]}', ']}]}]}x', ',]}]}]}', 'tru]}]}]}']) {
      expect(json(`${spans(`${JSON.stringify(SPAN)},`, 10_000).slice(0, -7)}${end}`)).toThrow(
        /not JSON/,
      );
    }
  });

  it('keeps the start of a long text, and says which item is too large', () => {
    const items: Span[] = [];
    const long = { ...SPAN, attributes: [text('graph.node.id', 'ä\\\n'.repeat(300_000))] };
    const dense = { ...SPAN, events: Array(400_000).fill({}) };
    const body = { resourceSpans: [{ scopeSpans: [{ spans: [long, dense, SPAN] }] }] };
    const read = readJson(Buffer.from(JSON.stringify(body)), 'agents', (_r, _s, span) =>
      items.push(span),
    );
    const { received, kept, rejected, messages } = atOnce(read);
    expect({ received, kept, rejected }).toEqual({ received: 3, kept: 2, rejected: 1 });
    expect(messages[0]).toMatch(
      /^resourceSpans\[0\]\.scopeSpans\[0\]\.spans\[1\] has more than 100000 /,
    );
    expect(String(items[0]!.attributes.get('graph.node.id'))).toMatch(/^(ä\\\n){60000,}(ä?|ä\\)$/);
  });
});

describe('a request', () => {
  it('of nothing but empty objects and lists is refused', () => {
    expect(json(spans('{},', 500_000))).toThrow(/more than 100000 spans/);
    expect(json(spans('[],', 500_000))).toThrow(DecodeError);
    expect(json('['.repeat(1_000_000))).toThrow(/the body: expected an object/);
    expect(json(`{"a":${'['.repeat(1_000_000)}`)).toThrow(/not JSON/);
    expect(json(`{"resourceSpans":[${'{},'.repeat(300_000)}{}]}`)).toThrow(/scopes in one request/);
  });

  it('with brackets in its texts is none of these', () => {
    const name = `"${'['.repeat(300_000)}\\"${'{'.repeat(300_000)}"`;
    expect(json(spans(`{"name":${name}},`, 1))).not.toThrow();
  });

  it('with more spans, scopes or resources than any exporter sends is refused', () => {
    const protobuf = (body: Buffer) => () => atOnce(readProtobuf(body, 'agents', () => {}));
    const scope = holding(0x12, 0x12, 200_000);
    expect(protobuf(Buffer.alloc(400_000, Buffer.from([0x0a, 0])))).toThrow(/scopes in one/);
    expect(protobuf(holding(0x0a, 0x12, 200_000))).toThrow(/scopes in one/);
    const length = [
      0x80 | (scope.length & 0x7f),
      0x80 | ((scope.length >> 7) & 0x7f),
      scope.length >> 14,
    ];
    expect(protobuf(Buffer.concat([Buffer.from([0x0a, ...length]), scope]))).toThrow(
      /spans or log/,
    );
  });
});

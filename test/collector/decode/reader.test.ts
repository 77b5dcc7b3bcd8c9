import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readJson } from '../../../collector/decode/json.ts';
import { readProtobuf } from '../../../collector/decode/protobuf.ts';
import { DecodeError, type ReadResult, type Span } from '../../../collector/decode/span.ts';
import { atOnce } from '../../../collector/decode/turns.ts';
import { anyRequest } from '../../support/requests.ts';
import { failNode, plainSpan, recordSpans, toJson, toProtobuf } from '../../support/sdk-spans.ts';
import { type DecodedSpan, decodeFully } from './full-decode.ts';
import { encodeRequest } from './otlp-proto.ts';

type Read = typeof readProtobuf;

function readAll(
  body: Buffer,
  read: Read = readProtobuf,
  policy: 'agents' | 'all-errors' = 'agents',
): { spans: DecodedSpan[]; result: ReadResult } {
  const spans: DecodedSpan[] = [];
  const steps = read(body, policy, (resource, scope, span) =>
    spans.push({ resource: resource.attributes, scope, span }),
  );
  const result = atOnce(steps);
  return { spans, result };
}

// The policy, written a second time and slowly.
const EXECUTOR_NAME = /^(execute_node|execute_graph|start_graph|evolve_graph)( |$)/;
const EXECUTOR_KEY =
  /^(graph\.node\.id|hive\.node_id|langgraph_node|metadata\.langgraph_node|traceloop\.entity\.name|graph\.run\.outcome|evolution\.id)$/;
const MARKED_KEY =
  /^(gen_ai\.|graph\.|failure\.|evolution\.|hive\.|langgraph_|metadata\.langgraph_|traceloop\.|openinference\.|llm\.|ai\.)/;

function shouldKeep(span: Span, keys: string[], policy: string): boolean {
  if (!/^[0-9a-f]{32}$/.test(span.traceId) || /^0+$/.test(span.traceId)) return false;
  if (!/^[0-9a-f]{16}$/.test(span.spanId) || /^0+$/.test(span.spanId)) return false;
  if (EXECUTOR_NAME.test(span.name) || keys.some((key) => EXECUTOR_KEY.test(key))) return true;
  if (span.statusCode !== 2) return false;
  return policy === 'all-errors' || keys.some((key) => MARKED_KEY.test(key));
}

function expected(body: Buffer, policy: string): DecodedSpan[] {
  return decodeFully(body).filter(({ span }) =>
    shouldKeep(span, [...span.attributes.keys()], policy),
  );
}

describe('protobuf reader', () => {
  test('gives what a full decode gives, for what the SDK serializes', () => {
    const body = toProtobuf(
      recordSpans((tracer) => {
        for (let i = 0; i < 20; i++) plainSpan(tracer);
        failNode(tracer, { 'graph.node.visit': 3, list: ['a', 'b'], ratio: 0.5, flag: true });
        failNode(tracer, { 'failure.input': '{"to":"Zürich ✈"}' }, 'erste Zeile\nzweite');
      }),
    );
    const { spans, result } = readAll(body);
    expect(spans).toEqual(expected(body, 'agents'));
    expect(spans).toHaveLength(2);
    expect(result).toEqual({ received: 22, kept: 2, rejected: 0, messages: [] });
  });

  test('gives what a full decode gives, for any request', () => {
    fc.assert(
      fc.property(anyRequest, fc.constantFrom('agents', 'all-errors'), (request, policy) => {
        const body = encodeRequest(request);
        expect(readAll(body, readProtobuf, policy).spans).toEqual(expected(body, policy));
      }),
      { numRuns: 500 },
    );
  });

  test('does not depend on the order of fields', () => {
    fc.assert(
      fc.property(anyRequest, (request) => {
        const body = encodeRequest(request);
        expect(readAll(reverseFields(body)).spans.length).toBe(readAll(body).spans.length);
        expect(sorted(readAll(reverseFields(body)).spans)).toEqual(sorted(readAll(body).spans));
      }),
      { numRuns: 300 },
    );
  });

  test('of a key that is sent twice the last counts, also behind the value', () => {
    const once = encodeRequest(oneNode([{ key: 'a', value: { stringValue: 'v' } }], 'step'));
    // Key 'a', value 'v', then a second key.
    const key = Buffer.from('graph.node.id');
    const attribute = Buffer.concat([
      Buffer.from([0x0a, 1, 0x61, 0x12, 3, 0x0a, 1, 0x76, 0x0a, key.length]),
      key,
    ]);
    const ids = [field(0x0a, bytes(16, 1)), field(0x12, bytes(8, 1)), field(0x4a, attribute)];
    const body = field(0x0a, field(0x12, field(0x12, Buffer.concat(ids))));
    expect(readAll(once).spans).toEqual([]);
    expect(readAll(body).spans[0]!.span.attributes).toEqual(new Map([['graph.node.id', 'v']]));
  });

  test('an empty request has no spans', () => {
    expect(readAll(Buffer.alloc(0)).result).toEqual({
      received: 0,
      kept: 0,
      rejected: 0,
      messages: [],
    });
  });

  test('spans without valid ids are rejected, their neighbours kept', () => {
    const good = { traceId: bytes(16, 1), spanId: bytes(8, 1), name: 'execute_node a' };
    const wrong = [
      { ...good, traceId: bytes(16, 0) },
      { ...good, traceId: bytes(15, 1) },
      { ...good, spanId: bytes(8, 0) },
      { name: 'execute_node none' },
    ];
    const body = encodeRequest({ resourceSpans: [{ scopeSpans: [{ spans: [...wrong, good] }] }] });
    const { result } = readAll(body);
    expect(result).toMatchObject({ received: 5, kept: 1, rejected: 4 });
    expect(result.messages[0]).toBe(
      'span 1 of the request: trace_id must be 16 bytes, not all zero',
    );
    expect(result.messages[2]).toBe('span 3 of the request: span_id must be 8 bytes, not all zero');
  });

  test('names the offset where the bytes end too early', () => {
    const body = toProtobuf(recordSpans((tracer) => failNode(tracer)));
    for (let length = 1; length < body.length; length++) {
      expect(() => readAll(body.subarray(0, length))).toThrow(DecodeError);
      expect(() => readAll(body.subarray(0, length))).toThrow(/at byte \d+/);
    }
  });

  test.each([
    ['a group', [0x0b], /unknown wire type 3 at byte/],
    ['a wire type that does not exist', [0x0f], /unknown wire type 7 at byte/],
    ['field number 0', [0x02, 0x00], /field number 0 at byte/],
    ['a length beyond the body', [0x0a, 0x7f], /truncated protobuf/],
    ['a length beyond 64 bits', [0x0a, ...Array(9).fill(0x80), 0x08], /truncated protobuf/],
    ['a tag beyond 64 bits', [0x8a, ...Array(8).fill(0x80), 0x08, 0], /a tag of more than 32 bits/],
    ['a length of 2^63', [0x0a, ...Array(9).fill(0xff), 0x01], /truncated protobuf/],
    ['a varint without an end', Array(32).fill(0xff), /varint.* at byte/],
    ['text', [...Buffer.from('hello, this is no protobuf')], /at byte/],
  ])('refuses %s', (_name, body, message) => {
    expect(() => readAll(Buffer.from(body))).toThrow(message);
    expect(() => readAll(Buffer.from(body))).toThrow(DecodeError);
  });

  test('nesting is bounded, the span is kept', () => {
    const protobuf = readAll(encodeNested(3000)).spans[0]!.span.attributes.get('graph.deep');
    expect(JSON.stringify(protobuf)).toBe(
      `${'['.repeat(16)}"[nested too deeply]"${']'.repeat(16)}`,
    );
    const levels = 30_000;
    const value = `${'{"arrayValue":{"values":['.repeat(levels)}{}${']}}'.repeat(levels)}`;
    const json = `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"${'01'.repeat(16)}",
      "spanId":"${'01'.repeat(8)}","name":"execute_node a",
      "attributes":[{"key":"graph.deep","value":${value}}]}]}]}]}`;
    const read = readAll(Buffer.from(json), readJson);
    expect(read.spans[0]!.span.attributes.get('graph.deep')).toEqual(protobuf);
  });

  test('text that is not UTF-8 is kept with replacement characters', () => {
    const body = encodeRequest(oneNode([{ key: 'graph.text', value: { stringValue: 'ab#cd' } }]));
    body[body.indexOf('#')] = 0xff;
    expect(readAll(body).spans[0]!.span.attributes.get('graph.text')).toBe('ab\ufffdcd');
  });

  test('64-bit integers are exact', () => {
    const body = encodeRequest(
      oneNode([
        { key: 'graph.big', value: { intValue: '9223372036854775807' } },
        { key: 'graph.negative', value: { intValue: '-9223372036854775808' } },
        { key: 'graph.minus one', value: { intValue: '-1' } },
      ]),
    );
    const { attributes } = readAll(body).spans[0]!.span;
    expect(attributes.get('graph.big')).toBe(9223372036854775807n);
    expect(attributes.get('graph.negative')).toBe(-9223372036854775808n);
    expect(attributes.get('graph.minus one')).toBe(-1);
  });
});

describe('hostile bytes', () => {
  const real = toProtobuf(
    recordSpans((tracer) => {
      for (let i = 0; i < 3; i++) plainSpan(tracer);
      failNode(tracer, { list: ['a', 'b'] });
    }),
  );

  function readsOrRefuses(body: Buffer, read: Read = readProtobuf): void {
    try {
      readAll(body, read, 'all-errors');
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
  }

  test('random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (body) => readsOrRefuses(Buffer.from(body))),
      { numRuns: 5000 },
    );
  });

  test('real requests with bytes changed', () => {
    const change = fc.tuple(fc.nat(real.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
        const body = Buffer.from(real);
        for (const [at, byte] of changes) body[at] = byte;
        readsOrRefuses(body);
      }),
      { numRuns: 5000 },
    );
  });

  test('real requests with a piece cut out or doubled', () => {
    fc.assert(
      fc.property(fc.nat(real.length), fc.nat(real.length), (from, to) => {
        readsOrRefuses(Buffer.concat([real.subarray(0, from), real.subarray(to)]));
      }),
      { numRuns: 3000 },
    );
  });

  test('JSON of any shape', () => {
    const value = fc.jsonValue({ maxDepth: 6 });
    const field = fc.constantFrom('resourceSpans', 'scopeSpans', 'spans', 'attributes', 'status');
    const shape = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 6 },
        value,
        fc.dictionary(field, fc.array(tie('node'), { maxLength: 2 }), { maxKeys: 3 }),
      ),
    })).node;
    fc.assert(
      fc.property(shape, (json) => readsOrRefuses(Buffer.from(JSON.stringify(json)), readJson)),
      { numRuns: 3000 },
    );
  });
});

describe('JSON reader', () => {
  test('gives the same spans as the protobuf reader', () => {
    const spans = recordSpans((tracer) => {
      plainSpan(tracer);
      failNode(tracer, { list: ['a', 'b'], ratio: 0.5, flag: true, 'graph.node.visit': 2 });
    });
    expect(readAll(toJson(spans), readJson)).toEqual(readAll(toProtobuf(spans)));
  });

  test('takes upper case ids, numbers as text, names of enums, null and unknown fields', () => {
    const span = {
      traceId: 'AB'.repeat(16),
      spanId: 'CD'.repeat(8),
      parentSpanId: null,
      name: 'execute_node a',
      kind: 'SPAN_KIND_INTERNAL',
      startTimeUnixNano: 1700000000000000,
      endTimeUnixNano: '1700000000000000001',
      status: { code: 'STATUS_CODE_ERROR', message: null },
      attributes: [
        { key: 'int', value: { intValue: '42' } },
        { key: 'graph.big', value: { intValue: '9223372036854775807' } },
        { key: 'nan', value: { doubleValue: 'NaN' } },
        { key: 'lone', value: { stringValue: 'a\ud800b' } },
        { key: '__proto__', value: { kvlistValue: { values: [{ key: '__proto__', value: {} }] } } },
      ],
      somethingNew: { a: 1 },
    };
    const body = Buffer.from(
      JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }),
    );
    const read = readAll(body, readJson).spans[0]!.span;
    expect(read).toMatchObject({
      traceId: 'ab'.repeat(16),
      spanId: 'cd'.repeat(8),
      parentSpanId: '',
      kind: 1,
      startNs: 1700000000000000n,
      endNs: 1700000000000000001n,
      statusCode: 2,
      statusMessage: '',
    });
    expect(read.attributes.get('int')).toBe(42);
    expect(read.attributes.get('graph.big')).toBe(9223372036854775807n);
    expect(read.attributes.get('nan')).toBeNaN();
    expect(read.attributes.get('lone')).toBe('a\ufffdb');
    expect(Object.keys(read.attributes.get('__proto__') as object)).toEqual(['__proto__']);
  });

  const valid = { traceId: '01'.repeat(16), spanId: '02'.repeat(8), name: 'execute_node a' };
  const at = (span: object) => ({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] });

  test.each([
    [[], 'the body: expected an object, got an array'],
    [{ resourceSpans: 3 }, 'resourceSpans: expected an array, got 3'],
    [{ resourceSpans: ['x'] }, 'resourceSpans[0]: expected an object, got "x"'],
    [
      at({ ...valid, name: 7 }),
      'resourceSpans[0].scopeSpans[0].spans[0].name: expected a string, got 7',
    ],
    [at({ ...valid, traceId: 7 }), '.spans[0].traceId: expected a string, got 7'],
    [
      at({ ...valid, endTimeUnixNano: {} }),
      '.endTimeUnixNano: expected an unsigned 64-bit integer',
    ],
    [
      at({ ...valid, endTimeUnixNano: '-1' }),
      '.endTimeUnixNano: expected an unsigned 64-bit integer',
    ],
    [at({ ...valid, status: { code: 'bad' } }), '.status.code: expected an integer, got "bad"'],
    [at({ ...valid, attributes: [{ key: 1 }] }), '.attributes[0].key: expected a string, got 1'],
    [
      at({ ...valid, attributes: [{ key: 'a', value: { intValue: 1.5 } }] }),
      '.attributes[0].value.intValue: expected a 64-bit integer as string or number, got 1.5',
    ],
    [at({ ...valid, events: [{ name: [] }] }), '.events[0].name: expected a string, got an array'],
  ])('names the field of a wrong type: %j', (body, message) => {
    expect(() => readAll(Buffer.from(JSON.stringify(body)), readJson)).toThrow(DecodeError);
    expect(() => readAll(Buffer.from(JSON.stringify(body)), readJson)).toThrow(message);
  });

  test('refuses what is not JSON', () => {
    expect(() => readAll(Buffer.from('{"resourceSpans":['), readJson)).toThrow(/^not JSON: /);
  });

  test('spans without valid ids are rejected, their neighbours kept', () => {
    const spans = [{ ...valid, traceId: '0'.repeat(32) }, { ...valid, spanId: 'xyz' }, valid];
    const body = Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }));
    expect(readAll(body, readJson).result).toEqual({
      received: 3,
      kept: 1,
      rejected: 2,
      messages: [
        'resourceSpans[0].scopeSpans[0].spans[0].traceId must be 32 hex digits, not all zero',
        'resourceSpans[0].scopeSpans[0].spans[1].spanId must be 16 hex digits, not all zero',
      ],
    });
  });
});

function bytes(length: number, value: number): Buffer {
  return Buffer.alloc(length, value);
}

function oneNode(attributes: object[], name = 'execute_node a'): object {
  const span = { traceId: bytes(16, 1), spanId: bytes(8, 1), name, attributes };
  return { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] };
}

/** A span whose attribute `deep` is this many arrays in one another, written by hand. */
function encodeNested(levels: number): Buffer {
  let value = field(0x0a, Buffer.from('bottom'));
  for (let i = 0; i < levels; i++) value = field(0x2a, field(0x0a, value));
  const attribute = Buffer.concat([field(0x0a, Buffer.from('graph.deep')), field(0x12, value)]);
  const span = Buffer.concat([
    field(0x0a, bytes(16, 1)),
    field(0x12, bytes(8, 1)),
    field(0x2a, Buffer.from('execute_node a')),
    field(0x4a, attribute),
  ]);
  return field(0x0a, field(0x12, field(0x12, span)));
}

function field(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag]), varint(content.length), content]);
}

function varint(value: number): Buffer {
  const out: number[] = [];
  let rest = value;
  while (rest > 127) {
    out.push((rest & 127) | 128);
    rest >>>= 7;
  }
  return Buffer.from([...out, rest]);
}

// Which fields of which message hold messages, so that the order can be turned round inside them.
const MESSAGES: Record<string, Record<number, string>> = {
  request: { 1: 'resourceSpans' },
  resourceSpans: { 1: 'leaf', 2: 'scopeSpans' },
  scopeSpans: { 1: 'leaf', 2: 'span' },
  span: { 9: 'keyValue', 15: 'leaf' },
  keyValue: {},
  leaf: {},
};

/** The same request with the fields of each message in the opposite order. */
function reverseFields(body: Buffer, message = 'request'): Buffer {
  const fields: Buffer[] = [];
  let pos = 0;
  const readVarint = () => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = body[pos++]!;
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  };
  while (pos < body.length) {
    const start = pos;
    const tag = readVarint();
    const wire = tag & 7;
    if (wire === 0) readVarint();
    else if (wire === 1) pos += 8;
    else if (wire === 5) pos += 4;
    else {
      const length = readVarint();
      const content = body.subarray(pos, pos + length);
      pos += length;
      const inner = MESSAGES[message]![tag >>> 3];
      if (inner !== undefined && inner !== 'leaf') {
        fields.push(Buffer.concat([varint(tag), varint(length), reverseFields(content, inner)]));
        continue;
      }
    }
    fields.push(body.subarray(start, pos));
  }
  return Buffer.concat(fields.reverse());
}

/** Attributes, events and links came in the opposite order, so both sides are put in one order. */
function sorted(spans: DecodedSpan[]): unknown[] {
  return spans
    .map(({ span }) =>
      JSON.stringify([
        span.traceId,
        span.spanId,
        span.name,
        span.kind,
        span.statusCode,
        String(span.endNs),
      ]),
    )
    .sort();
}

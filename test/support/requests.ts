// Arbitrary trace requests in protobufjs' object form.
import fc from 'fast-check';

export const anyText = fc.string({ unit: 'grapheme', maxLength: 12 });

const key = fc.oneof(
  anyText,
  fc.constantFrom(
    'graph.node.id',
    'graph.node.idx',
    'graph.run.id',
    'gen_ai.agent.id',
    'gen_ai',
    'hive.node_id',
    'langgraph_node',
    'http.request.method',
    'evolution.id',
    'llm.model',
    'aim',
    'ai.operationId',
  ),
);

export const anyValue = fc.letrec<{ any: object; list: object; map: object }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', maxDepth: 5 },
    fc.record({ stringValue: anyText }),
    fc.record({ boolValue: fc.boolean() }),
    fc.record({ intValue: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String) }),
    fc.record({ doubleValue: fc.double() }),
    fc.record({ bytesValue: fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)) }),
    fc.constant({}),
    tie('list'),
    tie('map'),
  ),
  list: fc.record({
    arrayValue: fc.record({ values: fc.array(tie('any'), { maxLength: 3 }) }),
  }),
  map: fc.record({
    kvlistValue: fc.record({
      values: fc.uniqueArray(fc.record({ key: anyText, value: tie('any') }), {
        maxLength: 3,
        selector: (item) => item.key,
      }),
    }),
  }),
})).any;

export const anyAttributes = fc.uniqueArray(fc.record({ key, value: anyValue }), {
  maxLength: 5,
  selector: (item) => item.key,
});

export function anyId(length: number) {
  return fc
    .oneof(
      { weight: 8, arbitrary: fc.uint8Array({ minLength: length, maxLength: length }) },
      { weight: 1, arbitrary: fc.constant(new Uint8Array(length)) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: length + 2 }) },
    )
    .map((bytes) => Buffer.from(bytes));
}

export const anyTime = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String);

const span = fc.record(
  {
    traceId: anyId(16),
    spanId: anyId(8),
    traceState: anyText,
    parentSpanId: anyId(8),
    name: fc.oneof(
      anyText,
      fc.constantFrom(
        'execute_node a',
        'execute_node',
        'execute_nodes',
        'execute_graph g',
        'start_graph',
        'evolve_graph x',
      ),
    ),
    kind: fc.integer({ min: 0, max: 5 }),
    startTimeUnixNano: anyTime,
    endTimeUnixNano: anyTime,
    attributes: anyAttributes,
    droppedAttributesCount: fc.nat(),
    events: fc.array(
      fc.record({
        timeUnixNano: anyTime,
        name: fc.oneof(anyText, fc.constantFrom('exception', 'graph.snapshot')),
        attributes: anyAttributes,
      }),
      { maxLength: 3 },
    ),
    links: fc.array(
      fc.record({
        traceId: anyId(16),
        spanId: anyId(8),
        attributes: anyAttributes,
        flags: fc.nat(),
      }),
      {
        maxLength: 2,
      },
    ),
    status: fc.record(
      { code: fc.constantFrom(0, 1, 2, 2, 2), message: anyText },
      { requiredKeys: [] },
    ),
    flags: fc.nat(),
  },
  { requiredKeys: ['traceId', 'spanId'] },
);

export const anyRequest = fc.record({
  resourceSpans: fc.array(
    fc.record({
      resource: fc.record({ attributes: anyAttributes }),
      scopeSpans: fc.array(
        fc.record({
          scope: fc.record({ name: anyText, version: anyText, attributes: anyAttributes }),
          spans: fc.array(span, { maxLength: 4 }),
          schemaUrl: anyText,
        }),
        { maxLength: 2 },
      ),
      schemaUrl: anyText,
    }),
    { maxLength: 2 },
  ),
});

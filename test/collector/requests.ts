// Arbitrary trace requests in protobufjs' object form.
import fc from 'fast-check';

const text = fc.string({ unit: 'grapheme', maxLength: 12 });

const key = fc.oneof(
  text,
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

const value = fc.letrec<{ any: object; list: object; map: object }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', maxDepth: 5 },
    fc.record({ stringValue: text }),
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
      values: fc.uniqueArray(fc.record({ key: text, value: tie('any') }), {
        maxLength: 3,
        selector: (item) => item.key,
      }),
    }),
  }),
})).any;

const attributes = fc.uniqueArray(fc.record({ key, value }), {
  maxLength: 5,
  selector: (item) => item.key,
});

function id(length: number) {
  return fc
    .oneof(
      { weight: 8, arbitrary: fc.uint8Array({ minLength: length, maxLength: length }) },
      { weight: 1, arbitrary: fc.constant(new Uint8Array(length)) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: length + 2 }) },
    )
    .map((bytes) => Buffer.from(bytes));
}

const time = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String);

const span = fc.record(
  {
    traceId: id(16),
    spanId: id(8),
    traceState: text,
    parentSpanId: id(8),
    name: fc.oneof(
      text,
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
    startTimeUnixNano: time,
    endTimeUnixNano: time,
    attributes,
    droppedAttributesCount: fc.nat(),
    events: fc.array(
      fc.record({
        timeUnixNano: time,
        name: fc.oneof(text, fc.constantFrom('exception', 'graph.snapshot')),
        attributes,
      }),
      { maxLength: 3 },
    ),
    links: fc.array(fc.record({ traceId: id(16), spanId: id(8), attributes, flags: fc.nat() }), {
      maxLength: 2,
    }),
    status: fc.record(
      { code: fc.constantFrom(0, 1, 2, 2, 2), message: text },
      { requiredKeys: [] },
    ),
    flags: fc.nat(),
  },
  { requiredKeys: ['traceId', 'spanId'] },
);

export const anyRequest = fc.record({
  resourceSpans: fc.array(
    fc.record({
      resource: fc.record({ attributes }),
      scopeSpans: fc.array(
        fc.record({
          scope: fc.record({ name: text, version: text, attributes }),
          spans: fc.array(span, { maxLength: 4 }),
          schemaUrl: text,
        }),
        { maxLength: 2 },
      ),
      schemaUrl: text,
    }),
    { maxLength: 2 },
  ),
});

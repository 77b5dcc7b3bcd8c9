// Arbitrary log requests in protobufjs' object form.
import fc from 'fast-check';
import { anyAttributes, anyId, anyText, anyTime, anyValue } from './requests.ts';

const exceptionKey = fc.constantFrom(
  'exception.type',
  'exception.message',
  'exception.stacktrace',
  'exception.types',
  'exception',
);

const attributes = fc
  .tuple(anyAttributes, fc.uniqueArray(exceptionKey, { maxLength: 2 }))
  .map(([others, keys]) => [
    ...others,
    ...keys.map((key) => ({ key, value: { stringValue: `of ${key}` } })),
  ]);

const record = fc.record(
  {
    timeUnixNano: anyTime,
    observedTimeUnixNano: anyTime,
    severityNumber: fc.integer({ min: 0, max: 24 }),
    severityText: anyText,
    body: anyValue,
    attributes,
    droppedAttributesCount: fc.nat(),
    flags: fc.nat(),
    traceId: anyId(16),
    spanId: anyId(8),
    eventName: fc.oneof(anyText, fc.constant('gen_ai.chat.exception')),
  },
  { requiredKeys: ['attributes'] },
);

export const anyLogsRequest = fc.record({
  resourceLogs: fc.array(
    fc.record({
      resource: fc.record({ attributes: anyAttributes }),
      scopeLogs: fc.array(
        fc.record({
          scope: fc.record({ name: anyText, version: anyText, attributes: anyAttributes }),
          logRecords: fc.array(record, { maxLength: 4 }),
          schemaUrl: anyText,
        }),
        { maxLength: 2 },
      ),
      schemaUrl: anyText,
    }),
    { maxLength: 2 },
  ),
});

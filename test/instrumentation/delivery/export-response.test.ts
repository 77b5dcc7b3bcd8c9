// What a receiver rejected, against OpenTelemetry's own reader.
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { expect, test } from 'vitest';
import { rejectedSpans } from '../../../instrumentation/delivery/export-response.ts';

function responseOf(rejected: number, message: string): Uint8Array {
  const partial = protobuf.Writer.create().uint32(0x12).string(message);
  partial.uint32(0x08).int64(rejected);
  return protobuf.Writer.create()
    .uint32(0x7d)
    .fixed32(7)
    .uint32(0x0a)
    .bytes(partial.finish())
    .uint32(0x78)
    .uint32(9)
    .finish();
}

test('reads what OpenTelemetry reads', () => {
  fc.assert(
    fc.property(fc.nat(), fc.string(), (rejected, message) => {
      const bytes = responseOf(rejected, message);
      const oracle = ProtobufTraceSerializer.deserializeResponse(bytes);
      expect(rejectedSpans(bytes)).toBe(Number(oracle.partialSuccess?.rejectedSpans));
      expect(rejectedSpans(bytes)).toBe(rejected);
    }),
  );
});

test('what is no response rejects nothing', () => {
  expect(rejectedSpans(Buffer.alloc(0))).toBe(0);
  expect(rejectedSpans(Buffer.from('{"partialSuccess":{}}'))).toBe(0);
  expect(rejectedSpans(responseOf(-3, ''))).toBe(0);
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(rejectedSpans(bytes)).toBeGreaterThanOrEqual(0);
    }),
  );
  const whole = responseOf(5, 'full');
  for (let end = 0; end < whole.length; end += 1) rejectedSpans(whole.subarray(0, end));
});

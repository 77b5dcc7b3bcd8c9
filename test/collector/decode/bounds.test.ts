// Requests that are small on the wire and would hold the process for long are refused before they do.
import { describe, expect, it } from 'vitest';
import { readJson } from '../../../collector/decode/json.ts';
import { readProtobuf } from '../../../collector/decode/protobuf.ts';
import { DecodeError } from '../../../collector/decode/span.ts';

const json = (body: string) => () => readJson(Buffer.from(body), 'agents', () => {});
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

describe('a request', () => {
  it('of nothing but empty objects and lists is refused', () => {
    expect(json(spans('{},', 500_000))).toThrow(/little in them/);
    expect(json(spans('[],', 500_000))).toThrow(DecodeError);
    expect(json('['.repeat(500_000))).toThrow(/little in them/);
  });

  it('with brackets in its texts is none of these', () => {
    const name = `"${'['.repeat(300_000)}\\"${'{'.repeat(300_000)}"`;
    expect(json(spans(`{"name":${name}},`, 1))).not.toThrow();
  });

  it('with more spans, scopes or resources than any exporter sends is refused', () => {
    const protobuf = (body: Buffer) => () => readProtobuf(body, 'agents', () => {});
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

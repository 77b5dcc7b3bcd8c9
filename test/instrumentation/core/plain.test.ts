import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  canonicalJson,
  cutToBytes,
  type Json,
  toPlain,
} from '../../../instrumentation/redaction/plain.ts';

function shuffled(value: Json): Json {
  if (Array.isArray(value)) return value.map(shuffled);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, shuffled(member)]),
  );
}

test('canonical JSON does not depend on the order of keys and parses back', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const plain = toPlain(value);
      const text = canonicalJson(plain);
      expect(canonicalJson(shuffled(plain))).toBe(text);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('any value becomes JSON', () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withNullPrototype: true,
    withTypedArray: true,
    withSparseArray: true,
  });
  fc.assert(
    fc.property(anything, (value) => {
      expect(() => JSON.parse(canonicalJson(toPlain(value)))).not.toThrow();
    }),
  );
});

test('hostile values are reported and not thrown', () => {
  const cyclic: Record<string, unknown> = { name: 'a' };
  cyclic.self = cyclic;
  const thrower = {
    fine: 1,
    get broken(): string {
      throw new Error('no');
    },
  };
  const proxy = new Proxy(
    {},
    {
      ownKeys() {
        throw new Error('closed');
      },
    },
  );
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  let deep: unknown = 'bottom';
  for (let level = 0; level < 10_000; level += 1) deep = { deep };
  expect(toPlain(cyclic)).toEqual({ name: 'a', self: '[circular]' });
  expect(toPlain(thrower)).toEqual({ fine: 1, broken: '[unreadable: no]' });
  expect(toPlain(proxy)).toBe('[unreadable: closed]');
  expect(toPlain(revoked.proxy)).toContain('[unreadable');
  expect(canonicalJson(toPlain(deep))).toContain('[too deep]');
  expect(canonicalJson(toPlain(Array(200_000).fill(0)))).toContain('[too many values]');
  expect(
    toPlain({ big: 12n, when: new Date(0), bytes: Buffer.from('abc'), no: undefined }),
  ).toEqual({ big: '12n', when: '1970-01-01T00:00:00.000Z', bytes: '[Buffer of 3 bytes]' });
  expect(toPlain(new Map<unknown, unknown>([['a', new Set([1])]]))).toEqual({ a: [1] });
  expect(toPlain(new Map([[{ k: 1 }, 2]]))).toEqual([[{ k: 1 }, 2]]);
  expect(toPlain(Object.assign(new TypeError('bad'), { code: 'E' }))).toEqual({
    name: 'TypeError',
    message: 'bad',
    code: 'E',
  });
});

test('a shared object is no cycle', () => {
  const shared = { a: 1 };
  expect(toPlain({ one: shared, two: shared })).toEqual({ one: { a: 1 }, two: { a: 1 } });
});

test('__proto__ as a key stays data', () => {
  const value = toPlain(JSON.parse('{"__proto__":{"polluted":true}}'));
  expect(canonicalJson(value)).toBe('{"__proto__":{"polluted":true}}');
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

test('cutting ends at a character boundary within the limit', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.nat(64), (text, limit) => {
      const cut = cutToBytes(text, limit);
      expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(limit);
      expect(Buffer.from(text).toString().startsWith(cut)).toBe(true);
      if (Buffer.byteLength(text) <= limit) expect(cut).toBe(text);
      else expect(Buffer.byteLength(cut)).toBeGreaterThan(limit - 4);
    }),
  );
  expect(cutToBytes('aé€😀', 9)).toBe('aé€');
});

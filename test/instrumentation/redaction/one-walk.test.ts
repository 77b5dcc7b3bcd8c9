// The walk that makes plain, redacts and writes at once gives what the three steps give.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { withRedactedJson } from '../../../instrumentation/core/redacted-json.ts';
import { type Redactions, redact } from '../../../instrumentation/redaction/index.ts';
import { canonicalJson, toPlain } from '../../../instrumentation/redaction/plain.ts';
import { KEYS, NAMED, OPEN_TEXTS, random, SECRET_TEXTS } from './table.ts';

function inOneWalk(value: unknown) {
  const counts: Redactions = {};
  return withRedactedJson(value, counts, (json) => ({
    text: json.start(Number.POSITIVE_INFINITY),
    digest: json.digest(),
    bytes: json.bytes,
    counts,
  }));
}

function inThreeSteps(value: unknown) {
  const { value: redacted, redactions } = redact(toPlain(value));
  const text = canonicalJson(redacted);
  const digest = createHash('sha256').update(text, 'utf8').digest('hex');
  return { text, digest, bytes: Buffer.byteLength(text), counts: redactions };
}

const same = (value: unknown): void => {
  expect(inOneWalk(value)).toEqual(inThreeSteps(value));
};

test.each([...SECRET_TEXTS.map(({ given }) => given), ...OPEN_TEXTS])('%s', (text) => {
  same(text);
  same({ a: [text], [text]: 1, b: { text: `${text} ${text}` } });
  same({ long: `${'lorem ipsum '.repeat(200)}${text}`, json: JSON.stringify({ text, n: 1 }) });
});

test.each(NAMED)('under the key %s', (key) => {
  for (const value of [
    'open sesame',
    '',
    '[redacted:token]',
    12,
    true,
    null,
    undefined,
    ['a'],
    {},
  ]) {
    same({ z: 1, [key]: value, a: 2 });
  }
});

const secrets = fc.constantFrom(...SECRET_TEXTS.map(({ given }) => given));
const words = fc.string({
  unit: fc.oneof(
    fc.constantFrom(...'ab Kp.-_=:@/"\'\\{}[],;0124\nBeasrJy'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    fc.constantFrom('password', 'token: ', '://', 'Bearer ', '4111 1111', 'sk-', '\ud800'),
  ),
  maxLength: 40,
});

test('any value of an app', () => {
  const anything = fc.anything({
    key: fc.oneof(words, fc.constantFrom(...NAMED.map(([key]) => key), '__proto__', '1', '02')),
    values: [words, secrets, fc.double(), fc.maxSafeInteger(), fc.constant(4111111111111111)],
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withNullPrototype: true,
    withObjectString: true,
    withTypedArray: true,
    withSparseArray: true,
  });
  fc.assert(fc.property(anything, same), { numRuns: 3000 });
});

test('texts of any kind', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(words, secrets), { maxLength: 5 }), (parts) => {
      same(parts.join(''));
      same(parts.join(' '));
    }),
    { numRuns: 3000 },
  );
});

/** Parts of secrets, and what looks like them. */
const parts = fc.constantFrom(
  ...KEYS.map(([key]) => key.slice(0, 5)),
  ...NAMED.map(([key]) => key),
  ...['4111', '4111-1111', ' 1111', '-1111-1111', '4222222222222', '378282246310005', '2026-11-23'],
  ...[
    'Bearer ',
    'basic\t',
    'beat',
    'API key',
    'user_id',
    ' : ',
    '":',
    "']=",
    '\\":"',
    '=',
    '.ts:12',
  ],
  ...[random(8), random(20), random(40), 'x', ' ', '-', 'ı', 'é', '\n'],
);

test('parts of secrets side by side', () => {
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 6 }), (some) => {
      same([some.join('')]);
    }),
    { numRuns: 5000 },
  );
});

test('a card number behind a letter whose low byte is a digit', () => {
  expect(inOneWalk('kartı 4111111111111111').counts).toEqual({ card: 1 });
  expect(inOneWalk('kartı4111111111111111').counts).toEqual({ card: 1 });
  expect(inOneWalk('失4111 1111 1111 1111').counts).toEqual({ card: 1 });
});

test('hostile values', () => {
  const cyclic: Record<string, unknown> = { name: 'a', list: [] };
  (cyclic.list as unknown[]).push(cyclic);
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const closedList = new Proxy([1, 2], {
    get(target, key) {
      if (key === '1') throw new Error('closed to joe@corp.com');
      return Reflect.get(target, key);
    },
  });
  const noLength = new Proxy([1], {
    get() {
      throw new Error('no');
    },
  });
  class Order {
    readonly id = 1;
    #total = 2;
    get total() {
      return this.#total;
    }
  }
  let deep: unknown = 'bottom';
  for (let level = 0; level < 100; level += 1) deep = level % 2 ? [deep] : { deep };
  for (const value of [
    cyclic,
    deep,
    revoked.proxy,
    closedList,
    noLength,
    new Order(),
    { toJSON: () => ({ password: 'x', when: 1 }) },
    { toJSON: 'no function', b: 1 },
    {
      b: 1,
      get a(): string {
        throw new Error('password=hunter2');
      },
    },
    { a: undefined, b: () => 1, c: Symbol('s'), d: 12n, e: Number.NaN, f: -0, g: 1e21, h: 1e300 },
    [undefined, null, new Error('no', { cause: 'x' })],
    Object.assign(new Map([['password', 'x']]), { extra: 1 }),
    undefined,
  ]) {
    same(value);
    same({ in: [value] });
  }
});

test('more values than are looked at, in the same order', () => {
  same({ z: Array(60_000).fill(0), a: Array(60_000).fill('joe@corp.com') });
  same(Array(200_000).fill(0));
});

test('a node that fails while the input of another is read', () => {
  const outer = {
    a: 'first',
    get b() {
      return inOneWalk({ inner: 'x'.repeat(5000) }).text.length;
    },
    c: 'last',
  };
  expect(inOneWalk(outer).text).toBe('{"a":"first","b":5012,"c":"last"}');
});

test('a start ends at a character boundary', () => {
  const counts = {};
  expect(withRedactedJson('aé€😀', counts, (json) => json.start(7))).toBe('"aé€');
  expect(withRedactedJson('aé€😀', counts, (json) => json.start(10))).toBe('"aé€');
  expect(withRedactedJson('aé€😀', counts, (json) => json.start(11))).toBe('"aé€😀');
});

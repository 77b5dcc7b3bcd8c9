// Lists of paths: what they reach in any value, whatever it is, and that nothing else changes.
import { describe, expect, test } from 'vitest';
import { type Json, redact, redactPaths } from '../../../instrumentation/index.ts';
import { toPlain } from '../../../instrumentation/redaction/plain.ts';
import { SECRET_TEXTS } from './table.ts';

const GONE = '[redacted:denied]';
const text = (value: unknown): string => JSON.stringify(value);

function inInput(value: unknown, deny: string[], allow?: string[]) {
  return redactPaths({ deny, allow })(toPlain(value), ['input']);
}

const anna = { customer: { name: 'Anna', id: 7 } };
describe('deny', () => {
  test.each<[path: string, given: unknown, expected: unknown]>([
    ['input.customer.name', anna, { customer: { name: GONE, id: 7 } }],
    ['input["customer"][\'name\']', anna, { customer: { name: GONE, id: 7 } }],
    ['input.customer', anna, { customer: GONE }],
    ['input', anna, GONE],
    ['input', 'anna', GONE],
    ['input.*.name', anna, { customer: { name: GONE, id: 7 } }],
    ['input.*', { a: 1, b: [2] }, { a: GONE, b: GONE }],
    ['input[*].a', [{ a: 1 }, { b: 2 }, [3]], [{ a: GONE }, { b: 2 }, [3]]],
    ['input.lines[1]', { lines: [1, 2, 3] }, { lines: [1, GONE, 3] }],
    ['**.name', { name: 1, a: [[{ name: 2 }]] }, { name: GONE, a: [[{ name: GONE }]] }],
    ['**.a.b', { a: { a: { b: 1 } }, b: 2 }, { a: { a: { b: GONE } }, b: 2 }],
    ['**.a.**.b', { a: { c: { a: { b: 1 } } } }, { a: { c: { a: { b: GONE } } } }],
    ['input.a.**.b', { a: { b: 1, c: { b: 2 } }, b: 3 }, { a: { b: GONE, c: { b: GONE } }, b: 3 }],
    ['**.a[*].b', { x: { a: [{ b: 1 }, { c: 2 }] } }, { x: { a: [{ b: GONE }, { c: 2 }] } }],
    // Whatever stands there.
    ['input.a', { a: null, b: null }, { a: GONE, b: null }],
    ['input.a', { a: '', b: '' }, { a: GONE, b: '' }],
    ['input.a', { a: false }, { a: GONE }],
    ['input.a', { a: undefined }, {}],
    ['input.a', { a: GONE }, { a: GONE }],
    // Keys with signs, and those that objects have anyway.
    [
      'input["a.b"]["c[0]"]',
      { 'a.b': { 'c[0]': 1 }, a: { b: 2 } },
      { 'a.b': { 'c[0]': GONE }, a: { b: 2 } },
    ],
    ['input["say \\"hi\\""]', { 'say "hi"': 1 }, { 'say "hi"': GONE }],
    ['input["*"]', { '*': 1, a: 2 }, { '*': GONE, a: 2 }],
    ['input[""]', { '': 1, a: 2 }, { '': GONE, a: 2 }],
    ['input.größe', { größe: 1 }, { größe: GONE }],
    ['input.constructor', { a: 1 }, { a: 1 }],
    [
      'input.__proto__.a',
      JSON.parse('{"__proto__":{"a":1,"b":2}}'),
      JSON.parse(`{"__proto__":{"a":"${GONE}","b":2}}`),
    ],
    ['input.Name', { name: 'Anna' }, { name: 'Anna' }],
    // What no JSON has.
    ['input.name', new Map([['name', 'Anna']]), { name: GONE }],
    ['input[*].name', new Set([{ name: 'Anna' }]), [{ name: GONE }]],
    [
      'input.name',
      new (class {
        name = 'Anna';
      })(),
      { name: GONE },
    ],
    ['input.name', { toJSON: () => ({ name: 'Anna' }) }, { name: GONE }],
    ['input.message', new Error('Anna'), { name: 'Error', message: GONE }],
    [
      'input.name',
      {
        get name() {
          throw new Error('of Anna');
        },
      },
      { name: GONE },
    ],
    ['input.at', { at: new Date(0) }, { at: GONE }],
  ])('%s', (path, given, expected) => {
    expect(inInput(given, [path]).value).toEqual(expected);
  });

  test('cycles and depth', () => {
    const cyclic: Record<string, unknown> = { name: 'Anna' };
    cyclic.self = [cyclic];
    expect(inInput(cyclic, ['**.name']).value).toEqual({ name: GONE, self: ['[circular]'] });
    let deep: unknown = { name: 'Anna' };
    for (let level = 0; level < 40; level += 1) deep = level % 2 ? [deep] : { deep };
    expect(text(inInput(deep, ['**.name']).value)).toContain(`{"name":"${GONE}"}`);
    for (let level = 0; level < 100; level += 1) deep = { deep };
    expect(text(inInput(deep, ['**.name']).value)).not.toContain('Anna');
  });

  test('is counted, besides what the built-in redaction finds', () => {
    const given = { name: 'Anna', mail: 'anna@corp.com', list: [{ name: 1 }] };
    expect(inInput(given, ['**.name']).redactions).toEqual({ denied: 2, email: 1 });
  });

  test('a second pass changes nothing', () => {
    const given = { body: text({ name: 'Anna', n: 1 }), said: "{'name': 'Anna'}", name: ['Anna'] };
    const once = inInput(given, ['**.name']);
    expect(inInput(once.value, ['**.name'])).toEqual({ value: once.value, redactions: {} });
  });
});

describe('text inside of values', () => {
  const body = { name: 'Anna', id: 12345678901, lines: [{ note: 'Anna' }] };
  test.each([0, 1, 2, 3])('JSON in %i layers of quotes', (layers) => {
    const quoted = (value: unknown) => {
      let result = text(value);
      for (let i = 0; i < layers; i += 1) result = text([result]);
      return result;
    };
    const expected = { ...body, name: GONE, lines: [{ note: GONE }] };
    const { value } = inInput({ body: quoted(body) }, ['**.name', '**.lines[*].note']);
    expect(value).toEqual({ body: quoted(expected) });
  });

  test('only what has to be is written again', () => {
    const open = '{ "a" : 12345678901234567890 }';
    expect(inInput({ body: open }, ['**.name']).value).toEqual({ body: open });
  });

  test.each([
    '{"name":"Anna","b',
    'got {"name": "Anna"} from there',
    "{'name': 'Anna'}",
    'said "{\\"name\\":\\"Anna\\"}"',
    '{"a":1,"n\\u0061me":"Anna"',
    '{"customer":{"name":"Anna"},"customer":1}',
    '{"name":"[redacted:denied]","list":[{"name":"Anna"',
  ])('%s', (given) => {
    const { value } = inInput({ body: given, name: 1 }, ['input.body.customer.name', '**.name']);
    expect(text(value)).not.toContain('Anna');
  });

  test('a mark that was cut is one', () => {
    const whole = text({ name: GONE });
    for (let end = 1; end <= whole.length; end += 1) {
      const given = { body: whole.slice(0, end), said: text(whole).slice(0, end) };
      expect(inInput(given, ['**.name']).value).toEqual(given);
    }
    for (const given of ['{"name":"[redacted:denied', '{"name":"[red']) {
      expect(inInput({ body: `${given}x` }, ['**.name']).value).toEqual({ body: GONE });
    }
  });

  test('of a list that was cut nothing is left', () => {
    expect(inInput({ body: '["Anna","Be' }, ['input.body[*]']).value).toEqual({ body: GONE });
    expect(inInput({ body: '{"lines":["Anna","Be' }, ['**.lines[0]']).value).toEqual({
      body: GONE,
    });
  });

  test('a word is no key', () => {
    const given = { body: 'the name: Anna', more: '"name" is missing', list: ['[x] name'] };
    expect(inInput(given, ['**.name']).value).toEqual(given);
  });
});

describe('allow', () => {
  test.each(SECRET_TEXTS)('stays: $what', ({ given }) => {
    const { value, redactions } = inInput(
      { open: given, list: [given] },
      [],
      ['input.open', '**.list'],
    );
    expect(value).toEqual({ open: given, list: [given] });
    expect(redactions).toEqual({});
  });

  test.each(SECRET_TEXTS)('elsewhere as ever: $what', ({ given, expected, counts }) => {
    const { value, redactions } = inInput({ text: given, open: 1 }, [], ['input.open']);
    expect(value).toEqual({ text: expected, open: 1 });
    expect(redactions).toEqual(counts);
  });

  test('what stands under a secret-like key, if the path names that key', () => {
    const given = { password: 'x', credentials: { user: 'u', password: 'p' }, secret: { id: 'i' } };
    const { value } = inInput(
      given,
      [],
      ['input.password', 'input.credentials', 'input.secret.id'],
    );
    expect(value).toEqual({ ...given, secret: '[redacted:secret]' });
  });

  test('inside JSON text', () => {
    const given = text({ contact: 'a@corp.com', other: 'b@corp.com' });
    expect(inInput({ body: given }, [], ['**.contact']).value).toEqual({
      body: text({ contact: 'a@corp.com', other: '[redacted:email]' }),
    });
  });

  test('deny wins, above it and below it', () => {
    const given = { a: { contact: 'a@corp.com', name: 'Anna' } };
    expect(inInput(given, ['**.name'], ['input.a']).value).toEqual({
      a: { contact: 'a@corp.com', name: GONE },
    });
    expect(inInput(given, ['input.a'], ['input.a', 'input.a.contact']).value).toEqual({ a: GONE });
  });
});

describe('with a redactor of the app', () => {
  test('it gets what the deny list leaves, and where that stands', () => {
    const seen: unknown[] = [];
    const own = (value: Json, path?: readonly string[]) => {
      seen.push(value, path);
      return { value, redactions: { own: 1 } };
    };
    const { value, redactions } = redactPaths({ deny: ['**.name'], redact: own })(
      { name: 'Anna', mail: 'anna@corp.com' },
      ['evidence', 'output'],
    );
    expect(seen).toEqual([{ name: GONE, mail: 'anna@corp.com' }, ['evidence', 'output']]);
    expect(value).toEqual({ name: GONE, mail: 'anna@corp.com' });
    expect(redactions).toEqual({ denied: 1, own: 1 });
  });

  test('what it throws is thrown', () => {
    const own = () => {
      throw new Error('no');
    };
    expect(() => redactPaths({ redact: own })(1, ['input'])).toThrow('no');
  });
});

describe('what is no list of paths', () => {
  test.each([
    [
      'customer.name',
      'must begin with one of input, state, evidence, message, stacktrace, graph or **',
    ],
    ['*.name', 'must begin with'],
    ['input.', 'is no path at 5'],
    ['input..a', 'is no path at 5'],
    ['input.a b', 'is no path at 7'],
    ['input[a]', 'is no path at 5'],
    ['input["a]', 'is no path at 5'],
    ['input["a\\n"]', 'is no path at 5'],
    ['input.**', 'is no path at 8'],
    ['**', 'is no path at 2'],
    ['', 'is no path at 0'],
    [7, 'is no text'],
  ])('%j', (path, why) => {
    const message = `${JSON.stringify(path)} ${why}`;
    const paths = ['input.a', path as string];
    expect(() => redactPaths({ deny: paths })).toThrow(`redactPaths: deny: ${message}`);
    expect(() => redactPaths({ allow: paths })).toThrow(`redactPaths: allow: ${message}`);
  });

  test('a list that is none, and an allow list for a redactor that knows of none', () => {
    expect(() => redactPaths({ deny: 'input.a' as never })).toThrow('deny must be a list of paths');
    expect(() => redactPaths({ allow: ['input.a'], redact })).toThrow('redactPaths: allow is for');
  });
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Json, redact, redactPaths } from '../../../instrumentation/index.ts';
import { canonicalJson, toPlain } from '../../../instrumentation/redaction/plain.ts';
import { NAMED, SECRET_TEXTS } from './table.ts';

/** Never part of what is random. */
const HIDDEN = 'Ξανθίππη';
const secrets = fc.constantFrom(...SECRET_TEXTS.map(({ given }) => given));
const words = fc.string({ unit: fc.constantFrom(...'ab.[]{}"\'\\:,*\n1é'), maxLength: 8 });
const keys = fc.oneof(words, fc.constantFrom('__proto__', 'constructor', '0', '12', 'toJSON'));
const anything = fc.anything({
  key: fc.oneof(words, fc.constantFrom(...NAMED.map(([key]) => key))),
  values: [words, secrets, fc.double(), fc.constant(4111111111111111)],
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
});

type Way = { readonly key: string; readonly how: 'object' | 'map' | 'list' | 'text' | 'cut' };
const way: fc.Arbitrary<Way> = fc.record({
  key: keys,
  how: fc.constantFrom('object', 'map', 'list', 'text', 'cut'),
});

/** A value with `HIDDEN` at the end of the way, and the keys that lead there. */
function hideAt(
  ways: readonly Way[],
  rest: Record<string, unknown>,
): { value: unknown; path: string[] } {
  const path: string[] = [];
  let value: unknown = { told: [HIDDEN] };
  for (const { key, how } of ways.toReversed()) {
    path.unshift(how === 'list' ? '1' : key);
    const members: [string, unknown][] = [...Object.entries(rest), [key, value]];
    const object = Object.fromEntries(members.filter(([name]) => name !== 'toJSON'));
    if (key === 'toJSON') Object.defineProperty(object, key, { value, enumerable: true });
    if (how === 'list') value = [rest, value, rest];
    else if (how === 'map') value = new Map(members);
    else if (how === 'object') value = object;
    else value = canonicalJson(toPlain(object)).slice(0, how === 'cut' ? -1 : undefined);
  }
  return { value, path };
}

const step = (key: string): string => `["${key.replace(/["\\]/g, '\\$&')}"]`;

test('nothing that is denied is left, wherever it stands', () => {
  fc.assert(
    fc.property(
      fc.array(way, { minLength: 1, maxLength: 5 }),
      fc.dictionary(words, anything, { maxKeys: 3 }),
      fc.constantFrom('whole', 'any', 'deep'),
      (ways, rest, form) => {
        const { value, path } = hideAt(ways, rest);
        const last = path.at(-1)!;
        const paths = {
          whole: `input${path.map(step).join('')}`,
          any: `input${path
            .slice(1)
            .map(() => '[*]')
            .join('')}${step(last)}`,
          deep: `**${step(last)}`,
        };
        const { value: left } = redactPaths({ deny: [paths[form]] })(toPlain(value), ['input']);
        expect(canonicalJson(left)).not.toContain(HIDDEN);
      },
    ),
    { numRuns: 5000 },
  );
});

test('lists that reach nothing change nothing but how JSON text is written', () => {
  const lists = {
    deny: ['input["no such key"].a', '**["no such key"]'],
    allow: ['**["nor this"]'],
  };
  const reaches = redactPaths(lists);
  const reachesNot = redactPaths({ deny: ['state.a'], allow: ['state.b'] });
  fc.assert(
    fc.property(anything, (given) => {
      const plain = toPlain(given);
      expect(reachesNot(plain, ['input'])).toEqual(redact(plain));
      expect(reaches(plain, ['input'])).toEqual(redact(plain));
    }),
    { numRuns: 3000 },
  );
});

test('equal values stay equal, whatever the order of their keys', () => {
  const redactor = redactPaths({ deny: ['**.a'], allow: ['**.b'] });
  const json = (value: Json) => canonicalJson(redactor(value, ['input']).value);
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...'abcd'), anything), (given) => {
      const plain = toPlain(given) as Record<string, Json>;
      const turned = Object.fromEntries(Object.entries(plain).toReversed());
      expect(json(turned)).toBe(json(plain));
    }),
  );
});

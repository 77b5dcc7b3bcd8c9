import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Redaction } from '../../../instrumentation/redaction/index.ts';
import { KEYS, PEM, random, SECRET_TEXTS } from './table.ts';

const redaction = new Redaction();
const isWellFormed = (text: string): boolean => !/\p{Surrogate}/u.test(text);
const clean = (text: string): string => redaction.text(text, {});

/** Text with the signs by which secrets are noticed. */
const noise = fc.string({
  unit: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...'ab Kp.-_=:@/"\'\\{}[],;0124\n') },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'password',
        'token: ',
        '://',
        'Bearer ',
        '[redacted:',
        'sk-',
        '\ud800',
      ),
    },
  ),
  maxLength: 60,
});
/** A secret starts where a word does. */
const before = fc.constantFrom(
  ' ',
  '\n',
  '"',
  '(',
  ',',
  ';',
  '<',
  'ü',
  '中',
  '\\n',
  '%3D',
  '\ud83d\ude00',
);
const after = fc.constantFrom(' ', '\n', '"', ')', ',', ';', '>', '中', '\\n', '\ud83d\ude00');
const secrets = [
  ...KEYS.map(([key]) => key),
  '4111111111111111',
  PEM('PRIVATE KEY', random(64)),
  'joe.doe@corp.example.com',
];

test('a secret does not survive, whatever stands around it', () => {
  fc.assert(
    fc.property(
      noise,
      before,
      fc.constantFrom(...secrets),
      after,
      noise,
      (head, left, secret, right, tail) => {
        expect(clean(head + left + secret + right + tail)).not.toContain(secret);
        expect(clean(JSON.stringify({ a: head + left + secret + right + tail }))).not.toContain(
          secret,
        );
      },
    ),
    { numRuns: 1000 },
  );
});

test('what was redacted once is not changed again', () => {
  const accountKey = SECRET_TEXTS.find(({ given }) => given.startsWith('AccountName='))!.given;
  const texts = fc.constantFrom(...SECRET_TEXTS.map(({ given }) => given));
  fc.assert(
    fc.property(fc.array(fc.oneof(noise, texts), { maxLength: 6 }), (parts) => {
      const once = clean(parts.join(''));
      const counts = {};
      expect(redaction.text(once, counts)).toBe(once);
      expect(counts).toEqual({});
    }),
    // The colon of a mark is no colon of the URL around it.
    { numRuns: 1000, examples: [[['https://', accountKey, '@']]] },
  );
});

test('JSON text stays JSON text', () => {
  const texts = fc.oneof(noise, fc.constantFrom(...SECRET_TEXTS.map(({ given }) => given)));
  const keys = fc.constantFrom('password', 'token', 'a', 'Authorization', 'secrets', 'note');
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      texts,
      fc.double(),
      fc.constantFrom(null, true, 4111111111111111),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(keys, tie('value'), { maxKeys: 3 }),
    ),
  }));
  fc.assert(
    fc.property(fc.oneof(fc.array(value), fc.dictionary(keys, value)), (given) => {
      expect(() => JSON.parse(clean(JSON.stringify(given)))).not.toThrow();
    }),
    { numRuns: 1000 },
  );
});

test('no surrogate pair is split', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom(...secrets),
      fc.nat(200),
      (text, secret, limit) => {
        const whole = `${text} ${secret} ${text}`;
        expect(isWellFormed(redaction.text(whole, {}, limit))).toBe(isWellFormed(whole));
      },
    ),
  );
});

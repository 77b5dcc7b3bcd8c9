// A long message is looked at as far as it is sent and a little further: what goes is the start of what
// would go if all of it were looked at, wherever a secret stands.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { failureFacts } from '../../../instrumentation/core/failure.ts';
import { redact, standard } from '../../../instrumentation/redaction/index.ts';
import { MAX_BYTES } from '../../../instrumentation/semconv/attributes.ts';
import { JWT, KEYS, PEM, random, SECRET_TEXTS } from './table.ts';

const LIMIT = MAX_BYTES['exception.message'];
/** Longer than what is looked at behind the limit. */
const LONG = 12_000;
const long = random(192).repeat(LONG / 192);
const SECRETS: readonly string[] = [
  ...SECRET_TEXTS.map(({ given }) => given),
  ...KEYS.map(([key]) => key),
  PEM('PRIVATE KEY', `MIIE${long}`),
  `password="${long}"`,
  `{"api_key": "${long}"}`,
  `{"credentials": {"user": "${long}"}}`,
  `Authorization: Bearer ${long}`,
  `sk-${long}`,
  JWT.replace(/\..*\./, (payload) => `${payload.slice(0, -1)}${long}.`),
];

const factsOf = (message: string) => failureFacts(new Error(message), {}, redact);

function expectStart(message: string): void {
  const { attributes } = factsOf(message);
  const sent = String(attributes['exception.message']);
  const whole = standard.text(message, {});
  expect(whole.slice(0, sent.length) === sent).toBe(true);
  expect(attributes['failure.truncated']).toEqual(expect.arrayContaining(['exception.message']));
}

test.each(SECRETS.map((secret, nth) => [secret.slice(0, 60), secret, nth] as const))(
  '%s',
  (_, secret, nth) => {
    const before = Math.min(secret.length, 150);
    // Each looks at every third place, from another one on than the secrets beside it in the table.
    for (let start = LIMIT - before - 2 + (nth % 3); start <= LIMIT + 2; start += 3) {
      expectStart(`${'a '.repeat(LIMIT).slice(0, start)} ${secret} ${'b '.repeat(LIMIT)}`);
    }
  },
);

test('any of them, in text of any kind', () => {
  const filler = fc.constantFrom('lorem, ', 'é ', '中 ', '😀 ', '"x": ', '\n  at f (a.ts:12) ');
  fc.assert(
    fc.property(fc.constantFrom(...SECRETS), filler, fc.nat(400), (secret, fill, back) => {
      const start = fill.repeat(Math.floor((LIMIT - back) / fill.length));
      expectStart(`${start} ${secret} ${fill.repeat(LIMIT)}`);
    }),
    { numRuns: 500 },
  );
});

test('escapes in a long JSON message hide nothing', () => {
  const message = JSON.stringify({ a: `mail joe@corp.example.com ${'x'.repeat(LIMIT)}` });
  const { attributes } = factsOf(message.replace('@', '\\u0040'));
  expect(attributes['exception.message']).toContain('[redacted:email]');
  expect(attributes['exception.message']).not.toContain('corp');
});

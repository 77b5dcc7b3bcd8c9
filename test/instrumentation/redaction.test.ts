import { expect, test } from 'vitest';
import { redact } from '../../instrumentation/redaction.ts';

const JWT =
  'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U';

test('values under secret-like keys are replaced and counted', () => {
  const { value, redactions } = redact({
    userPassword: 'hunter2',
    API_KEY: 'k',
    headers: { Authorization: 'Basic abc', 'set-cookie': ['a=b'] },
    client_secret: { nested: true },
    max_tokens: 100,
    next_page_token: 'abc',
    token: null,
  });
  expect(value).toEqual({
    userPassword: '[redacted:password]',
    API_KEY: '[redacted:apikey]',
    headers: { Authorization: '[redacted:authorization]', 'set-cookie': '[redacted:cookie]' },
    client_secret: '[redacted:secret]',
    max_tokens: 100,
    next_page_token: 'abc',
    token: null,
  });
  expect(redactions).toEqual({ password: 1, apikey: 1, authorization: 1, cookie: 1, secret: 1 });
});

test.each([
  ['Authorization: Bearer abcdefghijkl1234', 'Authorization: Bearer [redacted:bearer]'],
  ['key sk-proj-abcdefghijklmnop1234 was refused', 'key [redacted:api_key] was refused'],
  [`token is ${JWT}.`, 'token is [redacted:jwt].'],
  [
    'before\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nafter',
    'before\n[redacted:private_key]\nafter',
  ],
  ['cut -----BEGIN PRIVATE KEY-----\nMIIE', 'cut [redacted:private_key]'],
  ['postgres://app:s3cret@db/prod', 'postgres://app:[redacted:url_password]@db/prod'],
  ['GET /?api_key=abc123&x=1', 'GET /?api_key=[redacted:password]&x=1'],
  ['Unexpected token < in JSON at position 0', 'Unexpected token < in JSON at position 0'],
  ['task-runner risk-free disk-1', 'task-runner risk-free disk-1'],
])('%s', (text, expected) => {
  expect(redact(text).value).toBe(expected);
});

test.each([
  'eyJ-'.repeat(250_000),
  'Bearer '.repeat(140_000),
  '-----BEGIN PRIVATE KEY-----'.repeat(37_000),
  '://a:'.repeat(200_000),
  'password='.repeat(110_000),
  'sk-'.repeat(330_000),
])('a megabyte of %# is scanned in linear time', (text) => {
  const start = performance.now();
  redact(text);
  expect(performance.now() - start).toBeLessThan(2000);
});

import { describe, expect, test } from 'vitest';
import { Redaction, redact } from '../../../instrumentation/redaction/index.ts';
import { JWT, NAMED, OPEN_TEXTS, PEM, random, SECRET_TEXTS } from './table.ts';

const standard = new Redaction();

function cleaned(text: string, limit?: number) {
  const counts: Record<string, number> = {};
  return { text: standard.text(text, counts, limit), counts };
}

test.each(SECRET_TEXTS)('$what', ({ given, expected, counts }) => {
  expect(cleaned(given)).toEqual({ text: expected, counts });
  expect(cleaned(expected)).toEqual({ text: expected, counts: {} });
});

test.each(OPEN_TEXTS)('untouched: %s', (text) => {
  expect(cleaned(text)).toEqual({ text, counts: {} });
});

describe('values under keys', () => {
  test.each(NAMED)('%s is %s', (key, kind) => {
    const secret = { [key]: 'open sesame' };
    const result = redact(secret);
    expect(result.value).toEqual(kind === '' ? secret : { [key]: `[redacted:${kind}]` });
    expect(result.redactions).toEqual(kind === '' ? {} : { [kind]: 1 });
    const text = JSON.stringify(secret);
    expect(cleaned(text).text).toBe(JSON.stringify(result.value));
  });

  test('flags, nothing and marks stay; numbers, lists and objects go', () => {
    const { value, redactions } = redact({
      password: true,
      token: null,
      secret: '',
      api_key: '[redacted:api_key]',
      pin: { password: 1234 },
      secrets: ['a', 'b'],
      credentials: { user: 'u' },
    });
    expect(value).toEqual({
      password: true,
      token: null,
      secret: '',
      api_key: '[redacted:api_key]',
      pin: { password: '[redacted:password]' },
      secrets: '[redacted:secret]',
      credentials: '[redacted:credential]',
    });
    expect(redactions).toEqual({ password: 1, secret: 1, credential: 1 });
  });

  test('keys are redacted too, and hostile keys stay plain data', () => {
    const { value } = redact(JSON.parse('{"joe@corp.com":1,"__proto__":{"password":"x"}}'));
    expect(JSON.stringify(value)).toBe(
      '{"[redacted:email]":1,"__proto__":{"password":"[redacted:password]"}}',
    );
  });

  test('card numbers as numbers', () => {
    expect(redact([4111111111111111, 4111111111111112, 1.5]).value).toEqual([
      '[redacted:card]',
      4111111111111112,
      1.5,
    ]);
  });
});

describe('JSON text', () => {
  const inside = { user: 'joe', password: 'a"b\\', list: [{ token: 12345678 }], note: `\n${JWT}` };
  const outside = {
    user: 'joe',
    password: '[redacted:password]',
    list: [{ token: '[redacted:token]' }],
    note: '\n[redacted:jwt]',
  };

  test.each([0, 1, 2, 3])('in %i layers of quotes', (layers) => {
    const quoted = (value: unknown) => {
      let text = JSON.stringify(value);
      for (let i = 0; i < layers; i++) text = JSON.stringify({ body: text, n: 1 });
      return text;
    };
    expect(cleaned(quoted(inside))).toEqual({
      text: quoted(outside),
      counts: { password: 1, token: 1, jwt: 1 },
    });
  });

  test.each<[string, string]>([
    [
      '{"id":12345678901234567890,"password":"x"}',
      '{"id":12345678901234567890,"password":"[redacted:password]"}',
    ],
    [
      '{ "secrets" : {"a":"}\\"]","b":[1,2]}, "c": 1 }',
      '{ "secrets" : "[redacted:secret]", "c": 1 }',
    ],
    ['{"card":4111111111111111,"n":1}', '{"card":"[redacted:card]","n":1}'],
    ['["pass",{"\\u0070assword":"x"}]', '["pass",{"password":"[redacted:password]"}]'],
    ['{"a":"\\u0073k-proj-a1B2c3D4e5F6g7"}', '{"a":"[redacted:api_key]"}'],
    [
      '{"a":"x\\njoe@corp.com\\u00e9","b":"\\tann@corp.com"}',
      '{"a":"x\\n[redacted:email]\\u00e9","b":"\\t[redacted:email]"}',
    ],
    ['{"a":"password=x\\\\y\\"z"}', '{"a":"password=[redacted:password]\\"z"}'],
    ['{"url":"https:\\/\\/u:p@h\\/x"}', '{"url":"https:\\/\\/u:[redacted:url_password]@h\\/x"}'],
    [JSON.stringify({ pem: PEM('PRIVATE KEY'), b: 1 }), '{"pem":"[redacted:private_key]","b":1}'],
    ['{"pem":"-----BEGIN PRIVATE KEY-----MII","b":1}', '{"pem":"[redacted:private_key]","b":1}'],
  ])('%s', (given, expected) => {
    expect(cleaned(given).text).toBe(expected);
    expect(() => JSON.parse(expected)).not.toThrow();
  });

  test('cut in the middle of a secret, it is redacted to its end', () => {
    expect(cleaned('{"a":1,"password":"hunt').text).toBe('{"a":1,"password":"[redacted:password]');
    expect(cleaned('{"secrets":{"a":"b').text).toBe('{"secrets":"[redacted:secret]"');
  });
});

describe('a limit', () => {
  const key = `sk-ant-${random(80)}`;

  test.each([0, 1, 5, 7, 20, 86])('%i characters into a secret leaves none of it', (into) => {
    const text = `${'x'.repeat(99)} ${key} tail`;
    const { text: result, counts } = cleaned(text, 100 + into);
    expect(result).toBe(`${'x'.repeat(99)} ${into > 0 ? '[redacted:api_key]' : ''}`);
    expect(counts).toEqual(into > 0 ? { api_key: 1 } : {});
  });

  test('secrets before it let nothing in from beyond it', () => {
    const text = `${PEM('PRIVATE KEY', random(150))} ${'y'.repeat(50)} ${key}`;
    const { text: result } = cleaned(text, text.indexOf('sk-ant') + 4);
    expect(result).toBe(`[redacted:private_key] ${'y'.repeat(50)} [redacted:api_key]`);
  });

  test('does not split a surrogate pair', () => {
    expect(cleaned(`${'😀'.repeat(10)}`, 5).text).toBe('😀😀');
  });
});

describe('national ids', () => {
  const redaction = new Redaction({ nationalIds: true });
  const valid = [
    '078-05-1120',
    'AB 12 34 56 C',
    '12345678Z',
    'X1234567L',
    'RSSMRA85T10A562S',
    '529.982.247-25',
  ];
  test.each(valid)('%s only when asked for', (id) => {
    const counts = {};
    expect(redaction.text(`id ${id}, joe@corp.com`, counts)).toBe(
      'id [redacted:national_id], [redacted:email]',
    );
    expect(counts).toEqual({ national_id: 1, email: 1 });
    expect(cleaned(`id ${id}.`).text).toBe(`id ${id}.`);
  });

  test.each([
    '000-12-3456',
    '12345678A',
    'RSSMRA85T10A562T',
    '529.982.247-26',
    '111.111.111-11',
    '2078-05-11205',
  ])('%s is none', (id) => {
    expect(redaction.text(`id ${id}.`, {})).toBe(`id ${id}.`);
  });
});

const HOSTILE = [
  'eyJ-',
  'eyJaaaaaaaa.',
  'eyJaaaaaaaaa',
  'Bearer ',
  'bearer a1',
  'Basic a',
  '-----BEGIN PRIVATE KEY-----',
  '-----BEGIN ',
  '-',
  '://a:',
  '://',
  '://a@',
  ':a@',
  '@',
  'a@',
  'a@b.',
  '@a.b',
  'a.b@',
  'password=',
  'password:',
  'password="',
  "password='",
  'token:',
  'token: ',
  '"token":',
  '\\"token\\":\\"',
  '"secrets":{',
  '"secrets":[',
  '{"',
  '\\',
  '\\\\"',
  'authorization: ',
  'authorization: a ',
  'cookie: ',
  'cookie: a=',
  'sk-',
  'sk-a',
  'ghp_',
  'AIza',
  'AKIA',
  'SG.',
  'SK',
  'dapi',
  '\\nsk-',
  '%0ask-aaaaaaaaaaaaaaaa',
  '4',
  '4111 ',
  '4111-',
  '4111111111111111',
  '1 ',
  '[redacted:',
  '[redacted:a]',
  'password=[redacted:a]',
  'api key: ',
  '=',
  ':',
  '==',
  '= ',
  '\ud800',
  '\udc00@',
  'é',
  'é@é.',
  '[',
  '{',
  '"a":',
  "'",
  '`',
  ' ',
  '\u0000',
];

test.each(HOSTILE)('a megabyte of %j ends', (unit) => {
  const text = unit.repeat(Math.ceil(1_000_000 / unit.length));
  // A bound that only a hang reaches: quadratic work takes minutes.
  for (const given of [text, `{"a":"${text}`]) {
    const before = process.cpuUsage();
    new Redaction({ nationalIds: true }).text(given, {});
    const { user } = process.cpuUsage(before);
    expect(user / 1000).toBeLessThan(10_000);
  }
});

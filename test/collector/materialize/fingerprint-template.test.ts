import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { templateOf } from '../../../collector/materialize/fingerprint/message/template.ts';

const keyOf = (message: string) => templateOf(message).key;

test.each([
  ['failed 31 s after 3 attempts', 'failed <num> after <num> attempts'],
  ['took 31.5s', 'took <num>'],
  ['id 123e4567-e89b-12d3-a456-426614174000 unknown', 'id <uuid> unknown'],
  ['commit 9fceb02d0ae598e95dc970b74767f19372d61af8', 'commit <hex>'],
  ['error at 0x7ffe12', 'error at <hex>'],
  ['no such user bob.smith+x@mail.example.com', 'no such user <email>'],
  ['no such user [redacted:email]~1234abcd here', 'no such user <redacted> here'],
  ['GET https://api.example.com/v1/a?b=1 failed', 'GET <url> failed'],
  ['cannot open /var/lib/app/data-7.json', 'cannot open <path>'],
  ['cannot open C:\\Users\\bob\\x.txt now', 'cannot open <path> now'],
  ['cannot open report.csv', 'cannot open <path>'],
  ['getaddrinfo ENOTFOUND api.example.com', 'getaddrinfo ENOTFOUND <host>'],
  ['connect ECONNREFUSED 10.0.0.1:5432', 'connect ECONNREFUSED <host>'],
  ['due on Mon, 3 May 2027 10:00 PM UTC at last', 'due on <time> at last'],
  ['key "order 7" is missing', 'key <text> is missing'],
  ["can't find 'x' and won't", "can't find <text> and won't"],
  ['run task_8841 and/or other', 'run <id> and/or other'],
  ['call chatcmpl9xYz12AbQ77bb failed', 'call <id> failed'],
  ['is ready: true', 'is ready: <bool>'],
  ['No object generated: response did not match', 'No object generated: response did not match'],
  ['The string number is too long', 'The string number is too long'],
  ['it returned null where a row was', 'it returned <bool> where a row was'],
  ['  many \t spaces  ', 'many spaces'],
  ['first\n\nsecond\r\nthird\nfourth', 'first\nsecond\nthird'],
  ['Größe 12 überschritten', 'Größe <num> überschritten'],
  ['заказ 17 не найден', 'заказ <num> не найден'],
  ['订单17失败', '订单<num>失败'],
  ['cache size......12', 'cache size......<num>'],
  ['cannot open ../a.json or ./b/c', 'cannot open <path> or <path>'],
  ['starting...done', 'starting...done'],
  ['timeout', 'timeout'],
  ['42', '<num>'],
  ['???', '???'],
  ['', ''],
])('%j becomes %j', (message, template) => {
  expect(templateOf(message).text).toBe(template);
});

describe('the same problem', () => {
  test.each([
    ['a list of any length', 'blocks 1, 2, 3 lost', 'blocks 9 lost'],
    ['a value or none', 'user= host=a1', 'user=bob7 host=b2'],
    ['one or many', '1 validation error for Order', '2 validation errors for Order'],
    ['other units', 'took 900 ms', 'took 2 s'],
    ['a host or an address', 'no answer of 10.0.0.1', 'no answer of db.example.com'],
    [
      'an empty bracket',
      'connection from 10.0.0.1 () at noon',
      'connection from 10.0.0.2 (a.example.com) at noon',
    ],
    ['other data in quotes', 'invalid literal: "a b"', 'invalid literal: "c"'],
    ['other data in JSON', '{"code":"x_y","id":"a"}', '{"code":"x_y","id":"b"}'],
    ['data that was cut', 'cannot parse "Sure, here', 'cannot parse "I am sorry'],
    [
      'data beyond the bound',
      `cannot parse 'Sure ${'so '.repeat(9000)}' yes`,
      `cannot parse 'No ${'no '.repeat(9000)}'`,
    ],
    ['a redacted value', 'user bob@example.com not found', 'user [redacted:email] not found'],
  ])('%s', (_what, a, b) => {
    expect(keyOf(a)).toBe(keyOf(b));
  });
});

describe('another problem', () => {
  test.each([
    ['a status', 'Request failed with status code 404', 'Request failed with status code 503'],
    ['a status at the start', '401 no', '429 no'],
    [
      'a name of code in quotes',
      "'NoneType' object has no attribute 'find_next'",
      "'NoneType' object has no attribute 'get_text'",
    ],
    ['a module in quotes', "No module named 'pandas'", "No module named 'requests'"],
    [
      'a property',
      "Cannot read properties of undefined (reading 'map')",
      "Cannot read properties of undefined (reading 'id')",
    ],
    ['a key that is all there is', "'transcript'", "'slots'"],
    ['a code in JSON', '{"code":"rate_limit_exceeded"}', '{"code":"context_length_exceeded"}'],
    [
      'the message in JSON',
      "{'error': {'message': 'Overloaded'}}",
      "{'error': {'message': 'Too long'}}",
    ],
    ['the code of an error', 'error code E1001', 'error code E2002'],
    ['a word as a value', 'state=failed', 'state=lost'],
    ['a request', '"GET /a HTTP/1.1" failed', '"POST /a HTTP/1.1" failed'],
  ])('%s', (_what, a, b) => {
    expect(keyOf(a)).not.toBe(keyOf(b));
  });
});

test('the status in a line of an access log is a value', () => {
  expect(keyOf('"GET /a HTTP/1.1" status: 404')).toBe(keyOf('"GET /b HTTP/1.1" status: 200'));
});

test('numbers never count, wherever they stand', () => {
  const word = fc.constantFrom<string>('order', 'failed', 'in', 'node', 'after', 'retry');
  fc.assert(
    fc.property(
      fc.array(word, { minLength: 1 }),
      fc.nat(),
      fc.nat(),
      fc.nat(),
      (words, at, a, b) => {
        const put = (n: number) => words.toSpliced(at % (words.length + 1), 0, `#${n}`).join(' ');
        expect(keyOf(put(a))).toBe(keyOf(put(b)));
      },
    ),
  );
});

test('any text gives a bounded template', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), (message) => {
      expect(templateOf(message).key.length).toBeLessThan(12_000);
    }),
  );
});

describe('hostile messages', () => {
  test.each([
    ['quotes', '"'],
    ['open quotes', " 'a"],
    ['quotes that tell', "type='a "],
    ['wide quotes', 'type=“'],
    ['escapes', '\\"'],
    ['slashes', '/a'],
    ['backslashes', '\\a'],
    ['digits', '1'],
    ['at signs', 'a@'],
    ['hex', 'deadbeef'],
    ['dots', 'a.'],
    ['colons', ':'],
    ['pairs of colons', 'a:b'],
    ['schemes', 'a://'],
    ['question marks', '/?'],
    ['dashes', '-'],
    ['brackets', '[redacted:'],
    ['keys', 'a='],
    ['words', 'for user a '],
    ['lines', '\n'],
    ['blanks', ' \t'],
    ['surrogates', '\ud83d'],
    ['units', '1 s '],
    ['months', 'May '],
  ])('%s cost no more when there are more of them', (_what, part) => {
    // Work is bounded by characters: what lies behind the bound is not read.
    const short = part.repeat(Math.ceil(100_000 / part.length));
    expect(templateOf(short.repeat(2))).toEqual(templateOf(short));
    expect(templateOf(short).text.length).toBeLessThan(12_000);
  });
});

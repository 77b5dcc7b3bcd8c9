// Structure inside messages: of bodies, findings and pages only what went wrong counts.
import { describe, expect, test } from 'vitest';
import { templateOf } from '../../../collector/materialize/fingerprint/message/template.ts';

const keyOf = (message: string) => templateOf(message).key;
const body = (error: object) => JSON.stringify({ error }, null, 2);
const issues = (...found: object[]) => JSON.stringify(found, null, 2);

describe('the same problem', () => {
  test.each([
    [
      'other ids in a provider body',
      `400 ${JSON.stringify({ error: { message: 'no such tool call' }, request_id: 'req_1' })}`,
      `400 ${JSON.stringify({ error: { message: 'no such tool call' } })}`,
    ],
    [
      'a body inside a body',
      body({ code: 400, message: JSON.stringify({ error: { type: 'bad', message: 'call 1' } }) }),
      body({ code: 400, message: JSON.stringify({ error: { type: 'bad', message: 'call 2' } }) }),
    ],
    [
      'other answers with the same finding of zod',
      `Type validation failed: Value: {"a":"x"}.\nError message: ${issues({ code: 'invalid_type', path: ['total'], message: 'got a string' })}`,
      `Type validation failed: Value: {"type":"b","message":"y"}.\nError message: ${issues({ code: 'invalid_type', path: ['total'], message: 'got null' })}`,
    ],
    [
      'other values with the same finding of pydantic',
      '1 validation error for Order\nitems.0.price\n  Input should be a number [type=float_type, input_value={}, input_type=dict]',
      "1 validation error for Order\nitems.7.price\n  Input should be a number [type=float_type, input_value='x\ny', input_type=str]",
    ],
    [
      'another server behind the same page',
      '<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1>nginx</body></html>',
      '<html>\n<head><title>502 Bad Gateway</title></head>\n<body>\n<h1>502 Bad Gateway</h1>\n<hr>nginx/1.27</body></html>',
    ],
    [
      'a Python body and a JSON body',
      "Error code: 429 - {'error': {'message': 'Slow down', 'param': None}}",
      'Error code: 429 - {"error":{"message":"Slow down","param":null}}',
    ],
    [
      'another reason in the arguments of an exception',
      "('Connection aborted.', Closed('remote end closed it'))",
      "('Connection aborted.', ConnectionResetError(104, 'reset by peer'))",
    ],
    [
      'other values in a chain of causes',
      'cannot store the key\n\nCaused by:\n    0: connecting to 10.0.0.1:80\n    1: it took 3 seconds',
      'cannot store the key\n\nCaused by:\n    0: connecting to 10.0.0.9:81\n    1: it took 8 seconds\n\nStack backtrace:\n   0: a::b',
    ],
  ])('%s', (_what, a, b) => {
    expect(keyOf(a)).toBe(keyOf(b));
  });
});

describe('another problem', () => {
  test.each([
    [
      'another text behind words that only announce it',
      'An error occurred (ValidationException) when calling the Converse operation: this operation is not allowed',
      'An error occurred (ValidationException) when calling the Converse operation: the model identifier is invalid',
    ],
    [
      'another status behind such words',
      'API error occurred: Status 429',
      'API error occurred: Status 401',
    ],
    [
      'another code in the arguments of an exception',
      '(2006, "the server has gone away")',
      '(1205, "lock wait timeout exceeded")',
    ],
    [
      'another root of a chain of causes',
      'cannot store the key\n\nCaused by:\n    0: connecting\n    1: permission denied',
      'cannot store the key\n\nCaused by:\n    0: connecting\n    1: connection refused',
    ],
    [
      'a message deep in a body',
      body({ code: 400, status: 'X', message: 'too long' }),
      body({ code: 400, status: 'X', message: 'no access' }),
    ],
    [
      'a reason in the details',
      body({ code: 4, details: [{ reason: 'CAPACITY' }] }),
      body({ code: 4, details: [{ reason: 'QUOTA' }] }),
    ],
    [
      'another path of zod',
      issues({ code: 'invalid_type', path: ['total'] }),
      issues({ code: 'invalid_type', path: ['tax'] }),
    ],
    [
      'another code of zod',
      issues({ code: 'invalid_type', path: ['total'] }),
      issues({ code: 'too_big', path: ['total'] }),
    ],
    [
      'another path of pydantic',
      '1 validation error for Order\nprice\n  Field required [type=missing, input_value={}, input_type=dict]',
      '1 validation error for Order\ntax\n  Field required [type=missing, input_value={}, input_type=dict]',
    ],
    [
      'another page',
      '<html><title>502 Bad Gateway</title></html>',
      '<html><title>504 Gateway Timeout</title></html>',
    ],
    ['an errno', 'connect ECONNREFUSED 10.0.0.1:80', 'connect ETIMEDOUT 10.0.0.1:80'],
    [
      'a panic',
      "thread 'main' panicked at 'index out of bounds', a.rs:1:2",
      "thread 'main' panicked at 'attempt to divide by zero', a.rs:1:2",
    ],
    ['an atom', 'job failed with {:error, :timeout}', 'job failed with {:error, :closed}'],
    [
      'the provider',
      'Timeout Error: OpenrouterException - timed out',
      'Timeout Error: OllamaException - timed out',
    ],
    ['another script', 'API调用失败: 余额不足', 'API调用失败: 请求超时'],
  ])('%s', (_what, a, b) => {
    expect(keyOf(a)).not.toBe(keyOf(b));
  });
});

test('data in a message is no body of an error', () => {
  const template = templateOf('cannot parse {"name": "x", "items": [1, 2]} as an order');
  expect(template.key).toBe('cannot parse as an order');
});

describe('hostile structure', () => {
  test.each([
    ['open braces', '{"a":'],
    ['open lists', '[{'],
    ['keys', '{"message":"a",'],
    ['escapes', '{"message":"\\\\'],
    ['pages', '<html><title>'],
    ['findings', '1 validation error for A\nb\n  c [type='],
    ['panics', "thread '"],
    ['paths', ' at path ['],
    ['base64', 'aGVsbG8gd29ybGQ'],
    ['minified code', 'var a=function(b){return b.c({d:1})};'],
    ['emoji', '🚀💥'],
    ['right to left', 'שגיאה בעיבוד '],
  ])('%s cost no more when there are more of them', (_what, part) => {
    const many = part.repeat(Math.ceil(200_000 / part.length));
    const text = templateOf(many).text;
    expect(text.length).toBeLessThan(20_000);
    expect(templateOf(many + many).text).toBe(text);
  });
});

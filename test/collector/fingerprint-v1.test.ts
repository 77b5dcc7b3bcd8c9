import { describe, expect, test } from 'vitest';
import { fingerprint } from '../../collector/fingerprint/v1.ts';

const INPUT = {
  agent_id: 'agent',
  node_id: 'node',
  class: 'unclassified',
  error_type: 'Error',
  error_message: 'it broke',
  stack_trace: '',
};

function of(over: Partial<typeof INPUT>) {
  return fingerprint({ ...INPUT, ...over });
}

// A fingerprint stays in its row for ever: this value must never change.
test('version 1 is frozen', () => {
  expect(of({}).fingerprint).toBe('v1:220353d440aea5479b5efc1576d8a50b');
});

test.each([
  ['took 31 s after 3 tries', 'took <num> s after <num> tries'],
  ['took 31.5s', 'took <num>s'],
  ['id 123e4567-e89b-12d3-a456-426614174000 unknown', 'id <uuid> unknown'],
  ['commit 9fceb02d0ae598e95dc970b74767f19372d61af8', 'commit <hex>'],
  ['segfault at 0x7ffe12', 'segfault at <hex>'],
  ['no such user bob.smith+x@mail.example.com', 'no such user <email>'],
  ['GET https://api.example.com/v1/a?b=1 failed', 'GET <url> failed'],
  ['cannot open /var/lib/app/data-7.json', 'cannot open <path>'],
  ['cannot open C:\\Users\\bob\\x.txt now', 'cannot open <path> now'],
  ['key "order 7" is missing', 'key <text> is missing'],
  ["can't find 'x' and won't", "can't find <text> and won't"],
  ['run task_8841 and/or other', 'run task_<num> and/or other'],
  ['call chatcmpl9xYz12AbQ77bb failed', 'call <id> failed'],
  ['  many \t spaces  ', 'many spaces'],
  ['first\n\nsecond\r\nthird\nfourth', 'first\nsecond\nthird'],
  ['Größe überschritten', 'Größe überschritten'],
  ['deadbeef is a word', 'deadbeef is a word'],
  ['utf8 and ipv6 stay', 'utf8 and ipv6 stay'],
  ['', ''],
])('%j becomes %j', (message, template) => {
  expect(of({ error_message: message }).template).toBe(template);
});

test('messages that differ only in what varies are one problem', () => {
  const a = of({ error_message: 'order 17 of /srv/a/1.json failed' });
  const b = of({ error_message: 'order 9 of /tmp/b/22.json failed' });
  expect(a.fingerprint).toBe(b.fingerprint);
});

test.each(['agent_id', 'node_id', 'class', 'error_type', 'error_message'] as const)(
  'another %s is another problem',
  (field) => {
    expect(of({ [field]: 'other' }).fingerprint).not.toBe(of({}).fingerprint);
  },
);

test('fields do not run into one another', () => {
  const a = of({ agent_id: 'a', node_id: 'bc' });
  const b = of({ agent_id: 'ab', node_id: 'c' });
  expect(a.fingerprint).not.toBe(b.fingerprint);
});

test('the stack trace does not count', () => {
  expect(of({ stack_trace: 'at x' }).fingerprint).toBe(of({}).fingerprint);
});

test('says what went into it', () => {
  expect(of({ node_id: '' }).why).toContain('same agent, class, error type, message');
});

describe('hostile messages', () => {
  test.each([
    ['quotes', '"'.repeat(100_000)],
    ['slashes', '/a'.repeat(100_000)],
    ['digits', '1'.repeat(100_000)],
    ['at signs', 'a@'.repeat(100_000)],
    ['hex', 'deadbeef'.repeat(50_000)],
    ['dots', 'a.'.repeat(100_000)],
    ['colons', `${'a'.repeat(400)}:`.repeat(100)],
    ['lines', '\n'.repeat(100_000)],
  ])('%s give a short template', (_what, message) => {
    expect(of({ error_message: message }).template.length).toBeLessThan(2000);
  });
});

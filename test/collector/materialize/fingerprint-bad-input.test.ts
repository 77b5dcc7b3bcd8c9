// Whatever comes as message or stack: an answer, the same each time, and work that does not grow with it.
import { expect, test } from 'vitest';
import { identify } from '../../../collector/materialize/classify/identify.ts';

const row = (error_message: string, stack_trace = '', error_type = 'Error') =>
  identify({
    agent_id: 'a',
    node_id: 'n',
    site: '',
    class: 'unclassified',
    error_type,
    error_message,
    stack_trace,
    attributes: {},
  });
const frames = Array.from({ length: 5000 }, (_, i) => `    at f${i} (/srv/app/a${i}.js:1:1)`);
const cycle = Array.from({ length: 500 }, (_, i) => [
  `  [cause]: Error: ${i % 2 === 0 ? 'ping' : 'pong'}`,
  `    at ${i % 2 === 0 ? 'ping' : 'pong'} (/srv/app/a.js:1:1)`,
]).flat();

test.each([
  ['a megabyte', 'cannot read it '.repeat(70_000), ''],
  ['a megabyte without a blank', 'x'.repeat(1_000_000), ''],
  ['one word', 'boom', ''],
  ['no word', '???', ''],
  ['nothing', '', ''],
  ['only numbers', '17 18 19.5 0x1f', ''],
  ['another script', 'データベースに接続できません', ''],
  ['right to left', 'שגיאה בעיבוד ההזמנה 17', ''],
  ['emoji', '🚀💥 ❌', ''],
  ['lone surrogates', '\ud83d\udca5\ud83d', ''],
  ['base64', `${'aGVsbG8gd29ybGQ'.repeat(5000)}==`, ''],
  ['minified code', 'var a=function(b,c){return b?c(d[e]):f};'.repeat(5000), ''],
  ['only a stack', '', frames.slice(0, 3).join('\n')],
  ['5,000 frames', 'it broke', frames.join('\n')],
  ['causes without end', 'it broke', ['Error: it broke', frames[0], ...cycle].join('\n')],
  ['marks of the readers', '\ue000x\ue001\ue000 \ue001\ue001y', ''],
])('%s', (_what, message, stack) => {
  const found = row(message, stack);
  expect(found.fingerprint).toMatch(/^v1:[0-9a-f]{32}$/);
  expect(found.template.length).toBeLessThan(20_000);
  expect(found.why().length).toBeLessThan(2000);
  expect(row(message, stack).fingerprint).toBe(found.fingerprint);
});

test('a stack of another language than the type is read as what it is', () => {
  const stack = 'Traceback (most recent call last):\n  File "/srv/app/a.py", line 3, in run\nE: x';
  const why = row('it broke', stack, 'java.lang.IllegalStateException').why();
  expect(why).toContain('raised in "run@a"');
});

test('how many callers stand behind does not count', () => {
  expect(row('deep', frames.join('\n')).fingerprint).toBe(
    row('deep', frames.slice(0, 40).join('\n')).fingerprint,
  );
});

test('a mark of redaction is a value, wherever it stands', () => {
  expect(row('block blk_-4684475480143348818 lost').fingerprint).toBe(
    row('block blk_-[redacted:phone] lost').fingerprint,
  );
});

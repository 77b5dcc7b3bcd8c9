// The file of `--policies`: a wrong one is refused with the name of the field.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DEFAULT_POLICIES, readPolicies, ruleFor } from '../../../../query/base/policies.ts';

const path = join(mkdtempSync(join(tmpdir(), 'faultline-policies-')), 'policies.json');
const read = (text: string) => {
  writeFileSync(path, text);
  return readPolicies(path);
};

it.each([
  ['{', /--policies: ".*policies\.json" cannot be read: is no JSON/],
  ['[]', /the file: got \[\]/],
  ['{"tolerated_share": 5}', /tolerated_share: got 5/],
  ['{"max_failed_fixes": 0}', /max_failed_fixes: got 0/],
  ['{"rules": [{"may": "perhaps"}]}', /rules\.0\.may: got "perhaps"/],
  ['{"rules": [{"may": "ask", "node": ["a"]}]}', /rules\.0\.node: got \["a"\]/],
  ['{"rules": [{"may": "ask", "agents": []}]}', /rules\.0\.agents: got \[\]/],
])('refuses %s', (text, message) => {
  expect(() => read(text)).toThrow(message);
});

it('refuses a file that is not there', () => {
  expect(() => readPolicies(`${path}.none`)).toThrow(/--policies: .*cannot be read/);
});

it('takes the first rule that fits', () => {
  expect(read('{}')).toEqual(DEFAULT_POLICIES);
  const policies = read(
    '{"rules": [{"agents": ["refund-*"], "classes": ["tool.*"], "may": "ask"}, {"nodes": ["pay"], "may": "wait"}]}',
  );
  const ask = (agent: string, node: string, failureClass: string) =>
    ruleFor(policies, { agent, node, failureClass });
  expect(ask('refund-1', 'pay', 'tool.error')).toBe('ask');
  expect(ask('refund-1', 'pay', 'code.error')).toBe('wait');
  expect(ask('other', 'read', 'tool.error')).toBeUndefined();
});

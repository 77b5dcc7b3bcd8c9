import { describe, expect, it } from 'vitest';
import { agree, unitsOf } from '../../../collector/materialize/fingerprint/agreement.ts';

const agreeOn = (one: string, other: string): boolean => {
  const [a, b] = [unitsOf(one), unitsOf(other)];
  expect(agree(b, a)).toBe(agree(a, b));
  return agree(a, b);
};

describe('messages that can be renderings of one', () => {
  it.each([
    ['a value by its form', 'cannot read invoice 17 of order', 'cannot read invoice 18 of order'],
    ['a word against a value', 'Unsupported protocol text', 'Unsupported protocol v2'],
    [
      'free text against a value',
      'Value please cancel my order and refund it is out of range',
      'Value 12 is out of range',
    ],
    ['an unknown word', 'module zebra is not installed', 'module walrus is not installed'],
  ])('%s', (_what, one, other) => {
    expect(agreeOn(one, other)).toBe(true);
  });
});

describe('messages that cannot', () => {
  it.each([
    ['one significant word', 'Tool search was not found', 'Tool search was not available'],
    ['the word that was asked for', 'Invalid header name 17', 'Invalid header value 17'],
    ['a word more', 'Expected only one object in list', 'Expected object in list'],
    ['another status', 'Request failed with status 429', 'Request failed with status 500'],
    [
      'a name that the runtime quotes',
      "module 'app' has no attribute 'emails'",
      "module 'app' has no attribute 'tickets'",
    ],
    ['too little in common', 'failed: zebra', 'failed: walrus'],
    ['nothing', '', ''],
    ['only values', '17 18', '19 20'],
  ])('%s', (_what, one, other) => {
    expect(agreeOn(one, other)).toBe(false);
  });
});

it('work is bounded, whatever the messages are', () => {
  const units = unitsOf('cannot read the value of it '.repeat(40_000));
  expect(units.length).toBeLessThanOrEqual(64);
  expect(agree(units, units)).toBe(true);
});

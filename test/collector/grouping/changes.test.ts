// What the mapping writes, without a database: which merges, which proposals, and not twice.
import { describe, expect, it } from 'vitest';
import { atOnce } from '../../../collector/decode/turns.ts';
import { type KnownEvent, missingEvents } from '../../../collector/grouping/changes.ts';
import { type FirstFailure, memberOf } from '../../../collector/grouping/member.ts';
import { fingerprint } from '../../../collector/materialize/fingerprint/v1.ts';

const NOW = '2026-11-30 12:00:00.000000000';
const STACK = 'Error: x\n    at fetchInvoice (/srv/app/src/billing.js:3:1)';

let second = 0;
function failure(error_message: string, over: Partial<FirstFailure> = {}): FirstFailure {
  const row = {
    agent_id: 'a',
    node_id: 'n',
    error_type: 'BillingError',
    error_message,
    stack_trace: STACK,
    timestamp: `2026-11-30 10:00:${String(second++ % 60).padStart(2, '0')}.000000000`,
    ...over,
  };
  return { ...row, fingerprint: fingerprint({ ...row, class: '' }).fingerprint };
}

function events(failures: FirstFailure[], known: KnownEvent[] = []) {
  return atOnce(missingEvents(failures.map(memberOf), known, NOW));
}
const textsOf = (found: ReturnType<typeof events>, failures: FirstFailure[]) => {
  const name = (id: string) => failures.find((one) => one.fingerprint === id)!.error_message;
  return found.map((one) => [one.kind, name(one.fingerprint), name(one.other_fingerprint)]);
};

const text = failure('Unsupported protocol text');
const file = failure('Unsupported protocol failed');
const v2 = failure('Unsupported protocol v2');

describe('of one type and place', () => {
  it('merges what differs where values stand, into the oldest', () => {
    const all = [text, file, v2];
    expect(textsOf(events(all), all)).toEqual([
      ['merge', file.error_message, text.error_message],
      ['merge', v2.error_message, text.error_message],
    ]);
  });

  it('gives the same events in any order, twice the same ids', () => {
    const key = (found: ReturnType<typeof events>) =>
      found.map((one) => `${one.event_id} ${one.fingerprint} ${one.other_fingerprint}`).sort();
    const expected = key(events([text, file, v2]));
    for (const order of [
      [v2, file, text],
      [file, v2, text],
      [v2, text, file],
    ]) {
      expect(key(events(order))).toEqual(expected);
    }
  });

  it('joins what came before the message that connects them', () => {
    const before = events([text, file]);
    expect(before).toEqual([]);
    expect(events([text, file, v2], before)).toHaveLength(2);
  });

  it('keeps apart what differs in one significant word', () => {
    const all = [failure('Tool search was not found'), failure('Tool search was not available')];
    expect(events(all)).toEqual([]);
  });

  it('and of another place, type, node or agent', () => {
    const elsewhere = { stack_trace: 'Error: x\n    at send (/srv/app/src/mail.js:3:1)' };
    for (const over of [elsewhere, { error_type: 'E' }, { node_id: 'o' }, { agent_id: 'o' }]) {
      const kinds = events([text, failure('Unsupported protocol v2', over)]).map((e) => e.kind);
      expect(kinds).not.toContain('merge');
    }
  });
});

describe('what somebody said stays', () => {
  const merged = events([text, v2])[0]!;

  it('is not said again', () => {
    expect(events([text, v2], [merged])).toEqual([]);
  });

  it('a split is not merged again, and connects nothing', () => {
    const split = { ...merged, kind: 'split', event_id: 'x', timestamp: `${NOW}1` };
    expect(events([text, v2], [merged, split])).toEqual([]);
    expect(events([text, file, v2], [merged, split])).toEqual([]);
  });

  it('a merge the other way round is no cycle', () => {
    const other = {
      ...merged,
      fingerprint: text.fingerprint,
      other_fingerprint: v2.fingerprint,
      event_id: 'x',
    };
    expect(events([text, v2], [other])).toEqual([]);
  });
});

describe('proposals', () => {
  const bare = failure('Unsupported protocol v2', { stack_trace: '' });

  it('without a stack', () => {
    const [found, ...others] = events([v2, bare]);
    expect(others).toEqual([]);
    expect(found).toMatchObject({
      kind: 'propose',
      fingerprint: bare.fingerprint,
      other_fingerprint: v2.fingerprint,
      author: 'faultline',
    });
    expect(found!.reason).toContain('reported without a stack');
    expect(found!.value).toContain('Unsupported protocol v2');
    expect(events([v2, bare], [found!])).toEqual([]);
  });

  it('another name of the type', () => {
    const [found] = events([v2, failure('Unsupported protocol v2', { error_type: 'Error' })]);
    expect(found!.kind).toBe('propose');
    expect(found!.reason).toContain('reported as Error and BillingError');
  });

  it('a slot, from the third filler on', () => {
    const [zebra, walrus, lemur] = ['zebra', 'walrus', 'lemur'].map((name) =>
      failure(`module ${name} is not installed`, { stack_trace: '' }),
    );
    const apart = new Set([zebra, walrus, lemur].map((one) => one!.fingerprint));
    if (apart.size === 1) return;
    expect(events([zebra!, walrus!])).toEqual([]);
    expect(events([zebra!, walrus!, lemur!]).map(({ kind }) => kind)).toEqual(['propose']);
  });

  it('none where a significant word differs', () => {
    const all = ['found', 'available', 'supported'].map((word) =>
      failure(`Tool search was not ${word}`, { stack_trace: '' }),
    );
    expect(events(all)).toEqual([]);
  });
});

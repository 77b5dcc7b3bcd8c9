// A change of a group from its span to its row.
import { describe, expect, test } from 'vitest';
import { isKept } from '../../../collector/decode/flags.ts';
import { keyFlags, nameFlags } from '../../../collector/decode/key-flags.ts';
import type { Value } from '../../../collector/decode/span.ts';
import { toRows } from '../../../collector/materialize/to-rows.ts';
import { recordGroupEvent } from '../../../instrumentation/index.ts';
import { recordSpans } from '../../support/sdk-spans.ts';

const RECEIVED = BigInt(Date.UTC(2026, 0, 2)) * 1_000_000n;
const START = BigInt(Date.UTC(2026, 0, 1)) * 1_000_000n;
const SPAN = 'b7ad6b7169203331';
const fingerprint = (digit: string) => `v1:${digit.repeat(32)}`;

type Attributes = Record<string, Value>;

const MERGE: Attributes = {
  'gen_ai.agent.id': 'agent-1',
  'group.event.id': '0B1F9A2C-0000-4000-8000-000000000001',
  'group.event.kind': 'merge',
  'group.event.fingerprint': fingerprint('a'),
  'group.event.other_fingerprint': fingerprint('b'),
  'group.event.author': 'queen',
  'group.event.reason': 'the same outage',
};

function made(attributes: Attributes, name = 'change_group agent-1') {
  const span = {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: SPAN,
    parentSpanId: '',
    name,
    kind: 1,
    startNs: START,
    endNs: START,
    flags: 0,
    statusCode: 0,
    statusMessage: '',
    attributes: new Map(Object.entries(attributes)),
    events: [],
    links: [],
  };
  const resource = { attributes: new Map<string, Value>([['service.name', 'ops']]) };
  return toRows(resource, { name: 'ops', version: '1' }, span, RECEIVED);
}

describe('the event of a group', () => {
  test('becomes one row and nothing else', () => {
    const { rows, rejection } = made(MERGE);
    expect(rejection).toBeUndefined();
    expect(Object.values(rows).flat()).toHaveLength(1);
    expect(rows.group_events).toEqual([
      {
        timestamp: '2026-01-01 00:00:00.000000000',
        event_id: '0b1f9a2c-0000-4000-8000-000000000001',
        agent_id: 'agent-1',
        fingerprint: fingerprint('a'),
        kind: 'merge',
        other_fingerprint: fingerprint('b'),
        value: '',
        author: 'queen',
        reason: 'the same outage',
        evolution_id: '',
      },
    ]);
  });

  test('is known by its attributes, also where it names an evolution', () => {
    const resolve = {
      ...MERGE,
      'group.event.kind': 'resolve',
      'group.event.other_fingerprint': '',
      'evolution.id': 'evo-1',
    };
    const { rows } = made(resolve, 'renamed by a pipeline');
    expect(rows.evolutions).toEqual([]);
    expect(rows.group_events).toMatchObject([{ kind: 'resolve', evolution_id: 'evo-1' }]);
    expect(isKept(keyFlags('group.event.id'), 'agents')).toBe(true);
    expect(isKept(nameFlags('change_group agent-1'), 'agents')).toBe(true);
    expect(isKept(nameFlags('change_groups'), 'agents')).toBe(false);
  });

  test('holds no secret', () => {
    const { rows } = made({
      ...MERGE,
      'group.event.kind': 'note',
      'group.event.value': 'ask ada@example.com',
      'group.event.author': 'ada@example.com',
    });
    expect(JSON.stringify(rows.group_events)).not.toContain('ada@');
  });

  test.each<[string, Attributes]>([
    ['group.event.id', { 'group.event.id': '17' }],
    ['group.event.kind', { 'group.event.kind': 'close' }],
    ['group.event.fingerprint', { 'group.event.fingerprint': 'v1:x' }],
    ['group.event.fingerprint', { 'group.event.fingerprint': 7 }],
    ['group.event.other_fingerprint', { 'group.event.other_fingerprint': '' }],
    ['group.event.other_fingerprint', { 'group.event.other_fingerprint': fingerprint('a') }],
    ['group.event.value', { 'group.event.kind': 'annotate', 'group.event.value': 'bad luck' }],
    ['group.event.value', { 'group.event.kind': 'note' }],
  ])('with a wrong %s is refused, naming it', (name, wrong) => {
    const { rows, rejection } = made({ ...MERGE, ...wrong });
    expect(rejection).toMatch(`span ${SPAN}: ${name}: `);
    expect(Object.values(rows).flat()).toEqual([]);
  });

  test('is emitted with what is known of it, and cut to its bound', () => {
    const at = new Date('2026-11-01T10:00:00Z');
    const [span] = recordSpans((tracer) => {
      recordGroupEvent(
        {
          agentId: 'agent-1',
          kind: 'note',
          fingerprint: fingerprint('a'),
          value: 'x'.repeat(10_000),
          at,
        },
        tracer,
      );
    });
    expect(span).toMatchObject({
      name: 'change_group agent-1',
      attributes: { 'group.event.kind': 'note' },
    });
    expect(span!.attributes['group.event.id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(Buffer.byteLength(String(span!.attributes['group.event.value']))).toBe(4096);
    expect(span!.attributes).not.toHaveProperty('group.event.reason');
    expect(() => recordGroupEvent({ agentId: '', kind: 'split', fingerprint: 'f' })).toThrow(
      /recordGroupEvent: agentId/,
    );
  });
});

// Failed spans that are not kept, by service and name: counted, bounded, harmless.
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { KeepPolicy } from '../../../collector/decode/flags.ts';
import {
  MOST_NAMES,
  MOST_SERVICES,
  SkippedFailureCounts,
} from '../../../collector/receive/skipped-failures.ts';
import { TraceService } from '../../../collector/receive/traces.ts';
import { checkSkipped } from '../../../deploy/doctor/doctor.ts';
import { MemorySink } from '../../support/memory-sink.ts';
import { encodeRequest } from '../decode/otlp-proto.ts';

interface Sent {
  name: string;
  code?: number;
  attributes?: object[];
}

const text = (key: string, value: string) => ({ key, value: { stringValue: value } });

type Encoding = 'json' | 'protobuf';

function id(bytes: number, encoding: Encoding): string | Buffer {
  const random = randomBytes(bytes);
  return encoding === 'json' ? random.toString('hex') : random;
}

function request(encoding: Encoding, service: string, spans: Sent[], more: object[] = []) {
  return {
    resourceSpans: [
      {
        scopeSpans: [
          {
            spans: spans.map(({ name, code = 2, attributes = [] }) => ({
              traceId: id(16, encoding),
              spanId: id(8, encoding),
              name,
              status: { code },
              attributes,
            })),
          },
        ],
        resource: { attributes: [text('service.name', service), ...more] },
      },
    ],
  };
}

async function skippedOf(sent: object, encoding: Encoding, keep: KeepPolicy = 'agents') {
  const service = new TraceService(new MemorySink(), keep);
  const body = encoding === 'json' ? Buffer.from(JSON.stringify(sent)) : encodeRequest(sent);
  const { rejected } = await service.accept(body, encoding);
  expect(rejected).toBe(0);
  return service.stats().skippedFailures;
}

describe.each(['json', 'protobuf'] as const)('in %s', (encoding) => {
  test('failed spans alone are counted, the most frequent first', async () => {
    const spans = [
      { name: 'GET /', code: 1 },
      { name: 'one' },
      { name: 'executor' },
      { name: 'executor' },
      { name: 'chat', attributes: [text('gen_ai.operation.name', 'chat')] },
    ];
    expect(await skippedOf(request(encoding, 'flow', spans), encoding)).toEqual([
      { service: 'flow', span: 'executor', count: 2 },
      { service: 'flow', span: 'one', count: 1 },
    ]);
    expect(await skippedOf(request(encoding, 'flow', spans), encoding, 'all-errors')).toEqual([]);
  });

  test('spans of replays are not', async () => {
    const replay = [text('faultline.replay', 'batch')];
    expect(await skippedOf(request(encoding, 'flow', [{ name: 'one' }], replay), encoding)).toEqual(
      [],
    );
  });

  test('names are cut, and lose secrets and what cannot be shown', async () => {
    const spans = [
      { name: `a\u001b[31m\n\u202e${'x'.repeat(5000)}` },
      { name: 'mail ann@example.org' },
    ];
    const names = (await skippedOf(request(encoding, 'flow', spans), encoding)).map(
      ({ span }) => span,
    );
    expect(names[0]).toMatch(/^a\uFFFD\[31m\uFFFD\uFFFDx{20,80}$/u);
    expect(names[0]!.length).toBeLessThanOrEqual(80);
    expect(names[1]).not.toContain('example.org');
  });
});

describe('a resource that cannot be read', () => {
  const spans = [{ name: 'executor' }];
  const counted = [{ service: '', span: 'executor', count: 1 }];

  test('in json', async () => {
    const { resourceSpans } = request('json', 'flow', spans);
    const sent = { resourceSpans: [{ ...resourceSpans[0]!, resource: { attributes: 7 } }] };
    expect(await skippedOf(sent, 'json')).toEqual(counted);
  });

  test('in protobuf', async () => {
    const [group] = request('protobuf', 'flow', spans).resourceSpans;
    const whole = encodeRequest({ resourceSpans: [{ ...group, resource: undefined }] });
    // The length of the resource's only attribute is beyond its end.
    const broken = Buffer.from([0x0a, 0x02, 0x0a, 0x05]);
    const body = Buffer.concat([broken, whole.subarray(2)]);
    const service = new TraceService(new MemorySink(), 'agents');
    await service.accept(Buffer.concat([Buffer.from([0x0a, body.length]), body]), 'protobuf');
    expect(service.stats().skippedFailures).toEqual(counted);
  });
});

test('services and names are bounded, and nothing is lost', () => {
  const counts = new SkippedFailureCounts();
  for (let i = 0; i < 100; i++) {
    for (let j = 0; j < 100; j++) counts.add(`s${i}`, `n${j}`);
  }
  const list = counts.list();
  expect(list.length).toBe(MOST_SERVICES * (MOST_NAMES + 1) + 1);
  expect(list.reduce((sum, { count }) => sum + count, 0)).toBe(10_000);
  expect(list[0]).toEqual({ service: 'other', span: 'other', count: 8_000 });
});

test('the doctor names the service with most of them', () => {
  const metric = 'faultline_failed_spans_skipped_total';
  const lines = [
    `${metric}{service="a",span="x"} 3`,
    `${metric}{service="say \\"b\\"",span="executor.process"} 400`,
    `${metric}{service="say \\"b\\"",span="C:\\\\"} 12`,
  ];
  expect(checkSkipped(lines.join('\n'))).toMatchObject([
    {
      status: 'warn',
      detail: '412 failed spans of service `say "b"` were skipped, e.g. `executor.process`',
    },
  ]);
  expect(checkSkipped('')).toEqual([]);
});

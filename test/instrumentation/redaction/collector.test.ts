import { createHash } from 'node:crypto';
import type { Attributes } from '@opentelemetry/api';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Span, Value } from '../../../collector/decode/span.ts';
import { type Secrets, STANDARD_SECRETS } from '../../../collector/materialize/field-redactor.ts';
import { toRows } from '../../../collector/materialize/to-rows.ts';
import { TraceService } from '../../../collector/receive/traces.ts';
import { MemorySink } from '../../support/memory-sink.ts';
import { failNode, NODE_ATTRIBUTES, recordSpans, toProtobuf } from '../../support/sdk-spans.ts';
import { NAMED, OPEN_TEXTS, random, SECRET_TEXTS } from './table.ts';

let sink: MemorySink;
let traces: TraceService;
beforeEach(() => {
  sink = new MemorySink();
  traces = new TraceService(sink, 'agents');
});

/** The row of a failed node whose span comes as OTLP. */
async function rowOf(
  attributes: Attributes,
  message = 'it broke',
  service?: Record<string, string>,
) {
  const spans = recordSpans(
    (tracer) =>
      failNode(
        tracer,
        { 'exception.message': message, 'exception.stacktrace': '', ...attributes },
        '',
      ),
    service as never,
  );
  await traces.accept(toProtobuf(spans), 'protobuf');
  expect(sink.rows.failures).toHaveLength(1);
  return sink.rows.failures[0]!;
}

// A surrogate that stands alone cannot be sent as UTF-8.
const sent = (text: string): string => text.replace(/\p{Surrogate}/gu, '\ufffd');

describe('the table', () => {
  test.each(SECRET_TEXTS)('in a message: $what', async ({ given, expected, counts }) => {
    const row = await rowOf({}, given);
    expect(row.error_message).toBe(expected);
    expect(row.redactions).toEqual(counts);
  });

  test.each(SECRET_TEXTS)('in JSON text: $what', async ({ given, expected, counts }) => {
    const row = await rowOf({ 'failure.input': JSON.stringify({ text: given }) });
    expect(JSON.parse(row.input_context)).toEqual({ text: expected });
    expect(row.redactions).toEqual(counts);
  });

  test.each(SECRET_TEXTS)('in an attribute: $what', async ({ given, expected, counts }) => {
    const row = await rowOf({ 'app.note': given });
    expect(row.attributes['app.note']).toBe(expected);
    expect(row.redactions).toEqual(counts);
  });

  test.each(OPEN_TEXTS.filter((text) => text !== ''))('untouched: %s', async (text) => {
    const row = await rowOf({ 'app.note': text, 'failure.input': JSON.stringify([text]) }, text);
    expect(row.error_message).toBe(sent(text));
    expect(row.attributes['app.note']).toBe(sent(text));
    expect(row.input_context).toBe(JSON.stringify([text]));
    expect(row.redactions).toEqual({});
  });

  test.each(NAMED)('an attribute named %s is %s', async (key, kind) => {
    const row = await rowOf({ [`my.${key}`]: 'open sesame' });
    expect(row.attributes[`my.${key}`]).toBe(kind === '' ? 'open sesame' : `[redacted:${kind}]`);
    expect(row.redactions).toEqual(kind === '' ? {} : { [kind]: 1 });
  });
});

const SECRET = 'joe@corp.com';

test('no column keeps a secret, whatever it was sent as', async () => {
  const kept = ['graph.node.attempt', 'graph.snapshot.ref'];
  const all = Object.keys(NODE_ATTRIBUTES).filter((key) => !kept.includes(key));
  const keys = [...all, 'error.type', 'exception.type', 'exception.stacktrace', 'graph.node.name'];
  const texts = ['graph.node.type', 'failure.condition', 'failure.input', 'failure.state'];
  const more = ['failure.evidence', 'failure.input.digest', 'failure.class', 'graph.snapshot.ref'];
  const attributes = Object.fromEntries(
    [...keys, ...texts, ...more, SECRET].map((key) => [key, `x ${SECRET}`]),
  );
  const row = await rowOf(
    { ...attributes, 'failure.truncated': [SECRET], 'failure.redactions': `{"${SECRET}":1}` },
    SECRET,
    { 'service.name': SECRET, 'deployment.environment.name': SECRET, [SECRET]: SECRET },
  );
  expect(JSON.stringify(sink.rows)).not.toContain('corp');
  expect(row.redactions.email).toBeGreaterThan(20);
});

test('what the executor removed is counted once and stays', async () => {
  const row = await rowOf(
    {
      'failure.redactions': '{"email":2,"token":1}',
      'failure.input': '{"token":"[redacted:token]"}',
    },
    `[redacted:email] wrote to ${SECRET}`,
  );
  expect(row.redactions).toEqual({ email: 3, token: 1 });
  expect(row.attributes).not.toHaveProperty('failure.redactions');
});

describe('ids', () => {
  test('different ids stay different, the same stays the same', async () => {
    const ids = [SECRET, 'ann@corp.com', SECRET];
    for (const id of ids) {
      sink.rows.failures.length = 0;
      await rowOf({ 'gen_ai.conversation.id': id, 'graph.node.id': 'a' });
      ids.push(sink.rows.failures[0]!.session_id);
      if (ids.length === 6) break;
    }
    const stored = ids.slice(3);
    expect(stored[0]).toMatch(/^\[redacted:email\]~[0-9a-f]{8}$/);
    expect(stored[1]).not.toBe(stored[0]);
    expect(stored[2]).toBe(stored[0]);
  });

  test('an id that was redacted before stays as it is', async () => {
    const id = '[redacted:email]~1a2b3c4d';
    expect((await rowOf({ 'gen_ai.conversation.id': id })).session_id).toBe(id);
  });
});

const SPAN: Span = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  parentSpanId: '',
  name: 'execute_node n',
  kind: 1,
  startNs: 0n,
  endNs: 0n,
  flags: 0,
  statusCode: 2,
  statusMessage: '',
  attributes: new Map(),
  events: [],
  links: [],
};

function made(attributes: Record<string, Value>, over: Partial<Span> = {}, secrets?: Secrets) {
  const span = { ...SPAN, attributes: new Map(Object.entries(attributes)), ...over };
  const resource = { attributes: new Map<string, Value>([['service.name', 's']]) };
  return toRows(resource, { name: '', version: '' }, span, 1n, secrets);
}

describe('bounds', () => {
  const bound = 16_384;

  test.each([1, 4, 8, 15, 40])('a key that is cut after %i characters is not seen', (into) => {
    const text = `${'x'.repeat(bound - into - 1)} sk-ant-${random(60)} tail`;
    const row = made({ 'exception.message': text }).rows.failures[0]!;
    expect(row.error_message).not.toContain('sk-');
    expect(Buffer.byteLength(row.error_message)).toBeLessThanOrEqual(bound);
    expect(row.truncated).toEqual(['exception.message']);
    expect(row.redactions).toEqual({ api_key: 1 });
  });

  test('60 MB under one attribute', () => {
    const row = made({
      'exception.message': `${SECRET} `.repeat(4_600_000),
      note: SECRET.repeat(5e6),
    }).rows.failures[0]!;
    expect(row.error_message).not.toContain('corp');
    expect(row.attributes.note).not.toContain('corp');
    expect(Buffer.byteLength(row.error_message)).toBeLessThanOrEqual(bound);
  });
});

describe('snapshots and evolutions', () => {
  const body = `{"id":"g","nodes":[{"api_key":"k","id":"${SECRET}"},{"id":"b"}],"edges":[{"source":"${SECRET}","target":"b"}]}`;
  const ref = `sha256:${createHash('sha256').update(body).digest('hex')}`;

  test('a body keeps the ref it was sent under, and its nodes the ids that failures have', () => {
    const event = {
      name: 'graph.snapshot',
      timeNs: 0n,
      attributes: new Map([
        ['graph.snapshot.ref', ref],
        ['graph.snapshot.body', body],
      ]),
    };
    const { rows, redactions } = made({ 'graph.node.id': SECRET }, { events: [event] });
    const [snapshot] = rows.graph_snapshots;
    expect(snapshot!.ref).toBe(ref);
    expect(JSON.parse(snapshot!.body)).toMatchObject({
      nodes: [{ api_key: '[redacted:api_key]', id: '[redacted:email]' }, { id: 'b' }],
    });
    const node = rows.failures[0]!.node_id;
    expect(snapshot!.nodes).toEqual([node, 'b']);
    expect(snapshot!.edges).toEqual([`${node}->b`]);
    expect(rows.node_attempts[0]!.node_id).toBe(node);
    expect(rows.failures[0]!.redactions).toEqual({ email: 1 });
    // The body has two, the nodes and edges two, the node id of the span one.
    expect(redactions).toEqual({ email: 5, api_key: 1 });
  });

  test('the words of an evolution', () => {
    const { rows, redactions } = made(
      {
        'gen_ai.agent.id': 'a',
        'evolution.id': 'e',
        'evolution.trigger': 'human',
        'evolution.status': 'applied',
        'evolution.resolution': `asked ${SECRET}`,
        'evolution.rationale': 'password=hunter2',
        'evolution.author': SECRET,
        'evolution.target.fingerprints': ['v1:a', SECRET],
      },
      { name: 'evolve_graph a', statusCode: 0 },
    );
    expect(rows.evolutions[0]).toMatchObject({
      resolution: 'asked [redacted:email]',
      rationale: 'password=[redacted:password]',
      author: expect.stringMatching(/^\[redacted:email\]~/),
      target_fingerprints: ['v1:a', '[redacted:email]'],
    });
    expect(redactions).toEqual({ email: 3, password: 1 });
  });

  test('a refusal quotes no secret', () => {
    const { rejection } = made(
      {
        'gen_ai.agent.id': 'a',
        'evolution.id': 'e',
        'evolution.trigger': 'human',
        'evolution.status': 'applied',
        'evolution.resolution': 'x',
        'evolution.target.failures': [SECRET],
      },
      { name: 'evolve_graph a', statusCode: 0 },
    );
    expect(rejection).toContain('expected UUIDs, got "[redacted:email]"');
  });
});

test('a field whose redaction fails is dropped, counted and reported', () => {
  const secrets: Secrets = {
    text: (text, counts, limit) => {
      if (text.includes('boom')) throw new Error(text);
      return STANDARD_SECRETS.text(text, counts, limit);
    },
    kindUnder: (key, text) => STANDARD_SECRETS.kindUnder(key, text),
    mark: (kind, counts) => STANDARD_SECRETS.mark(kind, counts),
  };
  const { rows, warnings, redactions } = made(
    { 'failure.input': 'boom', note: 'boom', 'exception.message': SECRET },
    {},
    secrets,
  );
  const [row] = rows.failures;
  expect(row).toMatchObject({
    input_context: '[redaction failed]',
    error_message: '[redacted:email]',
    redactions: { redaction_failed: 2, email: 1 },
  });
  expect(row!.attributes.note).toBe('[redaction failed]');
  expect(redactions).toEqual({ redaction_failed: 2, email: 1 });
  expect(warnings).toEqual([
    `span ${SPAN.spanId}: the redaction of failure.input failed: it was dropped`,
    `span ${SPAN.spanId}: the redaction of note failed: it was dropped`,
  ]);
});

// Cases for the readers and what has to hold for each: no error but DecodeError, no hang, nothing kept
// that a full decode would not give, nothing refused that a full decode takes, no prototype changed.
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import type { KeepPolicy } from '../../../collector/decode/flags.ts';
import { readJson } from '../../../collector/decode/json.ts';
import { readJsonLogs } from '../../../collector/decode/json-logs.ts';
import { readProtobuf } from '../../../collector/decode/protobuf.ts';
import { readProtobufLogs } from '../../../collector/decode/protobuf-logs.ts';
import { DecodeError, type ReadResult, type Visit } from '../../../collector/decode/span.ts';
import { atOnce } from '../../../collector/decode/turns.ts';
import { anyLogsRequest } from '../../support/log-requests.ts';
import { anyRequest } from '../../support/requests.ts';
import { failNode, plainSpan, recordSpans, toProtobuf } from '../../support/sdk-spans.ts';
import { decodeFully, decodeLogsFully } from './full-decode.ts';
import { HOSTILE_KEYS, mutate, STEPS } from './fuzz-mutate.ts';
import { type Expected, expectedRecords, expectedSpans } from './fuzz-oracle.ts';
import { ExportRequest, encodeLogs, encodeRequest, LogsRequest } from './otlp-proto.ts';

type Signal = 'traces' | 'logs';

export interface Case {
  signal: Signal;
  encoding: 'protobuf' | 'json';
  policy: KeepPolicy;
  body: Buffer;
}

/** Milliseconds that no case takes; only a hang gets there. */
const LONGEST_CASE_MS = 10_000;

/** @throws what does not hold */
export function check(one: Case): void {
  const started = performance.now();
  const { items, error } = read(one);
  if (error !== undefined && !(error instanceof DecodeError)) {
    throw new Error('the reader threw something else than DecodeError', { cause: error });
  }
  if (one.encoding === 'protobuf') checkProtobuf(one, items, error);
  else if (items) checkJson(one, items);
  if (performance.now() - started > LONGEST_CASE_MS) throw new Error('the reader takes too long');
  if (Object.keys(Object.prototype).length > 0 || 'polluted' in {}) {
    throw new Error('a prototype was changed');
  }
}

type Item = { traceId: string; spanId: string };

function read({ signal, encoding, policy, body }: Case) {
  const items: Expected<Item>[] = [];
  const visit: Visit<Item> = (resource, scope, item) =>
    items.push({ resource: resource.attributes, scope, item });
  try {
    let result: ReadResult;
    if (signal === 'traces')
      result = atOnce((encoding === 'json' ? readJson : readProtobuf)(body, policy, visit));
    else result = atOnce((encoding === 'json' ? readJsonLogs : readProtobufLogs)(body, visit));
    if (result.kept !== items.length)
      throw new Error(`kept is ${result.kept}, not ${items.length}`);
    return { items, error: undefined };
  } catch (error) {
    return { items: undefined, error };
  }
}

function checkProtobuf(one: Case, items: Expected<Item>[] | undefined, error: unknown): void {
  const { signal, policy, body } = one;
  if (items === undefined) {
    if (takenByFullDecode(one) && !isStricter((error as Error).message)) {
      throw new Error('a full decode takes what the reader refuses', { cause: error });
    }
    return;
  }
  const expected = signal === 'traces' ? expectedSpans(body, policy) : expectedRecords(body);
  if (!isDeepStrictEqual(items, expected)) {
    throw new Error(
      `a full decode gives others:\n${show(expected)}\nthan the reader:\n${show(items)}`,
    );
  }
}

function takenByFullDecode({ signal, body }: Case): boolean {
  try {
    if (signal === 'traces') decodeFully(body);
    else decodeLogsFully(body);
    return true;
  } catch {
    return false;
  }
}

/**
 * Groups went out of protobuf before OTLP began, and protobufjs skips numbers of any length, although
 * protobuf ends them at ten bytes.
 */
function isStricter(message: string): boolean {
  return /unknown wire type [34]|varint not more than 10 bytes/.test(message);
}

/** Each kept item is one of those that stand in the JSON. */
function checkJson({ body, signal }: Case, items: Expected<Item>[]): void {
  const [groups, scopes, list] =
    signal === 'traces'
      ? ['resourceSpans', 'scopeSpans', 'spans']
      : ['resourceLogs', 'scopeLogs', 'logRecords'];
  const there = new Map<string, number>();
  // biome-ignore lint/suspicious/noExplicitAny: JSON of any shape
  const request = JSON.parse(body.toString('utf8')) as any;
  for (const group of request[groups!] ?? []) {
    for (const scope of group[scopes!] ?? []) {
      for (const item of scope[list!] ?? []) {
        const name = `${item.traceId}/${item.spanId}`.toLowerCase();
        there.set(name, (there.get(name) ?? 0) + 1);
      }
    }
  }
  for (const { item } of items) {
    const name = `${item.traceId}/${item.spanId}`;
    const left = there.get(name) ?? 0;
    if (left === 0 || !/^[0-9a-f]{32}\/[0-9a-f]{16}$/.test(name)) {
      throw new Error(`the reader gives ${name}, which the JSON does not have`);
    }
    there.set(name, left - 1);
  }
}

function show(value: unknown): string {
  const plain = (_key: string, inner: unknown): unknown => {
    if (inner instanceof Map) return [...inner];
    return typeof inner === 'bigint' ? `${inner}n` : inner;
  };
  return JSON.stringify(value, plain).slice(0, 2000);
}

// Real requests to begin with: what the SDK writes, and some of every shape.
const ofSdk = toProtobuf(
  recordSpans((tracer) => {
    for (let index = 0; index < 3; index++) plainSpan(tracer);
    failNode(tracer, { list: ['a', 'b'], ratio: 0.5, flag: true, 'graph.node.visit': 2 });
  }),
);
const samples = { numRuns: 200, seed: 1 };
const isSmall = ({ length }: Buffer): boolean => length > 0 && length < 1000;
const bases: Record<Signal, Buffer[]> = {
  traces: [ofSdk, ...fc.sample(anyRequest, samples).map(encodeRequest).filter(isSmall)],
  logs: fc.sample(anyLogsRequest, samples).map(encodeLogs).filter(isSmall),
};
const types = { traces: ExportRequest, logs: LogsRequest };
const jsonBases: Record<Signal, string[]> = {
  traces: bases.traces.map((body) => jsonOf(body, 'traces')),
  logs: bases.logs.map((body) => jsonOf(body, 'logs')),
};

/** In OTLP's mapping: ids as hex, all other bytes as base64. */
function jsonOf(body: Buffer, signal: Signal): string {
  const options = { longs: String, bytes: Buffer };
  const form = types[signal].toObject(types[signal].decode(body), options as never);
  return JSON.stringify(form, function (this: Record<string, unknown>, key, value) {
    const raw = this[key];
    if (Buffer.isBuffer(raw)) return raw.toString(/[sS]panId|traceId/.test(key) ? 'hex' : 'base64');
    return value;
  });
}

const signal = fc.constantFrom<Signal>('traces', 'traces', 'logs');
const policy = fc.constantFrom<KeepPolicy>('agents', 'all-errors');
const number = fc.nat({ max: 2 ** 30 });

const step = fc.record({
  kind: fc.constantFrom(...STEPS),
  at: number,
  with: number,
  bytes: fc.uint8Array({ maxLength: 12 }),
});

const mutated = fc
  .tuple(signal, policy, number, fc.array(step, { minLength: 1, maxLength: 4 }))
  .map(([signal, policy, base, steps]): Case => {
    const body = mutate(bases[signal][base % bases[signal].length]!, types[signal], steps);
    return { signal, encoding: 'protobuf', policy, body };
  });

const randomBytes = fc
  .tuple(
    signal,
    policy,
    fc.constantFrom<Case['encoding']>('protobuf', 'json'),
    fc.uint8Array({ maxLength: 200 }),
  )
  .map(([signal, policy, encoding, bytes]): Case => {
    return { signal, policy, encoding, body: Buffer.from(bytes) };
  });

const HOSTILE_JSON = [
  'null',
  '1e400',
  '-1',
  '"NaN"',
  '[]',
  '{}',
  '[null]',
  '18446744073709551616',
  '"\\ud800"',
  '{"__proto__":{"polluted":1}}',
  `${'['.repeat(3000)}${']'.repeat(3000)}`,
  `${'{"arrayValue":{"values":['.repeat(300)}${']}}'.repeat(300)}`,
  `[{"key":"${'x'.repeat(3000)}","value":{"intValue":"9223372036854775808"}}]`,
  ...HOSTILE_KEYS.map(
    (key) => `[{"key":${JSON.stringify(key)},"value":{"stringValue":"polluted"}}]`,
  ),
];

/** A value of the text, with what stands there, gives way to another. */
const mutatedJson = fc
  .tuple(
    signal,
    policy,
    number,
    fc.array(fc.tuple(fc.constantFrom('value', 'name', 'flip', 'cut'), number, number), {
      minLength: 1,
      maxLength: 3,
    }),
  )
  .map(([signal, policy, base, changes]): Case => {
    let text = jsonBases[signal][base % jsonBases[signal].length]!;
    for (const [kind, at, pick] of changes) text = changeJson(text, kind, at, pick);
    return { signal, encoding: 'json', policy, body: Buffer.from(text, 'latin1') };
  });

function changeJson(text: string, kind: string, at: number, pick: number): string {
  const here = text.length === 0 ? 0 : at % text.length;
  if (kind === 'flip') {
    return `${text.slice(0, here)}${String.fromCharCode(pick % 256)}${text.slice(here + 1)}`;
  }
  if (kind === 'cut') return `${text.slice(0, here)}${text.slice(here + (pick % 30))}`;
  const found = kind === 'name' ? /"[a-zA-Z]+":/g : /:("[^"\\]*"|[\d.]+|true|false|\[\]|\{\})/g;
  found.lastIndex = here;
  const match = found.exec(text);
  if (match === null) return text;
  const next =
    kind === 'name'
      ? `${JSON.stringify(HOSTILE_KEYS[pick % HOSTILE_KEYS.length])}:`
      : `:${HOSTILE_JSON[pick % HOSTILE_JSON.length]}`;
  return `${text.slice(0, match.index)}${next}${text.slice(match.index + match[0].length)}`;
}

/** Requests of any shape, as they are: both readers give what a full decode gives. */
const whole = fc
  .tuple(
    fc.oneof(
      anyRequest.map(encodeRequest).map((body) => ['traces', body] as const),
      anyLogsRequest.map(encodeLogs).map((body) => ['logs', body] as const),
    ),
    policy,
  )
  .map(([[signal, body], policy]): Case => ({ signal, policy, encoding: 'protobuf', body }));

/** Any case. */
export const cases: fc.Arbitrary<Case> = fc.oneof(
  { weight: 12, arbitrary: mutated },
  { weight: 4, arbitrary: mutatedJson },
  { weight: 3, arbitrary: randomBytes },
  { weight: 1, arbitrary: whole },
);

/** Tries so many cases. @throws with the seed and the case that does not hold */
export function fuzz(runs: number, seed: number): void {
  fc.assert(fc.property(cases, check), { numRuns: runs, seed });
}

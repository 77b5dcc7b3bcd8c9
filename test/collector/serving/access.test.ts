import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request as plainRequest } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { pino } from 'pino';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { type DoorOptions, type Doors, openDoors } from '../../../collector/receive/doors.ts';
import { TraceService } from '../../../collector/receive/traces.ts';
import { historyAccess, TokenSet } from '../../../collector/serving/tokens.ts';
import { readTls } from '../../../deploy/tls.ts';
import { MemorySink } from '../../support/memory-sink.ts';
import { failNode, recordSpans, toProtobuf } from '../../support/sdk-spans.ts';

const PROTOBUF = 'application/x-protobuf';
const body = toProtobuf(recordSpans((tracer) => failNode(tracer)));

let sink: MemorySink;
let doors: Doors | undefined;

async function open(more: Partial<DoorOptions>): Promise<Doors> {
  sink = new MemorySink();
  doors = await make(more);
  return doors;
}

function make(more: Partial<DoorOptions>): Promise<Doors> {
  return openDoors(
    {
      host: '127.0.0.1',
      otlpHttpPort: 0,
      otlpGrpcPort: 0,
      maxBodyMib: 1,
      logger: pino({ level: 'silent' }),
      ...more,
    },
    [new TraceService(sink, 'agents')],
    async () => undefined,
  );
}

afterEach(async () => {
  await doors?.close();
  doors = undefined;
});

describe('tokens', () => {
  test.each([
    ['Bearer one', true],
    ['bearer two', true],
    ['Bearer  two', true],
    ['Bearer three', false],
    ['Bearer on', false],
    ['Bearer one two', false],
    ['Basic one', false],
    ['one', false],
    ['Bearer ', false],
    ['', false],
    [undefined, false],
  ])('%j: %s', (header, known) => {
    expect(new TokenSet(['one', 'two']).has(header)).toBe(known);
  });

  test.each([
    [[], [], undefined, 'granted', 'granted'],
    [['q'], [], 'q', 'granted', 'granted'],
    [['q'], [], undefined, 'unauthenticated', 'unauthenticated'],
    [[], ['a'], undefined, 'granted', 'unauthenticated'],
    [['q'], ['a'], 'q', 'granted', 'forbidden'],
    [['q'], ['a'], 'a', 'granted', 'granted'],
    [['q'], ['a'], 'x', 'unauthenticated', 'unauthenticated'],
  ])('query %j, admin %j, given %s: read %s, change %s', (query, admin, given, read, change) => {
    const access = historyAccess(query, admin);
    const header = given && `Bearer ${given}`;
    expect([access.read(header), access.administer(header)]).toEqual([read, change]);
  });

  test.each([
    [PROTOBUF, undefined],
    ['application/json', 'Bearer wrong'],
  ])('OTLP/HTTP without a right one: 401 before anything else (%s)', async (type, token) => {
    const { url } = await open({ ingestTokens: ['right'] });
    const send = (authorization: string | undefined, bytes = body) =>
      fetch(`${url}/v1/traces`, {
        method: 'POST',
        body: new Uint8Array(bytes),
        headers: { 'content-type': type, ...(authorization && { authorization }) },
      });
    const answer = await send(token);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="faultline"');
    expect(answer.headers.get('content-type')).toBe(type);
    const bytes = Buffer.from(await answer.arrayBuffer());
    expect(type === PROTOBUF ? bytes[1] : JSON.parse(bytes.toString()).code).toBe(16);
    const good = type === PROTOBUF ? body : Buffer.from('{}');
    expect((await send('Bearer right', good)).status).toBe(200);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  });
});

describe('spans that change the history', () => {
  const evolution = {
    name: 'evolve_graph a',
    attributes: {
      'gen_ai.agent.id': 'a',
      'evolution.id': 'e-1',
      'evolution.trigger': 'human',
      'evolution.status': 'applied',
      'evolution.resolution': 'retry twice',
    },
  };
  const change = {
    name: 'change_group a',
    attributes: {
      'gen_ai.agent.id': 'a',
      'group.event.id': '00000000-0000-4000-8000-000000000001',
      'group.event.kind': 'ignore',
      'group.event.fingerprint': `v1:${'0'.repeat(32)}`,
      'group.event.author': 'sender',
    },
  };
  const mixed = toProtobuf(
    recordSpans((tracer) => {
      failNode(tracer);
      for (const { name, attributes } of [evolution, change]) {
        tracer.startSpan(name, { attributes }).end();
      }
    }),
  );
  const counts = () => [
    sink.rows.failures.length,
    sink.rows.evolutions.length,
    sink.rows.group_events.length,
  ];

  test.each([
    ['an ingest token, with admin tokens', ['i'], [], ['a'], 'i', false],
    ['an ingest token, with query tokens only', ['i'], ['q'], [], 'i', false],
    ['an ingest token, where everyone may change', ['i'], [], [], 'i', true],
    ['the admin token', ['i'], ['q'], ['a'], 'a', true],
    ['the query token, without admin tokens', ['i'], ['q'], [], 'q', true],
    ['no token, where everyone may send', [], [], ['a'], undefined, false],
    ['the admin token, where everyone may send', [], [], ['a'], 'a', true],
  ])('%s', async (_name, ingestTokens, query, admin, token, isTaken) => {
    const { url, grpcPort } = await open({ ingestTokens, access: historyAccess(query, admin) });
    const authorization = token && `Bearer ${token}`;
    const answer = await fetch(`${url}/v1/traces`, {
      method: 'POST',
      body: new Uint8Array(mixed),
      headers: { 'content-type': PROTOBUF, ...(authorization && { authorization }) },
    });
    expect(answer.status).toBe(200);
    expect(counts()).toEqual(isTaken ? [1, 1, 1] : [1, 0, 0]);
    const response = Buffer.from(await answer.arrayBuffer()).toString();
    expect(response.includes('need the token that POST /evolutions needs')).toBe(!isTaken);
    await callGrpc(grpcPort!, mixed, authorization);
    expect(counts()).toEqual(isTaken ? [2, 2, 2] : [2, 0, 0]);
  });

  test('a query token does not send where admin tokens are', async () => {
    const { url } = await open({ ingestTokens: ['i'], access: historyAccess(['q'], ['a']) });
    const headers = { 'content-type': PROTOBUF, authorization: 'Bearer q' };
    const answer = await fetch(`${url}/v1/traces`, { method: 'POST', headers });
    expect(answer.status).toBe(401);
  });

  test('the process itself records for those who may', async () => {
    const { private: inside } = await open({ access: historyAccess([], ['a']) });
    await fetch(`${inside.url}/v1/traces`, {
      method: 'POST',
      body: new Uint8Array(mixed),
      headers: { 'content-type': PROTOBUF, ...inside.headers },
    });
    expect(counts()).toEqual([1, 1, 1]);
  });
});

describe('pages of others at the OTLP port', () => {
  const statusFor = (url: string, headers: Record<string, string>): Promise<number> =>
    new Promise((resolve, reject) => {
      const options = { method: 'POST', headers: { 'content-type': PROTOBUF, ...headers } };
      plainRequest(`${url}/v1/traces`, options, (response) => {
        response.resume();
        resolve(response.statusCode!);
      })
        .on('error', reject)
        .end(body);
    });

  test.each([
    ['a name that was rebound', { host: 'evil.example:4318' }, 403],
    ['its page', { host: 'evil.example', origin: 'http://evil.example' }, 403],
    ['a page of another site', { origin: 'https://evil.example' }, 403],
    ['a name of this machine', { host: 'localhost:4318' }, 200],
    ['its IPv6 address', { host: '[::1]:4318' }, 200],
    ['a container on this machine', { host: 'host.docker.internal:4318' }, 200],
    ['an exporter', {}, 200],
  ])('%s: %j is answered with %d', async (_name, headers, status) => {
    const { url } = await open({});
    expect(await statusFor(url, headers as Record<string, string>)).toBe(status);
    expect(sink.rows.failures).toHaveLength(status === 200 ? 1 : 0);
  });

  test('any name will do with a token', async () => {
    const { url } = await open({ ingestTokens: ['i'] });
    const own = { host: 'faultline.example', authorization: 'Bearer i' };
    expect(await statusFor(url, own)).toBe(200);
  });
});

/** Sends an Export request of traces. */
function callGrpc(port: number, bytes: Buffer, authorization: string | undefined): Promise<Buffer> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const path = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
  const asItIs = (all: Buffer): Buffer => all;
  const metadata = new Metadata();
  if (authorization !== undefined) metadata.set('authorization', authorization);
  return new Promise<Buffer>((resolve, reject) => {
    client.makeUnaryRequest(path, asItIs, asItIs, bytes, metadata, (error, answer) =>
      error ? reject(error) : resolve(answer!),
    );
  }).finally(() => client.close());
}

test('a gRPC port in use is one clear line', async () => {
  const { grpcPort } = await open({});
  await expect(make({ otlpGrpcPort: grpcPort! })).rejects.toThrow(
    `cannot listen on 127.0.0.1 port ${grpcPort} for OTLP/gRPC: the port is in use; stop what uses it, or give another with --otlp-grpc-port`,
  );
});

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

describe.skipIf(!hasOpenssl)('TLS (skipped without the openssl binary)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-tls-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const at = (name: string): string => join(folder, name);
  const pem = (name: string): string => readFileSync(at(name), 'utf8');

  if (hasOpenssl) {
    certificate('ca', []);
    const signed = ['-CA', at('ca.crt'), '-CAkey', at('ca.key')];
    certificate('server', [...signed, '-addext', 'subjectAltName=IP:127.0.0.1']);
    certificate('client', signed);
    certificate('stranger', []);
  }

  function certificate(name: string, more: string[]): void {
    const made = spawnSync('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...['-subj', `/CN=${name}`, '-days', '2', '-keyout', at(`${name}.key`)],
      ...['-out', at(`${name}.crt`), ...more],
    ]);
    if (made.status !== 0) throw new Error(`openssl: ${made.stderr}`);
  }

  const files = { 'tls-cert': at('server.crt'), 'tls-key': at('server.key') };
  const setUp = (clientCa?: string) => readTls({ ...files, 'tls-client-ca': clientCa });

  function post(url: string, who?: string): Promise<number> {
    const ours = who && { cert: pem(`${who}.crt`), key: pem(`${who}.key`) };
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': PROTOBUF };
      const options = { method: 'POST', ca: pem('ca.crt'), headers, agent: false, ...ours };
      request(`${url}/v1/traces`, options, (response) => {
        response.resume();
        resolve(response.statusCode!);
      })
        .on('error', reject)
        .end(body);
    });
  }

  function call(port: number, who?: string): Promise<Buffer> {
    const pair = who ? [pem(`${who}.key`), pem(`${who}.crt`)].map((text) => Buffer.from(text)) : [];
    const secure = credentials.createSsl(Buffer.from(pem('ca.crt')), ...pair);
    const client = new Client(`127.0.0.1:${port}`, secure);
    const path = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
    const asItIs = (bytes: Buffer): Buffer => bytes;
    return new Promise<Buffer>((resolve, reject) => {
      client.makeUnaryRequest(path, asItIs, asItIs, body, (error, answer) =>
        error ? reject(error) : resolve(answer!),
      );
    }).finally(() => client.close());
  }

  test('HTTP and gRPC with the certificate; nothing in clear text', async () => {
    const { url, port, grpcPort, grpcUrl } = await open({ tls: setUp() });
    expect([url, grpcUrl].map((address) => new URL(address!).protocol)).toEqual([
      'https:',
      'https:',
    ]);
    expect(await post(url)).toBe(200);
    await call(grpcPort!);
    expect(sink.rows.failures).toHaveLength(2);
    await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
  });

  test('mutual TLS: only who shows a certificate of the CA', async () => {
    const { url, grpcPort } = await open({ tls: setUp(at('ca.crt')) });
    await expect(post(url)).rejects.toThrow();
    await expect(post(url, 'stranger')).rejects.toThrow();
    await expect(call(grpcPort!)).rejects.toMatchObject({ code: 14 });
    await expect(call(grpcPort!, 'stranger')).rejects.toMatchObject({ code: 14 });
    expect(sink.rows.failures).toHaveLength(0);
    expect(await post(url, 'client')).toBe(200);
    await call(grpcPort!, 'client');
    expect(sink.rows.failures).toHaveLength(2);
  });

  test('the private door is on loopback and wants its own token', async () => {
    const { private: inside } = await open({ host: '0.0.0.0', tls: setUp(), ingestTokens: ['t'] });
    expect(inside.url).toMatch(/^http:\/\/127\.0\.0\.1:/);
    const send = (headers: Record<string, string>) =>
      fetch(`${inside.url}/v1/traces`, {
        method: 'POST',
        body: new Uint8Array(body),
        headers: { 'content-type': PROTOBUF, ...headers },
      });
    expect((await send(inside.headers)).status).toBe(200);
    expect((await send({ authorization: 'Bearer t' })).status).toBe(401);
  });

  test.each([
    [{ 'tls-cert': '/nowhere.pem' }, /^--tls-cert: .*cannot be read/],
    [{ 'tls-cert': at('server.key') }, /^--tls-cert: .*does not hold a certificate/],
    [{ 'tls-key': at('server.crt') }, /^--tls-key: .*does not hold a private key/],
    [{ 'tls-key': at('client.key') }, /^--tls-key: .*not the key of the certificate/],
    [{ 'tls-client-ca': at('ca.key') }, /^--tls-client-ca: .*does not hold a certificate/],
  ])('%j is refused', (wrong, message) => {
    expect(() => readTls({ ...files, 'tls-client-ca': undefined, ...wrong })).toThrow(message);
  });
});

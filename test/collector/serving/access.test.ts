import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
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

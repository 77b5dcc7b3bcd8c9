// The configurations of proxies in docs/deploy.md and docs/access.md, as they stand there, in nginx and Caddy.
// By hand, with FAULTLINE_BY_HAND=1, where these programs are (Debian's packages nginx-light and caddy).
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { freePorts } from '../../../deploy/demo/cluster/shards-file.ts';
import { failNode, recordSpans, toProtobuf } from '../../support/sdk-spans.ts';
import { TemporaryFolder } from '../../support/temporary-folder.ts';
import { startWorld, type World } from '../../support/world.ts';

const byHand = process.env.FAULTLINE_BY_HAND !== undefined;
/** A program is there and is asked for. @returns what it says of its version, else undefined */
function version(program: string, argument: string): string | undefined {
  if (!byHand) return undefined;
  const { status, stdout, stderr } = spawnSync(program, [argument], { encoding: 'utf8' });
  return status === 0 ? `${stdout}${stderr}` : undefined;
}
const nginx = version('nginx', '-v');
const caddy = version('caddy', 'version');
const folder = new TemporaryFolder('proxies');
let world: World;
let certificate: Buffer;
let running: ChildProcess | undefined;

beforeAll(async () => {
  if (!nginx && !caddy) return;
  const tokens = { 'ingest-token': 'ingest', 'query-token': 'query', 'admin-token': 'admin' };
  world = await startWorld({ ...tokens, 'base-path': '/faultline' });
  const at = await folder.with('.');
  const files = ['-keyout', join(at, 'key.pem'), '-out', join(at, 'cert.pem')];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  execFileSync('openssl', [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '2',
    ...files,
    ...names,
  ]);
  certificate = readFileSync(join(at, 'cert.pem'));
});
afterEach(async () => {
  const child = running;
  running = undefined;
  if (!child || child.exitCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'close');
});
afterAll(async () => {
  await world?.end();
  await folder.remove();
});

/** The blocks of a language on a page of docs. */
function blocksOf(page: string, language: string): string[] {
  const text = readFileSync(new URL(`../../../docs/${page}`, import.meta.url), 'utf8');
  return [...text.matchAll(/```(\w+)\n([\s\S]*?)```/g)].flatMap(([, kind, block]) =>
    kind === language ? [block!] : [],
  );
}

/** With the ports of the service that runs here. */
const atWorld = (text: string): string =>
  text
    .replaceAll('127.0.0.1:4317', new URL(world.otlpGrpc).host)
    .replaceAll('127.0.0.1:4318', new URL(world.otlpHttp).host)
    .replaceAll('127.0.0.1:4320', new URL(world.query).host);

interface Answer {
  status: number | undefined;
  text: string;
}

function ask(
  url: string,
  token: string,
  {
    method = 'GET',
    headers = {},
    body,
  }: { method?: string; headers?: object; body?: Buffer | string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const all = { authorization: `Bearer ${token}`, ...headers };
    const asking = request(url, { method, headers: all, ca: certificate }, async (response) => {
      let text = '';
      for await (const part of response.setEncoding('utf8')) text += part;
      resolve({ status: response.statusCode, text });
    });
    asking.on('error', reject).end(body);
  });
}

const failedNode = (): Buffer => Buffer.from(toProtobuf(recordSpans((tracer) => failNode(tracer))));

function overGrpc(port: number): Promise<void> {
  const client = new Client(`localhost:${port}`, credentials.createSsl(certificate));
  const metadata = new Metadata();
  metadata.set('authorization', 'Bearer ingest');
  const path = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
  const bytes = (value: Buffer) => value;
  return new Promise<void>((resolve, reject) => {
    client.makeUnaryRequest(path, bytes, bytes, failedNode(), metadata, (error) =>
      error ? reject(error) : resolve(),
    );
  }).finally(() => client.close());
}

/** All that goes through a proxy. @param under address of the page below a path */
async function passesOn(port: number, under: string): Promise<void> {
  const url = `https://localhost:${port}`;
  await expect
    .poll(
      () =>
        ask(`${url}/healthz`, 'query').then(
          ({ status }) => status,
          () => 0,
        ),
      { timeout: 60_000 },
    )
    .toBe(200);
  const attempts = async () =>
    Number((await world.history.sql('SELECT count() AS n FROM node_attempts FINAL')).rows[0]!.n);
  const before = await attempts();
  const type = { 'content-type': 'application/x-protobuf' };
  const options = { method: 'POST', headers: type, body: failedNode() };
  expect(await ask(`${url}/v1/traces`, 'ingest', options)).toMatchObject({ status: 200 });
  expect(await ask(`${url}/v1/traces`, 'wrong', options)).toMatchObject({ status: 401 });
  await overGrpc(port);
  await world.drained();
  expect((await attempts()) - before).toBe(2);
  for (const base of [url, under]) {
    expect(await ask(`${base}/`, 'query')).toMatchObject({
      status: 200,
      text: expect.stringMatching('<html'),
    });
    expect(await ask(`${base}/api/v1/failures`, 'query')).toMatchObject({ status: 200 });
    // As the page does it: refused as another origin's if the proxy does not pass Host on.
    const change = JSON.stringify({ agent_id: 'a', resolution: `through ${base}` });
    const headers = { 'content-type': 'application/json', origin: new URL(base).origin };
    const changed = await ask(`${base}/api/v1/evolutions`, 'admin', {
      method: 'POST',
      headers,
      body: change,
    });
    expect(changed).toMatchObject({ status: expect.toSatisfy((status: number) => status < 300) });
  }
}

test.skipIf(!nginx)(
  'nginx passes on OTLP over HTTP and gRPC, the page, and changes from it',
  async () => {
    const [port] = await freePorts(1);
    const at = await folder.with('nginx');
    const [server] = blocksOf('deploy.md', 'nginx');
    const [below] = blocksOf('access.md', 'nginx');
    const [, minor] = /nginx\/1\.(\d+)/.exec(nginx!) ?? [];
    let text = atWorld(server!.replace(/\}\s*$/, `${below}}`))
      .replace('listen 443 ssl;', `listen ${port} ssl;`)
      .replace('faultline.example', 'localhost')
      .replace('/etc/ssl/faultline.pem', join(at, '../cert.pem'))
      .replace('/etc/ssl/faultline.key', join(at, '../key.pem'));
    // As the page says for versions before 1.25.1.
    if (Number(minor) < 25) text = text.replace(' ssl;', ' ssl http2;').replace('http2 on;', '');
    const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (kind) => `${kind}_temp_path ${at}/${kind};`,
    );
    const file = join(at, 'nginx.conf');
    await writeFile(
      file,
      `daemon off; pid ${at}/pid; error_log ${at}/error.log; events {}\nhttp { access_log off; ${paths.join(' ')}\n${text} }`,
    );
    running = spawn('nginx', ['-c', file, '-p', at], { stdio: 'inherit' });
    await passesOn(port!, `https://localhost:${port}/faultline`);
  },
  60_000,
);

test.skipIf(!caddy)(
  'Caddy passes on OTLP over HTTP and gRPC, the page, and changes from it',
  async () => {
    const [port, second] = await freePorts(2);
    const at = await folder.with('caddy');
    await mkdir(join(at, 'home'), { recursive: true });
    const tls = `tls ${join(at, '../cert.pem')} ${join(at, '../key.pem')}`;
    const [site] = blocksOf('deploy.md', 'caddy');
    const [below] = blocksOf('access.md', 'caddy');
    const sites = [
      site!.replace('faultline.example {', `https://localhost:${port} {\n\t${tls}`),
      below!.replace('ops.example {', `https://localhost:${second} {\n\t${tls}`),
    ];
    const file = join(at, 'Caddyfile');
    await writeFile(
      file,
      `{\n\tadmin off\n\tauto_https disable_redirects\n}\n${atWorld(sites.join('\n'))}`,
    );
    const env = { ...process.env, HOME: join(at, 'home'), XDG_DATA_HOME: at, XDG_CONFIG_HOME: at };
    running = spawn('caddy', ['run', '--config', file, '--adapter', 'caddyfile'], {
      env,
      stdio: 'ignore',
    });
    await passesOn(port!, `https://localhost:${second}/faultline`);
  },
  60_000,
);

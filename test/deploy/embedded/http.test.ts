/** What curl and other HTTP clients see. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { ask, command, running } from './running.ts';

const embedded = running();
const base = () => embedded.server().url;

test.each(['/ping', '/', '/replicas_status'])('GET %s is Ok', async (path) => {
  const response = await fetch(base() + path);
  expect([response.status, await response.text()]).toEqual([200, 'Ok.\n']);
});

test('HEAD has headers and no body', async () => {
  const response = await fetch(`${base()}/?user=reader&query=SELECT+1`, { method: 'HEAD' });
  expect([response.status, await response.text()]).toEqual([200, '']);
});

test('a query in the body, in the URL, and in both', async () => {
  const server = embedded.server();
  expect(await (await ask(server, 'SELECT 1')).text()).toBe('1\n');
  expect(await (await fetch(`${base()}/?user=reader&query=SELECT+2`)).text()).toBe('2\n');
  expect(await (await ask(server, ' + 2', { query: { query: 'SELECT 1' } })).text()).toBe('3\n');
  expect(await (await ask(server, 'SELECT 1;')).text()).toBe('1\n');
});

test('an address with many parameters', async () => {
  const names = JSON.stringify(Array.from({ length: 5000 }, (_, index) => `v1:${index}`));
  const query = {
    query: 'SELECT length({names:Array(String)})',
    param_names: names.replaceAll('"', "'"),
  };
  const answer = await ask(embedded.server(), '', { query });
  expect(await answer.text()).toBe('5000\n');
});

test('basic auth, headers and URL parameters all authenticate', async () => {
  const { username, password } = embedded.server().writer;
  const basic = { Authorization: `Basic ${btoa(`${username}:${password}`)}` };
  for (const [url, headers] of [
    ['/?query=SELECT+1', basic],
    ['/?query=SELECT+1', { 'X-ClickHouse-User': username, 'X-ClickHouse-Key': password }],
    [`/?query=SELECT+1&user=${username}&password=${password}`, {}],
  ] as const) {
    const response = await fetch(base() + url, { headers });
    expect([response.status, await response.text()]).toEqual([200, '1\n']);
  }
});

test.each([
  ['faultline', 'wrong'],
  ['faultline', ''],
  ['reader', 'x'],
  ['nobody', ''],
  ['default', ''],
])('%s with password "%s" is refused with 516', async (user, password) => {
  const response = await ask(embedded.server(), 'SELECT 1', { user, password });
  expect(response.status).toBe(403);
  expect(response.headers.get('x-clickhouse-exception-code')).toBe('516');
  expect(await response.text()).toMatch(/^Code: 516\. DB::Exception: .*\(AUTHENTICATION_FAILED\)/);
});

test('no credentials at all are refused', async () => {
  expect((await fetch(`${base()}/?query=SELECT+1`)).status).toBe(403);
});

test('format and database come from parameters, headers or the statement', async () => {
  const server = embedded.server();
  const get = async (
    sql: string,
    query: Record<string, string>,
    headers: Record<string, string> = {},
  ) => {
    const response = await ask(server, sql, { query, headers });
    return [response.headers.get('x-clickhouse-format'), (await response.text()).trim()];
  };
  expect(await get('SELECT 1 AS a', { default_format: 'JSONEachRow' })).toEqual([
    'JSONEachRow',
    '{"a":1}',
  ]);
  expect(await get('SELECT 1 AS a', {}, { 'X-ClickHouse-Format': 'CSVWithNames' })).toEqual([
    'CSVWithNames',
    '"a"\n1',
  ]);
  expect(await get('SELECT 1 AS a FORMAT TSVWithNames', { default_format: 'JSON' })).toEqual([
    'TSVWithNames',
    'a\n1',
  ]);
  expect(await get('SELECT currentDatabase()', {})).toEqual(['TabSeparated', 'faultline']);
  expect(await get('SELECT currentDatabase()', { database: 'system' })).toEqual([
    'TabSeparated',
    'system',
  ]);
  expect(await get('SELECT currentDatabase()', {}, { 'X-ClickHouse-Database': 'default' })).toEqual(
    ['TabSeparated', 'default'],
  );
});

test('answers carry the headers that clients read', async () => {
  const response = await ask(embedded.server(), 'SELECT 1', { query: { query_id: 'mine-1' } });
  await response.text();
  expect(response.headers.get('x-clickhouse-query-id')).toBe('mine-1');
  expect(response.headers.get('x-clickhouse-timezone')).toBe(
    (await command(embedded.server(), 'SELECT timezone()')).trim(),
  );
  expect(response.headers.get('x-clickhouse-server-display-name')).toBeTruthy();
});

test.each([
  ['SELECT * FROM nowhere', 404, '60'],
  ['SELEC 1', 400, '62'],
  ['SELECT 1; SELECT 2', 400, '62'],
  ['', 400, '62'],
  ['   -- nothing', 400, '62'],
  ["SELECT 1 INTO OUTFILE '/tmp/x'", 500, '358'],
  ["INSERT INTO nowhere FROM INFILE '/etc/passwd' FORMAT CSV", 500, '358'],
  ['SELECT 1 FORMAT NoSuchFormat', 404, '73'],
  ['INSERT INTO nowhere FORMAT CSV\n1', 404, '60'],
  [
    'SELECT sum(sipHash64(number)) FROM numbers(100000000000) SETTINGS max_execution_time = 0.3',
    408,
    '159',
  ],
])('%s gives status %i and code %s', async (sql, status, code) => {
  const response = await ask(embedded.server(), sql);
  const text = await response.text();
  expect([response.status, response.headers.get('x-clickhouse-exception-code'), text]).toEqual([
    status,
    code,
    expect.stringMatching(new RegExp(`^Code: ${code}\\.`)),
  ]);
});

test('inserts: rows in the body, rows behind the statement, gzip, VALUES, SELECT', async () => {
  const server = embedded.server();
  await command(
    server,
    'CREATE TABLE faultline.rows (id UInt32, text String) ENGINE = MergeTree ORDER BY id',
  );
  const send = async (
    body: string | Uint8Array,
    query: Record<string, string> = {},
    headers = {},
  ) => {
    const response = await ask(server, body, { query, headers });
    expect([response.status, await response.text()]).toEqual([200, '']);
  };
  await send('1,"a;\n b"\n', { query: 'INSERT INTO rows FORMAT CSV' });
  await send('INSERT INTO rows FORMAT JSONEachRow\n{"id": 2, "text": "x"}\n{"id": 3}');
  await send(
    gzipSync("INSERT INTO rows (text, id) VALUES ('y', 4), (concat('z', 'z'), 5)"),
    {},
    { 'Content-Encoding': 'gzip' },
  );
  await send("INSERT INTO rows SELECT number + 10, 's' FROM numbers(2)");
  await send(
    'INSERT INTO rows SETTINGS input_format_skip_unknown_fields = 1 FORMAT JSONEachRow {"id": 6, "more": 1}',
  );
  await send('', { query: 'INSERT INTO rows FORMAT CSV' });
  await send('7\tparam\n', { query: 'INSERT INTO {t:Identifier} FORMAT TSV', param_t: 'rows' });
  expect(await command(server, 'SELECT id, text FROM rows ORDER BY id FORMAT CSV')).toBe(
    '1,"a;\n b"\n2,"x"\n3,""\n4,"y"\n5,"zz"\n6,""\n7,"param"\n10,"s"\n11,"s"\n',
  );
});

test('a row that does not fit is refused with its place, and the insert leaves nothing', async () => {
  const server = embedded.server();
  await command(server, 'CREATE TABLE faultline.strict (id UInt32) ENGINE = MergeTree ORDER BY id');
  const response = await ask(server, '{"id":1}\n{"id":"x"}\n', {
    query: { query: 'INSERT INTO strict FORMAT JSONEachRow' },
  });
  expect(response.status).toBe(400);
  const text = await response.text();
  expect(text).toContain('at row 2');
  expect(text).not.toContain(embedded.folder());
  expect(await command(server, 'SELECT count() FROM strict')).toBe('0\n');
});

test('a statement leaves nothing behind for the next: SET, USE, temporary tables', async () => {
  const server = embedded.server();
  await command(server, 'SET max_threads = 1');
  await command(server, 'USE system');
  await command(server, 'CREATE TEMPORARY TABLE gone (a UInt8)');
  expect(await command(server, "SELECT getSetting('max_threads'), currentDatabase()")).toBe(
    '2\tfaultline\n',
  );
  expect((await ask(server, 'SELECT * FROM gone')).status).toBe(404);
});

test('an error amid rows ends the body with the exception and cuts the connection', async () => {
  const response = await ask(
    embedded.server(),
    'SELECT throwIf(number = 400000) FROM numbers(500000)',
  );
  expect(response.status).toBe(200);
  const tag = response.headers.get('x-clickhouse-exception-tag') ?? '';
  const chunks: Uint8Array[] = [];
  const reading = (async () => {
    for await (const chunk of response.body ?? []) chunks.push(chunk);
  })();
  await expect(reading).rejects.toThrow();
  const end = Buffer.concat(chunks).toString('utf8').slice(-2000);
  expect(end).toMatch(
    new RegExp(
      `\r\n__exception__\r\n${tag}\r\nCode: 395[\\s\\S]*\n\\d+ ${tag}\r\n__exception__\r\n$`,
    ),
  );
});

test('unknown paths and methods', async () => {
  expect((await fetch(`${base()}/play`)).status).toBe(404);
  expect((await fetch(`${base()}/`, { method: 'DELETE' })).status).toBe(405);
});

test('GET changes nothing, even for the writer', async () => {
  const { username, password } = embedded.server().writer;
  const url = new URL(base());
  url.search = `${new URLSearchParams({ user: username, password, query: 'CREATE TABLE g (a UInt8) ENGINE = Memory' })}`;
  const response = await fetch(url);
  expect(response.headers.get('x-clickhouse-exception-code')).toBe('164');
});

test.each([
  ['broken gzip', { 'Content-Encoding': 'gzip' }, 'not gzip at all'],
  ['unknown encoding', { 'Content-Encoding': 'snappy' }, 'SELECT 1'],
  ['multipart', { 'Content-Type': 'multipart/form-data; boundary=x' }, '--x--'],
  ['another host name', { Host: 'evil.example' }, 'SELECT 1'],
])('%s is refused and the server goes on', async (_name, headers: Record<string, string>, body) => {
  const answer = await raw(
    `POST / HTTP/1.1\r\nHost: ${headers.Host ?? 'localhost'}\r\nX-ClickHouse-User: reader\r\n` +
      Object.entries(headers)
        .filter(([name]) => name !== 'Host')
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join('') +
      `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
  expect(answer).toMatch(/^HTTP\/1\.1 [45]/);
  expect(await command(embedded.server(), 'SELECT 1')).toBe('1\n');
});

test.each([
  ['no HTTP', 'rubbish\r\n\r\n'],
  ['a bad target', 'GET //[ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'],
  [
    'a bad percent sign',
    'GET /?query=%E0%A4%A&user=reader HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
  ],
])('%s gets an error and the server goes on', async (_name, request) => {
  expect(await raw(request)).toMatch(/^HTTP\/1\.1 [45]/);
  expect(await command(embedded.server(), 'SELECT 1')).toBe('1\n');
});

async function raw(request: string): Promise<string> {
  const socket = connect(embedded.server().port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString();
  });
  socket.write(request);
  await once(socket, 'close');
  return text;
}

/**
 * What grants and limits keep the reader from. They do not hold functions that read files, which the lock does
 * (lock.test.ts), or SETTINGS in a subquery (attacks.test.ts).
 */
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, command, running } from './running.ts';

const embedded = running();

/** A port that counts who calls: nothing the reader asks may reach the network. */
let calls = 0;
const outside = createServer((socket) => {
  calls += 1;
  socket.destroy();
});
let port = 0;

beforeAll(async () => {
  await new Promise<void>((resolve) => outside.listen(0, '127.0.0.1', resolve));
  port = (outside.address() as { port: number }).port;
  await command(
    embedded.server(),
    'CREATE TABLE faultline.t (a UInt64, s String) ENGINE = MergeTree ORDER BY a',
  );
  await command(embedded.server(), "INSERT INTO t VALUES (1, 'x')");
});
afterAll(() => outside.close());

const refused = [
  "INSERT INTO t VALUES (2, 'y')",
  'INSERT INTO t FORMAT JSONEachRow {"a": 2}',
  'INSERT INTO t SELECT * FROM t',
  "INSERT INTO FUNCTION file('/tmp/x', 'CSV') SELECT 1",
  "INSERT INTO t FROM INFILE '/etc/passwd' FORMAT CSV",
  'CREATE TABLE u (a UInt8) ENGINE = Memory',
  'CREATE TEMPORARY TABLE u (a UInt8)',
  'CREATE DATABASE d',
  'CREATE FUNCTION f AS (x) -> x',
  'DROP TABLE t',
  'TRUNCATE TABLE t',
  'DELETE FROM t WHERE 1',
  'ALTER TABLE t DELETE WHERE 1',
  "UPDATE t SET s = 'z' WHERE 1",
  'RENAME TABLE t TO u',
  'OPTIMIZE TABLE t',
  'CHECK TABLE t',
  'DETACH TABLE t',
  'ATTACH TABLE u (a UInt8) ENGINE = File(CSV)',
  'UNDROP TABLE t',
  'SET readonly = 0',
  'SELECT 1 SETTINGS max_execution_time = 1000',
  'SYSTEM FLUSH LOGS',
  'SYSTEM STOP MERGES t',
  'KILL QUERY WHERE 1',
  "BACKUP TABLE t TO File('/tmp/b')",
  'GRANT ALL ON *.* TO default',
  'CREATE USER u',
  'EXECUTE AS default SELECT 1',
  'BEGIN TRANSACTION',
  'exit',
  "SELECT 1 INTO OUTFILE 'OUT'",
  "SELECT 1 INTO/**/OUTFILE 'OUT' APPEND FORMAT CSV",
  "EXPLAIN SELECT 1 INTO OUTFILE 'OUT'",
  "SHOW TABLES INTO OUTFILE 'OUT'",
  "SELECT * FROM file('/etc/passwd')",
  "SELECT * FROM file/**/('/etc/passwd', 'LineAsString')",
  "SELECT * FROM view(SELECT * FROM file('/etc/passwd'))",
  "SELECT (SELECT count() FROM file('/etc/passwd'))",
  'SELECT * FROM `/etc/passwd`',
  "DESCRIBE TABLE file('/etc/passwd')",
  "DESC file('/etc/passwd')",
  "DESCRIBE (SELECT * FROM file('/etc/passwd'))",
  "SELECT * FROM filesystem('/etc')",
  "SELECT * FROM executable('id', 'TSV', 'a String')",
  "SELECT * FROM url('http://127.0.0.1:PORT/', 'CSV', 'a String')",
  "DESCRIBE url('http://127.0.0.1:PORT/', 'CSV')",
  "SELECT * FROM remote('127.0.0.1:PORT', 'system.one')",
  "SELECT * FROM s3('http://127.0.0.1:PORT/bucket/x.csv', 'CSV', 'a String')",
  "DESCRIBE s3('http://127.0.0.1:PORT/bucket/x.csv', 'CSV')",
  "DESCRIBE mysql('127.0.0.1:PORT', 'a', 'b', 'c', 'd')",
  "SELECT * FROM postgresql('127.0.0.1:PORT', 'a', 'b', 'c', 'd')",
  "SELECT * FROM deltaLake('http://127.0.0.1:PORT/bucket/x')",
  "SELECT * FROM iceberg('http://127.0.0.1:PORT/bucket/x')",
  "SELECT * FROM mongodb('127.0.0.1:PORT', 'a', 'b', 'c', 'd', 'x String')",
  "SELECT * FROM eval('SELECT 1')",
  'SELECT 1; SELECT 2',
  'SELECT 1; DROP TABLE t',
  'SHOW TABLES; DROP TABLE t',
];

test.each(refused)('refuses %s', async (sql) => {
  const outfile = join(embedded.folder(), 'out');
  const text = sql.replaceAll('PORT', String(port)).replace("'OUT'", `'${outfile}'`);
  const before = calls;
  const response = await ask(embedded.server(), text, { user: 'reader' });
  const body = await response.text();
  expect(response.ok, body).toBe(false);
  expect(body).toMatch(/^Code: \d+\. /);
  expect(calls).toBe(before);
  expect(existsSync(outfile)).toBe(false);
  expect(await command(embedded.server(), 'SELECT count(), any(s) FROM t')).toBe('1\tx\n');
});

test.each([
  ['max_execution_time', '0.0000001'],
  ['max_execution_time', '0'],
  ['max_execution_time', '10000'],
  ['max_memory_usage', '0'],
  ['max_threads', '64'],
  ['readonly', '0'],
  ['max_concurrent_queries_for_user', '0'],
  ['cancel_http_readonly_queries_on_client_close', '0'],
])('%s=%s in the URL is refused', async (setting, value) => {
  const response = await ask(embedded.server(), 'SELECT 1', {
    user: 'reader',
    query: { [setting]: value },
  });
  expect([response.ok, await response.text()]).toEqual([
    false,
    expect.stringMatching(/shouldn't be|should not be changed|Cannot modify/),
  ]);
});

// Grafana's data source sends 65.
test.each(['5', '65'])('a time limit of %s s is taken', async (seconds) => {
  const response = await ask(embedded.server(), "SELECT getSetting('max_execution_time')", {
    user: 'reader',
    query: { max_execution_time: seconds },
  });
  expect(await response.text()).toBe(`${seconds}\n`);
});

test.each([
  'SELECT * FROM t',
  '(SELECT 1) UNION ALL (SELECT 2)',
  'WITH 1 AS x SELECT x',
  "SELECT 'INTO OUTFILE', 'file(1)' -- file('x')",
  'SELECT count() FROM system.tables',
  "SELECT format('{}', 'x')",
  'SELECT * FROM numbers(3)',
  "SELECT * FROM values('a UInt8', 1)",
  'SHOW TABLES',
  'SHOW DATABASES',
  'SHOW CREATE TABLE t',
  'DESCRIBE TABLE t',
  'EXISTS TABLE t',
  'EXPLAIN SELECT * FROM t',
  'SELECT 1 FORMAT JSON',
])('allows %s', async (sql) => {
  const response = await ask(embedded.server(), sql, { user: 'reader' });
  expect([response.status, await response.text()]).toEqual([200, expect.stringMatching(/./)]);
});

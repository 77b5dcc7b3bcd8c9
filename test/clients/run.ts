// `npm run test:clients`: what people use, against the embedded engine: each client reads as `reader`, is refused
// a write as that, and writes as `faultline`; collectors write tables of their own. What they wrote is
// counted by another client. Needs Python, Go and Java; what cannot be had is left out, and the screen says so.
// `npm run test:clients -- go`: only those with that word in their name.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import zlib from 'node:zlib';
import { otelcol, rotel } from './collectors.ts';
import { grafanaStatements } from './grafana-statements.ts';
import { go, java, Missing, type Program, python } from './toolchains.ts';
import { startWorld, type World } from './world.ts';

const ROWS = 1000;
const TYPED =
  'SELECT failure_id, timestamp, attributes FROM failures ORDER BY timestamp, failure_id LIMIT 1';

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

interface Case {
  name: string;
  /** What runs it. @throws {Missing} when that cannot be had here */
  program(): Program;
  /** @returns what was seen. @throws when it is wrong */
  run(world: World, program: Program): Promise<string>;
}

/** A client in a process of its own, once for each compression. */
function clients(
  name: string,
  protocol: 'http' | 'native',
  compressions: readonly string[],
  program: () => Program,
  more: Record<string, string> = {},
): Case[] {
  return compressions.map((compression) => ({
    name: `${name}, ${protocol}, ${compression}`,
    program,
    run: (world, made) => useClient(world, made, { protocol, compression, ...more }),
  }));
}

async function useClient(
  world: World,
  [command = '', ...args]: Program,
  more: { protocol: 'http' | 'native'; compression: string } & Record<string, string>,
): Promise<string> {
  const table = await emptyTable(world);
  const { protocol, compression, ...env } = more;
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      ...env,
      ADDRESS: world[protocol],
      PROTOCOL: protocol,
      COMPRESSION: compression,
      READER_PASSWORD: world.reader,
      WRITER_PASSWORD: world.writer,
      ROWS: `${ROWS}`,
      TABLE: table,
      TYPED,
    },
  });
  let text = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (some: string) => {
    text += some;
  });
  child.stderr.setEncoding('utf8').on('data', (some: string) => {
    errors += some;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${errors}${text}`.trim().slice(-1000));
  const got = JSON.parse(text) as {
    failures: number;
    typed: [string, number];
    refused: string;
    asked?: number;
  };
  const typed = (await world.ask(TYPED.replace('attributes', 'length(attributes)'))).split('\t');
  equal('failures read', got.failures, world.failures);
  equal('failure read', got.typed, [typed[0], Number(typed[2])]);
  if (!/ACCESS_DENIED|Not enough privileges|[Cc]ode:? 497/.test(got.refused)) {
    throw new Error(`reader was not refused a write: ${got.refused}`);
  }
  const counted = await world.ask(
    `SELECT count(), sum(id), countIf(tags['n'] = toString(id)), uniqExact(text), min(length(ids)) FROM ${table}`,
  );
  equal('rows written', counted, `${ROWS}\t${(ROWS * (ROWS - 1)) / 2}\t${ROWS}\t7\t1`);
  const asked = got.asked ? `, ${got.asked} statements answered` : '';
  return `${got.failures} read, ${ROWS} written${asked}`;
}

async function emptyTable(world: World): Promise<string> {
  await world.ask('CREATE DATABASE IF NOT EXISTS others');
  await world.ask(`
    CREATE OR REPLACE TABLE others.written (
      id UInt64, at DateTime64(9, 'UTC'), text LowCardinality(String),
      tags Map(LowCardinality(String), String), ids Array(UUID)
    ) ENGINE = MergeTree ORDER BY id`);
  return 'others.written';
}

function equal(what: string, got: unknown, expected: unknown): void {
  const [one, other] = [got, expected].map((value) => JSON.stringify(value));
  if (one !== other) throw new Error(`${what}: ${one} instead of ${other}`);
}

const temporary = await mkdtemp(join(tmpdir(), 'faultline-clients-'));
const statements = join(temporary, 'grafana.json');
await writeFile(statements, JSON.stringify(grafanaStatements()));
const grafana = { GRAFANA: statements };
const script = (name: string) => (): Program => [...python(), file(`python/${name}.py`)];
const goClient = (): Program => go('go');
const node = (): Program => [process.execPath, file('javascript.mjs')];
const nodeWithZstd = (): Program => {
  if ('createZstdCompress' in zlib) return node();
  throw new Missing(`Node ${process.versions.node} has no zstd; 22.15 has`);
};
const collector = (name: string, database: string, address: (world: World) => string): Case => ({
  name: `otelcol with clickhouseexporter, ${name}`,
  program: () => go('otelcol'),
  run: (world, program) => otelcol(world, program, address(world), database),
});

const cases: Case[] = [
  ...clients('@clickhouse/client', 'http', ['none', 'gzip', 'br'], node),
  ...clients('@clickhouse/client', 'http', ['zstd'], nodeWithZstd),
  ...clients(
    'clickhouse-connect',
    'http',
    ['default', 'none', 'lz4', 'zstd', 'gzip', 'br'],
    script('connect'),
  ),
  ...clients('clickhouse-driver', 'native', ['none', 'lz4', 'zstd'], script('driver')),
  ...clients(
    'clickhouse-go',
    'http',
    ['default', 'none', 'lz4', 'zstd', 'gzip', 'deflate', 'br'],
    goClient,
  ),
  ...clients('clickhouse-go', 'native', ['default', 'none', 'lz4', 'zstd'], goClient),
  ...clients('Grafana data source', 'http', ['gzip'], goClient, grafana),
  ...clients('Grafana data source', 'native', ['lz4'], goClient, grafana),
  ...clients('JDBC (DBeaver)', 'http', ['default', 'none', 'lz4'], java),
  collector('native, lz4', 'otel_native', ({ native }) => `tcp://${native}?compress=lz4`),
  collector('http, lz4', 'otel_http', ({ http }) => `http://${http}?compress=lz4`),
  collector('http, default', 'otel_default', ({ http }) => `http://${http}`),
  { name: 'Rotel, http, default (lz4)', program: python, run: rotel },
];

const chosen = cases.filter(({ name }) =>
  name.toLowerCase().includes((process.argv[2] ?? '').toLowerCase()),
);
const width = Math.max(...cases.map(({ name }) => name.length));
// Before the engine starts: what is prepared takes minutes in which this process does nothing else.
const programs = new Map<Case, Program | Missing>(chosen.map((each) => [each, prepared(each)]));
const world = await startWorld();
let failed = 0;
let leftOut = 0;
try {
  for (const [{ name, run }, program] of programs) {
    let line: string;
    if (program instanceof Missing) {
      leftOut++;
      line = `left out  ${program.message}`;
    } else {
      line = await run(world, program).then(
        (seen) => `ok        ${seen}`,
        (error: Error) => {
          failed++;
          return `FAILED    ${error.message}`;
        },
      );
    }
    console.log(`${name.padEnd(width)}  ${line}`);
  }
} finally {
  await world.end();
  await rm(temporary, { recursive: true, force: true });
}
console.log(`${chosen.length - failed - leftOut} passed, ${failed} failed, ${leftOut} skipped`);
process.exit(failed > 0 || chosen.length === 0 ? 1 : 0);

function prepared({ program }: Case): Program | Missing {
  try {
    return program();
  } catch (error) {
    if (error instanceof Missing) return error;
    throw error;
  }
}

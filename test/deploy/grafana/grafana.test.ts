// Every panel of every dashboard, asked as Grafana's plugin would ask it.
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { toJson } from '../../../deploy/grafana/dashboard.ts';
import { dashboards } from '../../../deploy/grafana/dashboards.ts';
import { expanded } from './expanded.ts';
import { type OpsWorld, startOpsWorld } from './ops-data.ts';

const folder = new URL('../../../deploy/grafana/', import.meta.url);

interface Target {
  rawSql?: string;
  expr?: string;
  format?: number;
}
interface Panel {
  id: number;
  title: string;
  type: string;
  description?: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets: Target[];
}
interface Json {
  uid: string;
  annotations: { list: { target: Target }[] };
  templating: { list: { name: string; type: string; query: { rawSql?: string } }[] };
  panels: Panel[];
}

const files = dashboards.map(({ name, source }) => {
  const text = readFileSync(new URL(`dashboards/${name}.json`, folder), 'utf8');
  return { name, source, text, json: JSON.parse(text) as Json };
});

let ops: OpsWorld;

beforeAll(async () => {
  ops = await startOpsWorld();
});
afterAll(async () => {
  await ops?.end();
});

async function ask(sql: string, agents: string[] = []) {
  const result = await ops.clickhouse.query({ query: expanded(sql, agents), format: 'JSON' });
  const { meta, data } = await result.json<Record<string, unknown>>();
  return { columns: meta!, rows: data };
}

describe('the files', () => {
  it('are those of the definitions', () => {
    for (const [index, { text }] of files.entries()) expect(text).toBe(toJson(dashboards[index]!));
    expect(readdirSync(new URL('dashboards/', folder)).sort()).toEqual(
      dashboards.map(({ name }) => `${name}.json`).sort(),
    );
  });

  it('use all statements that there are', () => {
    const used = dashboards.flatMap(({ panels }) => panels.flatMap(({ sql }) => sql ?? []));
    expect(readdirSync(new URL('sql/', folder)).sort()).toEqual(
      [...used, 'agents', 'evolutions_as_marks'].map((name) => `${name}.sql`).sort(),
    );
  });

  it.each(files)(
    '$name lays its panels out without overlap and explains them',
    ({ source, json }) => {
      const cells = json.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
        Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)} ${y + Math.floor(cell / w)}`),
      );
      expect(new Set(cells).size).toBe(cells.length);
      expect(json.panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
      expect(new Set(json.panels.map(({ id }) => id)).size).toBe(json.panels.length);
      for (const { title, description } of source === 'clickhouse' ? json.panels : []) {
        expect(description, title).toMatch(/^[A-Z].*\.$/);
      }
    },
  );

  it('provision a data source that the embedded engine answers', async () => {
    const file = new URL('provisioning/datasources/faultline.yaml', folder);
    const { datasources } = parse(readFileSync(file, 'utf8'));
    const { type, jsonData, secureJsonData } = datasources[0];
    expect(type).toBe('grafana-clickhouse-datasource');
    expect(jsonData).toMatchObject({ host: '127.0.0.1', port: 8123, protocol: 'http' });
    expect(secureJsonData.password).toBe('$FAULTLINE_READER_PASSWORD');
    const { username, defaultDatabase: database } = jsonData;
    const { port } = new URL(ops.world.clickhouse);
    const address = `http://${jsonData.host}:${port}/?${new URLSearchParams({ database })}`;
    const answer = await fetch(address, {
      method: 'POST',
      headers: { 'x-clickhouse-user': username, 'x-clickhouse-key': ops.world.asReader.password! },
      body: 'SELECT count() > 0 FROM failures',
    });
    expect(await answer.text()).toBe('1\n');
    const provider = new URL('provisioning/dashboards/faultline.yaml', folder);
    const { providers } = parse(readFileSync(provider, 'utf8'));
    expect(providers).toMatchObject([{ type: 'file', options: { path: expect.any(String) } }]);
  });
});

describe.each(files.filter(({ source }) => source === 'clickhouse'))('$name', ({ json }) => {
  it.each(json.panels)('$title', async ({ type, targets }) => {
    for (const { rawSql, format } of targets) {
      const { columns, rows } = await ask(rawSql!);
      expect(rows.length).toBeGreaterThan(0);
      if (type !== 'timeseries') continue;
      expect(format).toBe(0);
      expect(columns[0]).toMatchObject({ name: 'time', type: expect.stringMatching(/^DateTime/) });
      expect(columns.at(-1)!.type).toMatch(/^(UInt|Float)/);
    }
  });

  it('follows the choice of agents', async () => {
    const variable = json.templating.list.find(({ name }) => name === 'agent');
    if (variable === undefined) return;
    const { rows } = await ask(variable.query.rawSql!);
    expect(rows).toEqual([{ agent_id: 'invoice-agent' }, { agent_id: 'refund-agent' }]);
    for (const { title, targets } of json.panels) {
      const sql = targets[0]!.rawSql!;
      expect((await ask(sql, ['refund-agent', "o'hara"])).rows.length, title).toBeGreaterThan(0);
      const others = await ask(sql, ["o'hara"]);
      const isCount = title === 'In this time';
      expect(others.rows, title).toEqual(isCount ? [expect.objectContaining({ failures: 0 })] : []);
    }
  });

  it('marks evolutions', async () => {
    for (const { target } of json.annotations.list) {
      const { rows } = await ask(target.rawSql!, ['refund-agent']);
      expect(rows).toMatchObject([{ text: 'refund-agent: ask for JSON', tags: 'applied' }]);
    }
  });
});

describe('the numbers', () => {
  const panel = (name: string, title: string) => {
    const { json } = files.find((file) => file.name === name)!;
    return json.panels.find((one) => one.title === title)!.targets[0]!.rawSql!;
  };

  it('are those that were sent', async () => {
    const counts = await ask(panel('failures', 'In this time'));
    expect(counts.rows).toEqual([{ failures: 10, agents: 2, runs: 10, fingerprints: 4 }]);
    const effects = await ask(panel('fixes', 'What fixes did'));
    expect(effects.rows).toMatchObject([
      {
        resolution: 'ask for JSON',
        failed_runs_before: 6,
        runs_before: 12,
        rate_before: 0.5,
        failed_runs_after: 1,
        runs_after: 6,
      },
    ]);
    const states = await ask(panel('fixes', 'Groups by state'));
    expect(states.rows).toEqual([
      { state: 'failing again', groups: 1, failures: 7 },
      { state: 'ignored', groups: 1, failures: 1 },
      { state: 'open', groups: 2, failures: 2 },
    ]);
    const retries = await ask(panel('nodes', 'Retries that helped'));
    expect(retries.rows).toMatchObject([{ node: 'fetch', runs_with_retries: 1, rescued: 1 }]);
  });
});

describe('the metrics', () => {
  it('that panels read are reported by the collector or the query service', async () => {
    const texts = await Promise.all(
      [ops.world.otlpHttp, ops.world.query].map(async (url) =>
        (await fetch(`${url}/metrics`)).text(),
      ),
    );
    const told = new Set(texts.join('\n').match(/(?<=^# TYPE )\w+/gm));
    const read = files
      .flatMap(({ json }) => json.panels.flatMap(({ targets }) => targets))
      .flatMap(({ expr }) => expr?.match(/faultline_\w+/g) ?? []);
    expect(read.length).toBeGreaterThan(10);
    for (const metric of read) expect(told).toContain(metric.replace(/_bucket$/, ''));
  });
});

// What Grafana's ClickHouse data source asks: for its health check, for the editor of queries, for the panels
// of our dashboards.
import { readdirSync, readFileSync } from 'node:fs';
import { expanded } from '../deploy/grafana/expanded.ts';

const dashboards = new URL('../../deploy/grafana/dashboards/', import.meta.url);

/** Of its source (`pkg/plugin/schema.go`, `driver.go`, `src/data/CHDatasource.ts`), for one of our tables. */
const OF_THE_PLUGIN: readonly string[] = [
  'SELECT version()',
  'SELECT timezone()',
  'SELECT currentDatabase()',
  'SHOW DATABASES',
  'SHOW TABLES FROM "faultline"',
  'SELECT database, name FROM system.tables ORDER BY database, name',
  "SELECT database, table, name, type, comment FROM system.columns WHERE (database, table) IN (('faultline', 'failures')) ORDER BY database, table, position",
  'DESCRIBE TABLE "faultline"."failures"',
  'DESC TABLE "faultline"."failures" SETTINGS describe_include_subcolumns = 1',
  'SELECT DISTINCT class FROM faultline.failures SETTINGS max_execution_time=10',
  "SELECT name, database, table, type FROM system.columns WHERE database IN ('faultline') AND table = 'failures'",
];

export function grafanaStatements(): string[] {
  const panels = readdirSync(dashboards).flatMap((file) => {
    const text = readFileSync(new URL(file, dashboards), 'utf8');
    const { panels } = JSON.parse(text) as { panels: { targets: { rawSql?: string }[] }[] };
    return panels.flatMap(({ targets }) => targets.flatMap(({ rawSql }) => rawSql ?? []));
  });
  return [...OF_THE_PLUGIN, ...panels.map((sql) => expanded(sql, []))];
}

// From short definitions to Grafana's JSON, for its ClickHouse and Prometheus data sources.
import { readFileSync } from 'node:fs';

/** A panel as its dashboard defines it. */
export interface Panel {
  title: string;
  type: 'stat' | 'timeseries' | 'table' | 'barchart';
  /** Columns of the 24 that the grid has. */
  width: number;
  /** Rows of the grid, about 30 pixels each. */
  height?: number;
  /** The file of `sql/`, without its ending; its comment becomes the panel's description. */
  sql?: string;
  /** Prometheus expressions by legend. */
  metrics?: Record<string, string>;
  /** Grafana's name of the unit; of single columns where it is an object. */
  unit?: string | Record<string, string>;
  /** Bars on top of each other instead of lines. */
  stacked?: boolean;
}

export interface Dashboard {
  /** Part of the file's name and of the address in Grafana. */
  name: string;
  title: string;
  description: string;
  source: 'clickhouse' | 'prometheus';
  /** Whether one can choose agents. */
  byAgent?: boolean;
  /** Whether evolutions are marked in its charts. */
  marksEvolutions?: boolean;
  panels: Panel[];
}

const COLUMNS = 24;
const HEIGHT = 8;
const PLUGINS = { clickhouse: 'grafana-clickhouse-datasource', prometheus: 'prometheus' } as const;
/** Of the query editor: how its plugin shapes the answer. */
const FORMATS = { timeseries: 0, table: 1 } as const;

/** The dashboard as Grafana reads it. */
export function toJson(dashboard: Dashboard): string {
  const { name, title, description, source, byAgent = false, marksEvolutions = false } = dashboard;
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of Grafana
  const datasource = { type: PLUGINS[source], uid: '${datasource}' };
  const json = {
    uid: `faultline-${name}`,
    title: `Faultline / ${title}`,
    description,
    tags: ['faultline'],
    editable: true,
    schemaVersion: 39,
    time: { from: 'now-24h', to: 'now' },
    refresh: '1m',
    timezone: '',
    graphTooltip: 1,
    links: [
      {
        title: 'Faultline',
        type: 'dashboards',
        tags: ['faultline'],
        asDropdown: true,
        keepTime: true,
        includeVars: true,
      },
    ],
    annotations: {
      list: marksEvolutions ? [mark('Evolutions', 'evolutions_as_marks', datasource)] : [],
    },
    templating: {
      list: [
        { name: 'datasource', label: 'Data source', type: 'datasource', query: datasource.type },
        ...(byAgent ? [agents(datasource)] : []),
      ],
    },
    panels: placed(dashboard.panels).map(([panel, gridPos], index) =>
      panelJson(panel, index + 1, gridPos, datasource),
    ),
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}

/** Fills the grid from left to right, then down. */
function placed(panels: readonly Panel[]): [Panel, object][] {
  let [x, y, tallest] = [0, 0, 0];
  return panels.map((panel) => {
    const { width, height = HEIGHT } = panel;
    if (x + width > COLUMNS) [x, y, tallest] = [0, y + tallest, 0];
    const place = { h: height, w: width, x, y };
    x += width;
    tallest = Math.max(tallest, height);
    return [panel, place];
  });
}

function panelJson(panel: Panel, id: number, gridPos: object, datasource: object): object {
  const { title, type, sql, metrics = {}, unit, stacked = false } = panel;
  const query = sql === undefined ? undefined : readStatement(sql);
  const units = typeof unit === 'object' ? Object.entries(unit) : [];
  return {
    id,
    title,
    type,
    ...(query && { description: query.comment }),
    datasource,
    gridPos,
    fieldConfig: {
      defaults: {
        ...(typeof unit === 'string' && { unit }),
        ...(type === 'timeseries' && { custom: stacked ? BARS : LINES }),
        ...(type === 'table' && { custom: { filterable: true } }),
      },
      overrides: units.map(([column, id]) => ({
        matcher: { id: 'byName', options: column },
        properties: [{ id: 'unit', value: id }],
      })),
    },
    ...(type === 'stat' && {
      options: { reduceOptions: { values: false, calcs: ['lastNotNull'] } },
    }),
    targets: query
      ? [{ refId: 'A', datasource, ...target(type === 'timeseries' ? type : 'table', query.text) }]
      : Object.entries(metrics).map(([legend, expr], index) => ({
          refId: String.fromCharCode(65 + index),
          datasource,
          expr,
          legendFormat: legend,
        })),
  };
}

const LINES = { drawStyle: 'line', lineWidth: 2, showPoints: 'auto', spanNulls: false };
const BARS = { drawStyle: 'bars', fillOpacity: 80, lineWidth: 0, stacking: { mode: 'normal' } };

function target(shape: keyof typeof FORMATS, rawSql: string): object {
  return { editorType: 'sql', queryType: shape, format: FORMATS[shape], rawSql };
}

function mark(name: string, sql: string, datasource: object): object {
  const { text } = readStatement(sql);
  const shared = { name, datasource, enable: true, iconColor: 'purple' };
  return { ...shared, preset: 'custom', rawQuery: text, target: target('table', text) };
}

function agents(datasource: object): object {
  const rawSql = readStatement('agents').text;
  return {
    name: 'agent',
    label: 'Agent',
    type: 'query',
    datasource,
    query: { editorType: 'sql', rawSql },
    definition: rawSql,
    multi: true,
    includeAll: true,
    current: { text: ['All'], value: ['$__all'] },
    refresh: 2,
  };
}

/** The statement of a file, and the comment that it opens with. */
function readStatement(name: string): { comment: string; text: string } {
  const lines = readFileSync(new URL(`./sql/${name}.sql`, import.meta.url), 'utf8').split('\n');
  const begin = lines.findIndex((line) => !line.startsWith('--'));
  return {
    comment: lines
      .slice(0, begin)
      .map((line) => line.slice(3))
      .join(' '),
    text: lines.slice(begin).join('\n').trim(),
  };
}

// What is on which dashboard.
import type { Dashboard } from './dashboard.ts';

export const dashboards: Dashboard[] = [
  {
    name: 'failures',
    title: 'Failures',
    description: 'What fails, by class and agent, and what is new.',
    source: 'clickhouse',
    byAgent: true,
    marksEvolutions: true,
    panels: [
      { title: 'In this time', type: 'stat', width: 24, height: 4, sql: 'failure_counts' },
      {
        title: 'By class',
        type: 'timeseries',
        width: 12,
        sql: 'failures_by_class',
        stacked: true,
      },
      {
        title: 'By agent',
        type: 'timeseries',
        width: 12,
        sql: 'failures_by_agent',
        stacked: true,
      },
      { title: 'Groups that fail most', type: 'table', width: 24, sql: 'groups_that_fail' },
      { title: 'New groups', type: 'table', width: 24, sql: 'new_groups' },
      { title: 'Newest failures', type: 'table', width: 24, sql: 'latest_failures' },
      {
        title: 'Runs by outcome',
        type: 'timeseries',
        width: 12,
        sql: 'run_outcomes',
        stacked: true,
      },
      { title: 'Where, and what came next', type: 'table', width: 12, sql: 'failures_by_site' },
    ],
  },
  {
    name: 'nodes',
    title: 'Nodes and versions',
    description: 'Failure rates of nodes and of versions of graphs.',
    source: 'clickhouse',
    byAgent: true,
    marksEvolutions: true,
    panels: [
      {
        title: 'Failure rate by node',
        type: 'timeseries',
        width: 12,
        sql: 'rate_of_nodes',
        unit: 'percentunit',
      },
      {
        title: 'Failed runs by version',
        type: 'timeseries',
        width: 12,
        sql: 'rate_of_versions',
        unit: 'percentunit',
      },
      {
        title: 'Nodes by version',
        type: 'table',
        width: 24,
        height: 10,
        sql: 'nodes_by_version',
        unit: { failure_rate: 'percentunit', median_duration: 's', p95_duration: 's' },
      },
      { title: 'Attempts', type: 'timeseries', width: 12, sql: 'attempts', stacked: true },
      {
        title: 'Slowest nodes',
        type: 'timeseries',
        width: 12,
        sql: 'slowest_nodes',
        unit: 's',
      },
      {
        title: 'Retries that helped',
        type: 'table',
        width: 24,
        sql: 'retries',
        unit: { rescued: 'percentunit' },
      },
    ],
  },
  {
    name: 'fixes',
    title: 'Fixes',
    description: 'Evolutions, what they did, and the state of groups.',
    source: 'clickhouse',
    byAgent: true,
    marksEvolutions: true,
    panels: [
      {
        title: 'Failed runs by agent',
        type: 'timeseries',
        width: 16,
        sql: 'failed_runs',
        unit: 'percentunit',
      },
      { title: 'Groups by state', type: 'table', width: 8, sql: 'group_states' },
      {
        title: 'What fixes did',
        type: 'table',
        width: 24,
        height: 10,
        sql: 'fix_effects',
        unit: { rate_before: 'percentunit', rate_after: 'percentunit' },
      },
      { title: 'Evolutions', type: 'table', width: 24, sql: 'evolutions' },
      { title: 'Failing again', type: 'table', width: 24, sql: 'groups_failing_again' },
      { title: 'What was said about groups', type: 'table', width: 24, sql: 'group_changes' },
    ],
  },
  {
    name: 'store',
    title: 'Collector and store',
    description: 'How the collector fares, as far as the tables show.',
    source: 'clickhouse',
    panels: [
      { title: 'Failures received', type: 'timeseries', width: 12, sql: 'received', stacked: true },
      { title: 'Delay of failures', type: 'timeseries', width: 12, sql: 'delay', unit: 's' },
      {
        title: 'Age of the newest rows',
        type: 'table',
        width: 8,
        sql: 'newest_rows',
        unit: { age: 's' },
      },
      { title: 'Tables', type: 'table', width: 16, sql: 'storage', unit: { bytes: 'bytes' } },
      {
        title: 'Runs that did not end',
        type: 'table',
        width: 24,
        sql: 'open_runs',
        unit: { age: 's' },
      },
      {
        title: 'Secrets removed',
        type: 'timeseries',
        width: 12,
        sql: 'redactions',
        stacked: true,
      },
      { title: 'Attributes that were cut', type: 'table', width: 12, sql: 'truncated' },
      { title: 'Graphs that nobody sent', type: 'table', width: 24, sql: 'unknown_snapshots' },
    ],
  },
  {
    name: 'process',
    title: 'Process',
    description: 'The metrics of /metrics, of the collector and of the query service.',
    source: 'prometheus',
    panels: [
      {
        title: 'Queue',
        type: 'timeseries',
        width: 12,
        unit: 'bytes',
        metrics: {
          waiting: 'faultline_queue_bytes',
          'dead letters': 'faultline_dead_letter_bytes',
          bound: 'faultline_queue_max_bytes',
        },
      },
      {
        title: 'Oldest waiting entry',
        type: 'timeseries',
        width: 6,
        unit: 's',
        metrics: { '{{instance}}': 'faultline_queue_oldest_age_seconds' },
      },
      {
        title: 'Dead letters',
        type: 'timeseries',
        width: 6,
        metrics: { '{{instance}}': 'faultline_dead_letters' },
      },
      {
        title: 'OTLP requests a second',
        type: 'timeseries',
        width: 12,
        metrics: {
          '{{signal}} {{transport}} {{status}}':
            'sum by (signal, transport, status) (rate(faultline_requests_total[$__rate_interval]))',
        },
      },
      {
        title: 'Spans and log records a second',
        type: 'timeseries',
        width: 12,
        metrics: {
          received: 'sum(rate(faultline_items_received_total[$__rate_interval]))',
          kept: 'sum(rate(faultline_items_kept_total[$__rate_interval]))',
          skipped: 'sum(rate(faultline_items_skipped_total[$__rate_interval]))',
          rejected: 'sum(rate(faultline_items_rejected_total[$__rate_interval]))',
        },
      },
      {
        title: 'Inserts, 95 of 100 under',
        type: 'timeseries',
        width: 12,
        unit: 's',
        metrics: {
          '{{table}}':
            'histogram_quantile(0.95, sum by (le, table) (rate(faultline_insert_duration_seconds_bucket[$__rate_interval])))',
        },
      },
      {
        title: 'Questions, 95 of 100 under',
        type: 'timeseries',
        width: 12,
        unit: 's',
        metrics: {
          '{{route}}':
            'histogram_quantile(0.95, sum by (le, route) (rate(faultline_query_request_duration_seconds_bucket[$__rate_interval])))',
        },
      },
      {
        title: 'Questions a second',
        type: 'timeseries',
        width: 12,
        metrics: {
          '{{status}}': 'sum by (status) (rate(faultline_query_requests_total[$__rate_interval]))',
        },
      },
      {
        title: 'Memory',
        type: 'timeseries',
        width: 6,
        unit: 'bytes',
        metrics: { '{{kind}}': 'faultline_process_memory_bytes' },
      },
      {
        title: 'Refused',
        type: 'timeseries',
        width: 6,
        metrics: {
          'logins, {{door}}':
            'sum by (door) (rate(faultline_refused_logins_total[$__rate_interval]))',
          'logins, query': 'sum(rate(faultline_query_refused_logins_total[$__rate_interval]))',
          rows: 'sum(rate(faultline_refused_rows_total[$__rate_interval]))',
        },
      },
    ],
  },
];

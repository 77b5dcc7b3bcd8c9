/**
 * The engine's users.
 *
 * `faultline` writes: tables of ours, and those that other tools keep beside them. `query` is the query
 * service's own and reads our tables. `reader` is for people and their tools. The three have generated
 * passwords. `default` cannot be left out: the engine's start runs as it. It may log in once, which the
 * start does ({@link LOGIN_SERVER}), and never again.
 */
import { createHash } from 'node:crypto';
import { QUERY_LIMITS, READER_LIMITS, READER_LONGEST_S, WRITER_DEFAULTS } from './limits.ts';
import { type Xml, xmlFile } from './xml.ts';

export const USER_NAMES = ['faultline', 'query', 'reader'] as const;
export type UserName = (typeof USER_NAMES)[number];

/** Name of the configured server that says whether `default` may log in. */
export const LOGIN_SERVER = 'first_login';

/** No SOURCES: files, URLs and other databases stay out of reach, but for servers of a trial cluster. */
const WRITER_GRANTS = [
  'SHOW, SELECT, INSERT, ALTER, CREATE, DROP, UNDROP TABLE, TRUNCATE, OPTIMIZE, BACKUP, dictGet ON *.*',
  'KILL QUERY, KILL TRANSACTION, CLUSTER, REMOTE, CREATE TEMPORARY TABLE, CHECK ON *.*',
  `${['MERGES', 'TTL MERGES', 'FLUSH', 'SYNC REPLICA', 'RESTART REPLICA', 'RESTORE REPLICA', 'FETCHES', 'SENDS', 'REPLICATION QUEUES', 'DROP CACHE'].map((name) => `SYSTEM ${name}`).join(', ')} ON *.*`,
];

/** Engines that keep their data in the data folder, or have none. */
const WRITER_ENGINES = [
  ...['', 'Replacing', 'Summing', 'Aggregating', 'Collapsing', 'VersionedCollapsing'].flatMap(
    (kind) => [`${kind}MergeTree`, `Replicated${kind}MergeTree`],
  ),
  ...['Distributed', 'Merge', 'Buffer', 'Null', 'Memory', 'Log', 'TinyLog', 'StripeLog'],
  ...['Set', 'Join', 'Dictionary', 'GenerateRandom'],
];

/** What Grafana's dashboards, clients and `faultline doctor` read besides our tables. */
const READER_SYSTEM_TABLES = [
  ...['parts', 'tables', 'columns', 'databases', 'functions', 'formats', 'table_functions'],
  ...['settings', 'merge_tree_settings', 'data_type_families', 'build_options', 'one', 'numbers'],
  ...['keywords', 'time_zones', 'mutations', 'merges', 'table_engines', 'collations'],
];

const OUR_TABLES = 'SELECT, SHOW ON faultline.*';

/** @param passwords of the three users, in clear text */
export function usersConfig(passwords: Readonly<Record<UserName, string>>): string {
  const user = (name: UserName, grants: readonly string[], more: { [name: string]: Xml } = {}) => ({
    password_sha256_hex: createHash('sha256').update(passwords[name]).digest('hex'),
    networks: { ip: ['127.0.0.1', '::1'] },
    profile: name,
    quota: 'default',
    grants: { query: grants.map((grant) => `GRANT ${grant}`) },
    ...more,
  });
  const ours = { default_database: 'faultline' };
  return xmlFile({
    profiles: { default: {}, ...profiles() },
    quotas: { default: {} },
    users: {
      default: {
        http_authentication: { server: LOGIN_SERVER, scheme: 'basic' },
        networks: { ip: '127.0.0.1' },
        profile: 'default',
        quota: 'default',
      },
      faultline: user('faultline', [
        ...WRITER_GRANTS,
        ...WRITER_ENGINES.map((engine) => `TABLE ENGINE ON ${engine}`),
      ]),
      query: user('query', [OUR_TABLES], ours),
      reader: user(
        'reader',
        [OUR_TABLES, ...READER_SYSTEM_TABLES.map((table) => `SELECT ON system.${table}`)],
        ours,
      ),
    },
  });
}

/**
 * `final` reads a ReplacingMergeTree without resends, as every view of ours does. Formatting in threads of its own
 * costs a statement 0.7 ms of CPU, which is a third of `SELECT 1`.
 */
const SHARED = {
  implicit_select: 0,
  final: 1,
  async_insert: 0,
  output_format_parallel_formatting: 0,
} as const;

function profiles(): { [name: string]: Xml } {
  return {
    faultline: { ...SHARED, ...WRITER_DEFAULTS },
    // The query service goes before people's statements, which wait while it works.
    query: { ...SHARED, ...QUERY_LIMITS, ...READING, readonly: 2, priority: 1 },
    reader: {
      ...SHARED,
      ...READER_LIMITS,
      ...READING,
      readonly: 2,
      priority: 2,
      constraints: {
        max_execution_time: { min: 1, max: READER_LONGEST_S },
        max_memory_usage: { min: 1, max: READER_LIMITS.max_memory_usage },
        max_threads: { min: 1, max: READER_LIMITS.max_threads },
        max_result_rows: { min: 1, max: READER_LIMITS.max_result_rows },
        ...Object.fromEntries(CONSTANT.map((name) => [name, { const: {} }])),
      },
    },
  };
}

const READING = { cancel_http_readonly_queries_on_client_close: 1 } as const;
/** Not the reader's to change, in a request or with SET. */
const CONSTANT = [
  'max_concurrent_queries_for_user',
  'priority',
  'cancel_http_readonly_queries_on_client_close',
  'allow_introspection_functions',
  'format_template_row',
  'format_template_resultset',
  'format_template_row_format',
  'format_template_resultset_format',
  'format_schema',
  'output_format_schema',
];

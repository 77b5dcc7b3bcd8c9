/**
 * Which of a request's settings reach the engine.
 *
 * Settings go in as arguments when a connection is opened. The writer may give any setting that
 * the engine knows. The reader's connection is `readonly=1`, so only settings that shape the
 * answer or tighten a limit are taken; others that the engine knows are ignored, so that clients
 * which send their own with every query go on working.
 */
import { ClickHouseException, ErrorCode } from './exception.ts';
import { READER_CEILING, WRITER_DEFAULTS } from './limits.ts';

export type Role = 'reader' | 'writer';

/** Names the HTTP interface takes for itself, as the server does; never settings. */
const OF_THE_FRONT = new Set(
  `user password quota_key query query_id database default_format session_id session_timeout
   session_check compress decompress buffer_size wait_end_of_query client_protocol_version stacktrace
   close_session role http_write_exception_in_output_format enable_http_compression
   http_zlib_compression_level send_progress_in_http_headers http_headers_progress_interval_ms
   cancel_http_readonly_queries_on_client_close add_http_cors_header log_queries log_comment
   readonly http_response_buffer_size http_wait_end_of_query http_native_compression_disable_checksumming_on_decompress
   default_database`.split(/\s+/),
);

const READER_PREFIXES = [
  'output_format_json_',
  'output_format_csv_',
  'output_format_tsv_',
  'output_format_pretty_',
  'output_format_native_',
  'output_format_arrow_',
  'output_format_parquet_',
  'output_format_orc_',
  'output_format_binary_',
  'output_format_values_',
  'output_format_markdown_',
  'output_format_xml_',
];
const READER_NAMES = new Set(
  `session_timezone date_time_output_format output_format_write_statistics
   output_format_decimal_trailing_zeros output_format_float_precision bool_true_representation
   bool_false_representation max_result_rows max_result_bytes result_overflow_mode
   timeout_overflow_mode read_overflow_mode max_rows_to_read max_bytes_to_read max_block_size
   max_rows_to_group_by group_by_overflow_mode max_execution_time max_memory_usage max_threads
   limit offset extremes join_use_nulls group_by_use_nulls final union_default_mode
   intersect_default_mode except_default_mode prefer_column_name_to_alias cast_keep_nullable
   format_csv_delimiter any_join_distinct_right_table_keys joined_subquery_requires_alias
   enable_optimize_predicate_expression cast_string_to_dynamic_use_inference
   interval_output_format aggregate_functions_null_for_empty transform_null_in
   max_rows_in_set distinct_overflow_mode max_rows_in_distinct`.split(/\s+/),
);

/** True for a URL parameter that is no setting of the engine. */
export function belongsToFront(name: string): boolean {
  return OF_THE_FRONT.has(name) || name.startsWith('param_');
}

/**
 * Arguments for opening a connection that runs a request with these settings.
 *
 * @param known every setting name of this engine.
 * @throws ClickHouseException 115 UNKNOWN_SETTING for a name the engine has not.
 */
export function connectionArgs(
  role: Role,
  settings: ReadonlyMap<string, string>,
  known: ReadonlySet<string>,
): string[] {
  const given = new Map<string, string>();
  for (const [name, value] of settings) {
    if (!known.has(name)) {
      throw new ClickHouseException(ErrorCode.UNKNOWN_SETTING, `Unknown setting '${name}'.`);
    }
    if (value.includes('\0')) {
      throw new ClickHouseException(ErrorCode.BAD_ARGUMENTS, `Setting ${name} holds a NUL byte.`);
    }
    if (role === 'writer' || readerMay(name)) given.set(name, value);
  }
  const result = new Map<string, string>([
    ['implicit_select', '0'],
    ['final', '1'],
    ['async_insert', '0'],
    ...entries(role === 'writer' ? WRITER_DEFAULTS : {}),
    ...given,
  ]);
  if (role === 'reader') {
    result.set('allow_introspection_functions', '0');
    for (const [name, ceiling] of entries(READER_CEILING)) {
      const asked = Number(given.get(name) ?? 0);
      result.set(name, asked > 0 && asked < Number(ceiling) ? String(asked) : ceiling);
    }
  }
  const list = [...result]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `--${name}=${value}`);
  // Last, because nothing can be set after it.
  return role === 'reader' ? [...list, '--readonly=1'] : list;
}

function readerMay(name: string): boolean {
  return READER_NAMES.has(name) || READER_PREFIXES.some((prefix) => name.startsWith(prefix));
}

function entries(values: Readonly<Record<string, number>>): [string, string][] {
  return Object.entries(values).map(([name, value]) => [name, String(value)]);
}

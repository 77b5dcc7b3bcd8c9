/** The engine's server configuration: small caches and pools, durable inserts. */
import type { Configuration, Folder } from './folder.ts';
import { SERVER_MEMORY_BYTES } from './limits.ts';
import { LOGIN_SERVER } from './users.ts';
import { xmlFile } from './xml.ts';

const MiB = 1024 * 1024;

export interface ConfigOptions {
  folder: Folder;
  configuration: Configuration;
  host: string;
  httpPort: number;
  /** Port of the native protocol; null leaves it closed. */
  nativePort: number | null;
  /** Where the one login of `default` is asked about. */
  loginUrl: string;
}

/**
 * XML for the engine's `--config-file`.
 *
 * `fsync_after_insert`, `fsync_part_directory` and `min_rows_to_fsync_after_merge` stand here as defaults
 * for every MergeTree table, so an acknowledged insert survives a power cut without each DDL saying so, and
 * so does what it was merged into.
 */
export function serverConfig(options: ConfigOptions): string {
  const { folder, configuration, host, httpPort, nativePort, loginUrl } = options;
  return xmlFile({
    listen_host: host,
    http_port: httpPort,
    ...(nativePort === null ? {} : { tcp_port: nativePort }),
    user_directories: { users_xml: { path: configuration.usersFile } },
    http_authentication_servers: {
      [LOGIN_SERVER]: {
        uri: loginUrl,
        connection_timeout_ms: 2000,
        receive_timeout_ms: 2000,
        send_timeout_ms: 2000,
        max_tries: 1,
        retry_initial_backoff_ms: 10,
        retry_max_backoff_ms: 10,
      },
    },
    // A statement's error is its client's, and is not logged.
    logger: {
      console: 1,
      levels: { executeQuery: 'none', DynamicQueryHandler: 'none', TCPHandler: 'none' },
    },
    history_file: '/dev/null',
    backups: { allowed_path: folder.backups },
    max_server_memory_usage: SERVER_MEMORY_BYTES,
    memory_worker_period_ms: 1000,
    mark_cache_size: 64 * MiB,
    index_mark_cache_size: 16 * MiB,
    primary_index_cache_size: 32 * MiB,
    uncompressed_cache_size: 0,
    index_uncompressed_cache_size: 0,
    mmap_cache_size: 16,
    compiled_expression_cache_size: 16 * MiB,
    max_thread_pool_size: 200,
    max_io_thread_pool_size: 16,
    background_pool_size: 2,
    background_merges_mutations_concurrency_ratio: 2,
    background_schedule_pool_size: 4,
    background_fetches_pool_size: 1,
    background_move_pool_size: 1,
    background_common_pool_size: 2,
    keep_alive_timeout: 5,
    merge_tree: {
      fsync_after_insert: 1,
      fsync_part_directory: 1,
      min_rows_to_fsync_after_merge: 1,
      // Rows wait before the disk is quite full: docs/decisions/0085-failed-writes.md.
      min_free_disk_bytes_to_perform_insert: 16 * MiB,
      number_of_free_entries_in_pool_to_lower_max_size_of_merge: 1,
      number_of_free_entries_in_pool_to_execute_mutation: 1,
      number_of_free_entries_in_pool_to_execute_optimize_entire_partition: 1,
    },
  });
}

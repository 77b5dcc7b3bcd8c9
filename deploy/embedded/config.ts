/** The engine's server configuration: small caches and pools, durable inserts. */
import { SERVER_MEMORY_BYTES } from './limits.ts';

const MiB = 1024 * 1024;

/**
 * XML for the engine's `--config-file`.
 *
 * `fsync_after_insert` and `fsync_part_directory` stand here as defaults for every MergeTree
 * table, so an acknowledged insert survives a power cut without each DDL saying so.
 */
export function serverConfig(): string {
  return `<clickhouse>
  <max_server_memory_usage>${SERVER_MEMORY_BYTES}</max_server_memory_usage>
  <mark_cache_size>${64 * MiB}</mark_cache_size>
  <index_mark_cache_size>${16 * MiB}</index_mark_cache_size>
  <primary_index_cache_size>${32 * MiB}</primary_index_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <index_uncompressed_cache_size>0</index_uncompressed_cache_size>
  <mmap_cache_size>16</mmap_cache_size>
  <compiled_expression_cache_size>${16 * MiB}</compiled_expression_cache_size>
  <query_condition_cache_size>${8 * MiB}</query_condition_cache_size>
  <max_thread_pool_size>200</max_thread_pool_size>
  <max_io_thread_pool_size>16</max_io_thread_pool_size>
  <background_pool_size>2</background_pool_size>
  <background_merges_mutations_concurrency_ratio>2</background_merges_mutations_concurrency_ratio>
  <background_schedule_pool_size>4</background_schedule_pool_size>
  <background_fetches_pool_size>1</background_fetches_pool_size>
  <background_move_pool_size>1</background_move_pool_size>
  <background_common_pool_size>2</background_common_pool_size>
  <merge_tree>
    <fsync_after_insert>1</fsync_after_insert>
    <fsync_part_directory>1</fsync_part_directory>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>1</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
    <number_of_free_entries_in_pool_to_execute_mutation>1</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>1</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
  </merge_tree>
</clickhouse>
`;
}

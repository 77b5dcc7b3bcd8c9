-- Rows and bytes on disk of each table, resends that are not merged yet included.
SELECT
    table,
    sum(rows) AS rows,
    sum(bytes_on_disk) AS bytes,
    sum(data_uncompressed_bytes) / nullIf(sum(data_compressed_bytes), 0) AS compression,
    count() AS parts,
    max(modification_time) AS last_change
FROM system.parts
WHERE active AND database = currentDatabase()
GROUP BY table
ORDER BY bytes DESC

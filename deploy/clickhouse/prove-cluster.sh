#!/bin/sh
# Proves on a cluster of yours with a keeper what the tests of Faultline cannot run: ON CLUSTER, replication, a replica away.
#   CLUSTER=prod URLS="http://ch-1:8123 http://ch-2:8123" CLICKHOUSE_USER=… CLICKHOUSE_PASSWORD=… COLLECTOR=http://collector:4318 \
#     deploy/clickhouse/prove-cluster.sh
# Needs curl. It sends 300 failures of the agent `prove-cluster`; `faultline forget --agent prove-cluster` removes them.
set -eu
: "${CLUSTER:?name of the cluster}" "${URLS:?addresses of all its servers}" "${COLLECTOR:?OTLP over HTTP}"
first=${URLS%% *}
failed=0

ask() { # url, statement
  curl -sS --fail-with-body -H "X-ClickHouse-User: ${CLICKHOUSE_USER:-default}" -H "X-ClickHouse-Key: ${CLICKHOUSE_PASSWORD:-}" \
    --data-binary "$2" "$1/?database=faultline"
}
check() { # what, expected, got
  if [ "$2" = "$3" ]; then printf 'ok      %s: %s\n' "$1" "$3"; else
    printf 'WRONG   %s: expected %s, got %s\n' "$1" "$2" "$3"
    failed=1
  fi
}
everywhere="clusterAllReplicas('$CLUSTER', system"
servers=$(ask "$first" "SELECT count() FROM system.clusters WHERE cluster = '$CLUSTER'")
check 'addresses that are given' "$servers" "$(echo "$URLS" | wc -w | tr -d ' ')"

# What ON CLUSTER made is on every server, and the same.
check 'kinds of servers by their tables' 1 "$(ask "$first" "SELECT uniqExact(t) FROM (SELECT hostName() AS h, tcpPort() AS p,
  cityHash64(arraySort(groupArray(concat(name, create_table_query)))) AS t FROM $everywhere.tables) WHERE database = 'faultline' GROUP BY h, p)")"
check 'read-only replicas' 0 "$(ask "$first" "SELECT countIf(is_readonly) FROM $everywhere.replicas) WHERE database = 'faultline'")"
check 'replicas that are not active' 0 "$(ask "$first" "SELECT sum(total_replicas - active_replicas) FROM $everywhere.replicas) WHERE database = 'faultline'")"

send() { # first, last
  spans=
  for n in $(seq "$1" "$2"); do
    id=$(printf '%016x' "$n")
    now=$(($(date +%s) - 60))000000000
    spans="$spans${spans:+,}{\"traceId\":\"f00d0000f00d0000$id\",\"spanId\":\"$id\",\"name\":\"execute_node prove\",\"kind\":1,\"startTimeUnixNano\":\"$now\",\"endTimeUnixNano\":\"$now\",\"status\":{\"code\":2,\"message\":\"broke\"},\"attributes\":[{\"key\":\"gen_ai.agent.id\",\"value\":{\"stringValue\":\"prove-cluster\"}},{\"key\":\"graph.id\",\"value\":{\"stringValue\":\"g\"}},{\"key\":\"graph.run.id\",\"value\":{\"stringValue\":\"prove-$n\"}},{\"key\":\"graph.node.id\",\"value\":{\"stringValue\":\"prove\"}},{\"key\":\"graph.node.attempt\",\"value\":{\"intValue\":1}},{\"key\":\"error.type\",\"value\":{\"stringValue\":\"Proof\"}}]}"
  done
  curl -sS --fail-with-body -o /dev/null -H 'content-type: application/json' ${FAULTLINE_INGEST_TOKEN:+-H "authorization: Bearer $FAULTLINE_INGEST_TOKEN"} \
    --data-binary "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[$spans]}]}]}" "$COLLECTOR/v1/traces"
}
count() { ask "$1" "SELECT count() FROM failures FINAL WHERE agent_id = 'prove-cluster'"; }
counted() { # what, expected: on every server, waiting up to two minutes for the queue and for replication
  for url in $URLS; do
    for _ in $(seq 60); do [ "$(count "$url" 2>/dev/null || true)" = "$2" ] && break || sleep 2; done
    check "$1, counted through $url" "$2" "$(count "$url" 2>&1)"
  done
}
send 1 200
counted 'failures sent' 200
printf '\nStop one replica of a shard now (systemctl stop clickhouse-server), then press return.\n'
read -r _
send 101 300
printf 'Start it again, then press return.\n'
read -r _
send 1 300
counted 'failures after a replica was away, all sent twice' 300
[ "$failed" = 0 ] && echo 'All of it holds.' || { echo 'Something does not hold: see WRONG above.'; exit 1; }

#!/bin/sh
# Proves on a cluster of yours with a keeper what the tests of Faultline cannot run: ON CLUSTER, replication, a replica away.
#   CLUSTER=prod URLS="http://ch-1:8123 http://ch-2:8123" CLICKHOUSE_USER=… CLICKHOUSE_PASSWORD=… COLLECTOR=http://collector:4318 \
#     deploy/clickhouse/prove-cluster.sh
# Needs curl. It sends 300 failures of an agent that it names; `faultline forget --agent …` removes them.
set -eu
: "${CLUSTER:?name of the cluster}" "${URLS:?addresses of all its servers}" "${COLLECTOR:?OTLP over HTTP}"
first=${URLS%% *}
failed=0
# What is sent twice has to be the same.
start=$(($(date +%s) - 60))
agent=prove-cluster-$start

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
end() { # what it means when something does not hold
  if [ "$failed" = 0 ]; then return; fi
  printf '\n%s\n' "$1"
  exit 1
}
everywhere="clusterAllReplicas('$CLUSTER', system"
servers=$(ask "$first" "SELECT count() FROM system.clusters WHERE cluster = '$CLUSTER'")
check 'addresses that are given' "$servers" "$(echo "$URLS" | wc -w | tr -d ' ')"

# There is something to prove.
check 'the keeper answers' 1 "$(ask "$first" "SELECT count() > 0 FROM system.zookeeper WHERE path = '/'" 2>&1)"
check 'shards with one replica only' 0 "$(ask "$first" "SELECT count() FROM (SELECT shard_num FROM system.clusters WHERE cluster = '$CLUSTER'
  GROUP BY shard_num HAVING count() = 1)")"
check 'tables that are not replicated' 0 "$(ask "$first" "SELECT count() FROM $everywhere.tables) WHERE database = 'faultline'
  AND engine LIKE '%MergeTree' AND engine NOT LIKE 'Replicated%'")"
end 'No replication is here: the rest would prove nothing. Nothing was sent.'

# What ON CLUSTER made is on every server, and the same; and it works now.
check 'kinds of servers by their tables' 1 "$(ask "$first" "SELECT uniqExact(t) FROM (SELECT hostName() AS h, tcpPort() AS p,
  cityHash64(arraySort(groupArray(concat(name, create_table_query)))) AS t FROM $everywhere.tables) WHERE database = 'faultline' GROUP BY h, p)")"
check 'read-only replicas' 0 "$(ask "$first" "SELECT countIf(is_readonly) FROM $everywhere.replicas) WHERE database = 'faultline'")"
check 'replicas that are not active' 0 "$(ask "$first" "SELECT sum(total_replicas - active_replicas) FROM $everywhere.replicas) WHERE database = 'faultline'")"
on_cluster() { answer=$(ask "$first" "$1 ON CLUSTER '$CLUSTER' $2" 2>&1) || printf '%s\n' "$answer"; }
on_cluster 'CREATE TABLE IF NOT EXISTS faultline.prove_cluster' '(n UInt8) ENGINE = MergeTree ORDER BY n'
check 'servers with a table made ON CLUSTER' "$servers" "$(ask "$first" "SELECT count() FROM $everywhere.tables) WHERE database = 'faultline' AND name = 'prove_cluster'")"
on_cluster 'DROP TABLE IF EXISTS faultline.prove_cluster' SYNC

send() { # first, last
  spans=
  for n in $(seq "$1" "$2"); do
    id=$(printf '%016x' "$n")
    spans="$spans${spans:+,}{\"traceId\":\"$(printf %016x "$start")$id\",\"spanId\":\"$id\",\"name\":\"execute_node prove\",\"kind\":1,\"startTimeUnixNano\":\"${start}000000000\",\"endTimeUnixNano\":\"${start}000000000\",\"status\":{\"code\":2,\"message\":\"broke\"},\"attributes\":[{\"key\":\"gen_ai.agent.id\",\"value\":{\"stringValue\":\"$agent\"}},{\"key\":\"graph.id\",\"value\":{\"stringValue\":\"g\"}},{\"key\":\"graph.run.id\",\"value\":{\"stringValue\":\"$agent-$n\"}},{\"key\":\"graph.node.id\",\"value\":{\"stringValue\":\"prove\"}},{\"key\":\"graph.node.attempt\",\"value\":{\"intValue\":1}},{\"key\":\"error.type\",\"value\":{\"stringValue\":\"Proof\"}}]}"
  done
  printf '{"resourceSpans":[{"scopeSpans":[{"spans":[%s]}]}]}' "$spans" |
    curl -sS --fail-with-body -o /dev/null -H 'content-type: application/json' \
      ${FAULTLINE_INGEST_TOKEN:+-H "authorization: Bearer $FAULTLINE_INGEST_TOKEN"} --data-binary @- "$COLLECTOR/v1/traces"
}
count() { ask "$1" "SELECT count() FROM failures FINAL WHERE agent_id = '$agent'"; }
counted() { # what, expected: on every server, waiting up to two minutes for the queue and for replication
  for url in $URLS; do
    for _ in $(seq 60); do
      if [ "$(count "$url" 2> /dev/null || true)" = "$2" ]; then break; fi
      sleep 2
    done
    check "$1, counted through $url" "$2" "$(count "$url" 2>&1)"
  done
}
# Shards of which replicas hold different rows.
apart() {
  for url in $URLS; do
    ask "$url" "SELECT getMacro('shard'), uniqExact(failure_id), sum(cityHash64(failure_id)) FROM failures_local FINAL WHERE agent_id = '$agent'"
  done | sort -u | cut -f 1 | uniq -d | wc -l | tr -d ' '
}
same() { # waits up to two minutes
  for _ in $(seq 60); do
    if [ "$(apart 2> /dev/null || true)" = 0 ]; then break; fi
    sleep 2
  done
  check "$1" 0 "$(apart 2>&1)"
}
echo "agent   $agent"
send 1 200
counted 'failures sent' 200
same 'shards of which replicas differ'
printf '\nStop one replica of a shard now (systemctl stop clickhouse-server), then press return.\n'
read -r _
send 101 300
printf 'Start it again, then press return.\n'
read -r _
send 1 300
counted 'failures after a replica was away, all sent twice' 300
same 'shards of which replicas differ after that'
end 'Something does not hold: see WRONG above.'
echo 'All of it holds.'

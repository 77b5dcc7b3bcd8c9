#!/bin/sh
# Does what a ClickHouse server does, as far as the embedded engine can. Its users may come from their own machine
# only, so HTTP goes through a proxy on it.
set -eu
data=/var/lib/clickhouse
(umask 077 && printf %s "$CLICKHOUSE_PASSWORD" > "$data/writer-password")
cluster=/etc/clickhouse-server/config.d/cluster.xml
config=/tmp/config.xml
{
  echo '<clickhouse><listen_host replace="1">0.0.0.0</listen_host>'
  [ ! -f "$cluster" ] || sed -e '/<zookeeper>/d; /<distributed_ddl>/d; s|</\{0,1\}clickhouse>||' \
    -e "s|<secret from_env=\"CLUSTER_SECRET\"/>|<secret>${CLUSTER_SECRET:-}</secret>|" "$cluster"
  echo '</clickhouse>'
} > "$config"
node -e 'const { createServer, connect } = require("node:net");
createServer((from) => {
  const to = connect(18123, "127.0.0.1");
  for (const end of [from, to]) end.on("error", () => { from.destroy(); to.destroy(); });
  from.pipe(to).pipe(from);
}).listen(8123, "0.0.0.0");' &
exec node /app/node_modules/faultline/dist/deploy/cli/faultline.js engine \
  --data-dir "$data" --http-port 18123 --native-port 9000 --config "$config" --json

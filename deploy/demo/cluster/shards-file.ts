// The configuration of a trial cluster on one machine: ports, and the file that every engine gets.
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';

/** Ports that nobody listens on, all different since they are held until all are known. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => new Promise((done) => server.once('listening', done))));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

/**
 * XML for `faultline engine --config`. With a secret, statements run on the other shards as the user who sent them.
 * @param nativePorts of the shards, in their order
 */
export function shardsXml(cluster: string, nativePorts: readonly number[]): string {
  const shards = nativePorts.map(
    (port) =>
      '<shard><internal_replication>true</internal_replication>' +
      `<replica><host>127.0.0.1</host><port>${port}</port></replica></shard>`,
  );
  const secret = randomBytes(16).toString('hex');
  return `<clickhouse><remote_servers><${cluster}><secret>${secret}</secret>${shards.join('')}</${cluster}></remote_servers></clickhouse>`;
}

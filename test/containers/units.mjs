// The units of deploy/systemd in a systemd of their own: the whole service, killed and started again, then a role in each unit.
import { buildMachine, podman, succeeds, TOKENS, until } from './machine.mjs';
import { counted, expect, Service } from './service.mjs';

const NAME = 'machine';
const sh = (script) => podman('exec', NAME, 'sh', '-c', script);
const property = (unit, name) => sh(`systemctl show ${unit} --property ${name} --value`);
const mainStatus = (field) =>
  sh(`awk '/^${field}:/ { print $2 }' /proc/$(systemctl show faultline -p MainPID --value)/status`);

/** Ports of the parts, beside the service with the engine. */
const ROLE = { http: 5318, grpc: 5317, query: 5320 };

const settings = (values) =>
  Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n');

/** Over the engine of the whole service, as a server of one's own would be. */
function writeRoles() {
  const password = sh('cat /var/lib/private/faultline/writer-password');
  const both = {
    FAULTLINE_CLICKHOUSE_URL: 'http://127.0.0.1:8123',
    FAULTLINE_CLICKHOUSE_USER: 'faultline',
    FAULTLINE_CLICKHOUSE_PASSWORD: password,
    FAULTLINE_OTLP_HTTP_PORT: ROLE.http,
    FAULTLINE_OTLP_GRPC_PORT: ROLE.grpc,
    FAULTLINE_QUERY_PORT: ROLE.query,
    FAULTLINE_HOST: '0.0.0.0',
  };
  sh(`echo '${settings(both)}' > /etc/faultline-collector.env`);
  const query = { ...both, FAULTLINE_COLLECTOR_URL: `http://127.0.0.1:${ROLE.http}` };
  sh(`echo '${settings(query)}' > /etc/faultline-query.env`);
}

export async function units() {
  buildMachine();
  const ports = [4318, 4320, ROLE.http, ROLE.query].flatMap((port) => [
    '--publish',
    `127.0.0.1:${port}:${port}`,
  ]);
  const service = new Service();
  const parts = new Service({ collector: ROLE.http, query: [ROLE.query] });
  try {
    // systemd makes namespaces for the units.
    podman(
      'run',
      '--detach',
      '--name',
      NAME,
      '--systemd',
      'always',
      '--privileged',
      ...ports,
      'localhost/faultline-machine',
    );
    await until('systemd runs', () => succeeds('exec', NAME, 'systemctl', 'list-units'));
    sh(
      `umask 077; echo '${settings({ ...TOKENS, FAULTLINE_HOST: '0.0.0.0' })}' > /etc/faultline.env`,
    );
    sh('systemctl enable --now faultline');
    await service.ready();
    expect('capabilities', '0000000000000000', mainStatus('CapBnd'));
    expect('system calls are filtered', '2', mainStatus('Seccomp'));
    expect(
      'mode of the data folder',
      'drwx------',
      sh('ls -ld /var/lib/private/faultline | cut -c 1-10'),
    );
    const warned = sh("journalctl -u faultline | grep -c 'cannot be locked' || true");
    expect('warnings that the engine is not locked', '0', warned);
    await service.send('unit', 40);
    sh('systemctl kill --signal KILL faultline');
    await until('it is started again', () => property('faultline', 'NRestarts') === '1');
    await service.ready();
    await counted(service, 'unit', 40, 'acknowledged before a kill');
    writeRoles();
    sh('systemctl start faultline@collector faultline@query');
    await parts.ready();
    await parts.send('roles', 40);
    await counted(parts, 'roles', 40, 'through faultline@collector and faultline@query');
    sh('systemctl stop faultline@query faultline@collector faultline');
    for (const unit of ['faultline', 'faultline@collector', 'faultline@query']) {
      expect(
        `how ${unit} ended`,
        'success 0',
        `${property(unit, 'Result')} ${property(unit, 'ExecMainStatus')}`,
      );
    }
  } finally {
    await Promise.all([service.close(), parts.close()]);
    succeeds('rm', '--force', NAME);
  }
}

// `npm run test:containers`: builds the image of deploy/compose/Containerfile and runs it as the files of deploy say: alone
// with a root that cannot be written, with each file of compose, and as the pods of Kubernetes. By hand: a quarter of an
// hour, root, Debian's podman, buildah, runc, netavark, aardvark-dns, debootstrap and iptables; FAULTLINE_COMPOSE names a Docker Compose that is not
// `docker compose`. `-- cluster`: only those with that word in their name. FAULTLINE_IMAGE_IS_BUILT=1 takes the images of the run before.
// What cannot run is left out, and the screen says so.
import { readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import {
  buildGateway,
  buildImage,
  compose,
  composeMissing,
  missing,
  podman,
  prepare,
  serve,
  succeeds,
  TOKENS,
  until,
} from './machine.mjs';
import { counted, expect, Service } from './service.mjs';
import { units } from './units.mjs';

const HARDENED = [
  ...['--read-only', '--tmpfs', '/tmp', '--cap-drop', 'all'],
  ...['--security-opt', 'no-new-privileges', '--memory', '3g'],
];
const PORTS = [4317, 4318, 4320].flatMap((port) => ['--publish', `127.0.0.1:${port}:${port}`]);

const inside = (name, script) => podman('exec', name, 'sh', '-c', script);

async function alone() {
  const variables = ['INGEST', 'QUERY', 'ADMIN'].flatMap((kind) => {
    const name = `FAULTLINE_${kind}_TOKEN`;
    return ['--env', `${name}=${TOKENS[name]}`];
  });
  const start = (...more) =>
    podman(
      'run',
      '--detach',
      '--name',
      'alone',
      '--volume',
      'alone:/data',
      ...PORTS,
      ...HARDENED,
      ...variables,
      ...more,
      'faultline',
    );
  const service = new Service();
  try {
    start();
    await service.ready();
    expect('user', '1000', inside('alone', 'id -u'));
    expect(
      'root can be written',
      'no',
      inside('alone', 'touch /x 2> /dev/null && echo yes || echo no'),
    );
    expect(
      'capabilities',
      '0000000000000000',
      inside('alone', "awk '/CapEff/ { print $2 }' /proc/1/status"),
    );
    expect('healthy', true, succeeds('healthcheck', 'run', 'alone'));
    expect('a question without and with a token', '401,200', await service.doors());
    await service.send('one', 40);
    await counted(service, 'one', 40, 'sent');
    expect('the brief names the node', true, (await service.brief('one')).includes('parse'));
    // Not waited for: what was acknowledged is on the volume.
    await service.send('two', 40);
    podman('kill', '--signal', 'KILL', 'alone');
    podman('rm', '--force', 'alone');
    start('--env', 'FAULTLINE_LOG_LEVEL=warn');
    await service.ready();
    await counted(service, 'one', 40, 'after a kill, in another container');
    await counted(service, 'two', 40, 'acknowledged just before the kill');
    podman('stop', '--time', '30', 'alone');
    expect(
      'exit code after SIGTERM',
      '0',
      podman('inspect', 'alone', '--format', '{{.State.ExitCode}}'),
    );
    podman('rm', 'alone');
    start('--env', 'FAULTLINE_OTLP_HTTP_PORT=5318', '--env', 'FAULTLINE_QUERY_PORT=5320');
    await until('it is healthy on other ports', () => succeeds('healthcheck', 'run', 'alone'));
    expect('healthy on other ports', true, true);
  } finally {
    await service.close();
    succeeds('rm', '--force', 'alone');
    succeeds('volume', 'rm', 'alone');
  }
}

/** Starts a file of compose, kills services of it, and counts. */
async function composed(file, ports, kills) {
  const service = new Service(ports);
  try {
    await compose(file, 'up', '--detach', '--no-build', '--pull', 'never');
    await service.ready();
    expect('a question without and with a token', '401,200', await service.doors());
    await service.send('before', 40);
    await counted(service, 'before', 40, 'through every query service');
    for (const name of kills) {
      // As a crash: Podman's service does not restart what it was told to kill.
      const container = `faultline-${name}-1`;
      podman('kill', '--signal', 'KILL', container);
      const sent = service.send(name, 40);
      podman('start', container);
      await sent;
      await counted(service, name, 40, `sent while ${name} was away`);
    }
    await counted(service, 'before', 40, 'of before');
  } finally {
    await service.close();
    await compose(file, 'down', '--volumes');
  }
}

async function cluster() {
  buildGateway();
  await composed('cluster.yaml', {}, ['clickhouse-2', 'collector-1', 'query-1']);
}

/**
 * The pods of the manifests as `podman kube play` takes them: no StatefulSet, no claims that it makes, secrets in place, and no
 * probes, which it would make with a curl inside the container.
 */
async function pods() {
  const text = readFileSync(
    new URL('../../deploy/kubernetes/faultline.yaml', import.meta.url),
    'utf8',
  );
  const all = parseAllDocuments(text).map((document) => document.toJS());
  const config = all.find(({ kind }) => kind === 'ConfigMap');
  const { address } = await server();
  config.data.FAULTLINE_CLICKHOUSE_URL = `http://${address}:8123`;
  const ours = all.filter(({ kind }) => kind === 'StatefulSet' || kind === 'Deployment');
  const played = ours.map(({ metadata, spec }) => podOf(metadata.name, spec));
  const file = join(tmpdir(), 'faultline-pods.yaml');
  writeFileSync(file, [config, ...played].map((one) => stringify(one)).join('---\n'));
  const service = new Service();
  try {
    podman('play', 'kube', '--network', 'pods', file);
    await service.ready();
    expect('user', '1000', inside('collector-collector', 'id -u'));
    await service.send('pods', 40);
    await counted(service, 'pods', 40, 'through the pods');
    await service.send('kept', 40);
    podman('kill', '--signal', 'KILL', 'collector-collector');
    podman('pod', 'start', 'collector');
    await counted(service, 'kept', 40, 'acknowledged before a kill of the collector');
  } finally {
    await service.close();
    succeeds('play', 'kube', '--down', file);
    for (const what of [
      ['rm', '--force', 'clickhouse'],
      ['volume', 'rm', 'data'],
      ['network', 'rm', 'pods'],
    ])
      succeeds(...what);
  }
}

async function server() {
  podman('network', 'create', 'pods');
  const password = `CLICKHOUSE_PASSWORD=${TOKENS.CLICKHOUSE_PASSWORD}`;
  const image = 'docker.io/clickhouse/clickhouse-server:26.7';
  podman('run', '--detach', '--name', 'clickhouse', '--network', 'pods', '--env', password, image);
  await until('ClickHouse answers', () =>
    succeeds('exec', 'clickhouse', 'wget', 'http://127.0.0.1:8123/ping'),
  );
  const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}';
  return { address: podman('inspect', 'clickhouse', '--format', format) };
}

function podOf(name, spec) {
  const [container] = spec.template.spec.containers;
  const { startupProbe: _, livenessProbe: __, readinessProbe: ___, ...withoutProbes } = container;
  const secret = ({ name: variable }) => TOKENS[variable] ?? TOKENS.CLICKHOUSE_PASSWORD;
  const values = container.env.map((one) => ({ name: one.name, value: secret(one) }));
  const claims = (spec.volumeClaimTemplates ?? []).map(({ metadata }) => ({
    name: metadata.name,
    persistentVolumeClaim: { claimName: metadata.name },
  }));
  const ports = container.ports.map((port) => ({
    ...port,
    hostPort: port.containerPort,
    hostIP: '127.0.0.1',
  }));
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: spec.template.metadata.labels },
    spec: {
      ...spec.template.spec,
      volumes: [...spec.template.spec.volumes, ...claims],
      containers: [{ ...withoutProbes, image: 'localhost/faultline', env: values, ports }],
    },
  };
}

const STORIES = [
  { name: 'alone: podman run, read-only root', run: alone },
  { name: 'compose.yaml', run: () => composed('compose.yaml', {}, ['faultline']), composes: true },
  {
    name: 'scaled.yaml',
    run: () =>
      composed('scaled.yaml', { query: [4320, 4321] }, ['clickhouse', 'collector', 'query-1']),
    composes: true,
  },
  { name: 'cluster.yaml: without the keeper', run: cluster, composes: true },
  { name: 'pods of kubernetes/faultline.yaml', run: pods },
  { name: 'units of systemd/', run: units },
];

const absent = missing();
if (absent !== '') {
  console.log(`left out, everything: needs ${absent}`);
  process.exit(1);
}
prepare();
const wanted = STORIES.filter(({ name }) => name.includes(process.argv[2] ?? ''));
console.log('building the image of deploy/compose/Containerfile');
if (!process.env.FAULTLINE_IMAGE_IS_BUILT) buildImage();
const end = await serve();
const noCompose = await composeMissing();
let failed = 0;
for (const { name, run, composes } of wanted) {
  if (composes && noCompose) {
    console.log(`${name}: left out (${noCompose})`);
    continue;
  }
  console.log(name);
  await run().catch((error) => {
    failed++;
    console.log(`  FAILED  ${error.message}`);
  });
}
end();
console.log(failed === 0 ? 'all of it ran' : `${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

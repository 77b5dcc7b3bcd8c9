// What runs containers here: Podman and Buildah with a storage of their own, and images made of Debian's packages, since
// registries of images may be out of reach.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const here = fileURLToPath(new URL('./', import.meta.url));
/** Kept from run to run: images are large. */
const folder = join(tmpdir(), 'faultline-containers');
const socket = join(folder, 'podman.sock');
const NODE = '22.23.3';
const REGISTRY = 'docker.io';

const CONTAINERS_CONF = `[containers]
# Hard limits of this process may be lower than Podman's own.
default_ulimits = ["nofile=16384:16384", "nproc=8192:8192"]
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
`;
const STORAGE_CONF = `[storage]
driver = "overlay"
graphroot = "${folder}/storage"
runroot = "${folder}/run"
`;
export const TOKENS = {
  FAULTLINE_INGEST_TOKEN: 'ingest-token-of-the-test',
  FAULTLINE_QUERY_TOKEN: 'query-token-of-the-test',
  FAULTLINE_ADMIN_TOKEN: 'admin-token-of-the-test',
  CLICKHOUSE_PASSWORD: 'password-of-the-test',
  CLUSTER_SECRET: 'secret-of-the-test',
};
const env = {
  ...process.env,
  ...TOKENS,
  CONTAINERS_CONF: join(folder, 'containers.conf'),
  CONTAINERS_STORAGE_CONF: join(folder, 'storage.conf'),
  DOCKER_HOST: `unix://${socket}`,
};

/** @returns what it printed. @throws {Error} with what it printed when it fails */
export function run(command, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    cwd: root,
    env,
    maxBuffer: 1 << 26,
    ...options,
  });
  if (status === 0) return stdout.trim();
  const printed = `${stderr ?? ''}${stdout ?? ''}`.trim().split('\n').slice(-15).join('\n');
  throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? printed}`);
}

export const podman = (...args) => run('podman', args);

/** @returns whether it ends with 0 */
export const succeeds = (...args) =>
  spawnSync('podman', args, { env, stdio: 'ignore' }).status === 0;

/** What is missing here; '' when nothing is. */
export function missing() {
  if (process.platform !== 'linux' || process.getuid() !== 0) return 'root on Linux';
  const has = (program) => spawnSync('which', [program]).status === 0;
  const programs = ['podman', 'buildah', 'runc', 'debootstrap', 'iptables'];
  return programs.filter((program) => !has(program)).join(', ');
}

export function prepare() {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'containers.conf'), CONTAINERS_CONF);
  writeFileSync(join(folder, 'storage.conf'), STORAGE_CONF);
}

const build = (tag, ...args) =>
  run('buildah', [
    'build',
    '--isolation',
    'chroot',
    '--network',
    'host',
    '--format',
    'docker',
    '--pull=never',
    '--tag',
    tag,
    ...args,
  ]);

/** Makes the base image, unless it is there, and the image of the container file. */
export function buildImage() {
  const base = `${REGISTRY}/library/node:22-bookworm-slim`;
  const options = ['--change', 'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt'];
  if (!succeeds('image', 'exists', base)) {
    importRoot(base, 'bookworm', ['ca-certificates'], addNode, options);
  }
  build('localhost/faultline', '--file', 'deploy/compose/Containerfile', '.');
  build(`${REGISTRY}/clickhouse/clickhouse-server:26.7`, `${here}server`);
  build(`${REGISTRY}/clickhouse/clickhouse-keeper:26.7`, `${here}keeper`);
}

/** A machine with systemd. */
export const buildMachine = () =>
  build('localhost/faultline-machine', '--file', `${here}systemd/Containerfile`, 'deploy/systemd');

/** nginx of a Debian that has 1.27.3 or later. */
export function buildGateway() {
  const gateway = `${REGISTRY}/library/nginx:1.29`;
  if (succeeds('image', 'exists', gateway)) return;
  // The resolver of Docker has another address here.
  const start =
    "sed s/127.0.0.11/$(awk '/^nameserver/ { print $2; exit }' /etc/resolv.conf)/ /etc/nginx/nginx.conf > /tmp/nginx.conf; " +
    "exec nginx -c /tmp/nginx.conf -g 'daemon off;'";
  const change = `CMD ${JSON.stringify(['sh', '-c', start])}`;
  importRoot(gateway, 'forky', ['nginx'], () => {}, ['--change', change]);
}

function importRoot(tag, suite, packages, change, options = []) {
  const debian = join(folder, suite);
  if (!existsSync(join(debian, 'usr/bin/env'))) {
    // Any script of a Debian of these years does for the next.
    const script = '/usr/share/debootstrap/scripts/trixie';
    const include = `--include=${packages.join()}`;
    run('debootstrap', [
      '--variant=minbase',
      include,
      suite,
      debian,
      'http://deb.debian.org/debian',
      script,
    ]);
  }
  change(debian);
  const tar = join(folder, 'root.tar');
  run('tar', ['-C', debian, '--exclude=./var/cache/apt', '-cf', tar, '.']);
  podman('import', ...options, tar, tag);
  run('rm', [tar]);
}

/** As the official image has it: Node and npm below /usr/local, a user of the number 1000. */
function addNode(debian) {
  const packages = join(folder, 'packages');
  mkdirSync(packages, { recursive: true });
  const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
  const wanted = [`node-linux-${arch}@${NODE}`, 'npm@10'];
  run('npm', ['install', '--prefix', packages, '--no-save', '--ignore-scripts', ...wanted]);
  const local = join(debian, 'usr/local');
  run('install', [join(packages, `node_modules/node-linux-${arch}/bin/node`), `${local}/bin/node`]);
  run('mkdir', ['-p', `${local}/lib/node_modules`]);
  run('cp', ['-r', join(packages, 'node_modules/npm'), `${local}/lib/node_modules/`]);
  for (const name of ['npm', 'npx']) {
    run('ln', ['-sf', `../lib/node_modules/npm/bin/${name}-cli.js`, `${local}/bin/${name}`]);
  }
  const user = 'groupadd --gid 1000 node && useradd --uid 1000 --gid node --create-home node';
  run('chroot', [debian, 'sh', '-c', `id node 2> /dev/null || { ${user}; }`]);
  // The authorities of this machine, should it have some of its own.
  run('cp', ['/etc/ssl/certs/ca-certificates.crt', join(debian, 'etc/ssl/certs/')]);
}

/** Podman's service, which Docker Compose works with. @returns ends it */
export async function serve() {
  const service = spawn('podman', ['system', 'service', '--time', '0', `unix://${socket}`], {
    env,
    stdio: 'ignore',
  });
  // Without systemd nobody has the health checks made.
  const checks = setInterval(() => {
    for (const name of podman('ps', '--format', '{{.Names}}').split('\n').filter(Boolean)) {
      spawn('podman', ['healthcheck', 'run', name], { env, stdio: 'ignore' });
    }
  }, 10_000);
  await until('podman answers', () => existsSync(socket));
  return () => {
    clearInterval(checks);
    service.kill();
  };
}

/** Runs Docker Compose while health checks go on. @param file of deploy/compose */
export async function compose(file, ...args) {
  const [command, ...first] = (process.env.FAULTLINE_COMPOSE ?? 'docker compose').split(' ');
  const options = ['--project-name', 'faultline', '--file', `deploy/compose/${file}`];
  const child = spawn(command, [...first, ...options, ...args], { cwd: root, env });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      printed += data;
    });
  }
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`compose ${args.join(' ')}: ${printed.slice(-2_000)}`);
}

/** @returns why Compose cannot be had; '' when it can */
export async function composeMissing() {
  return compose('compose.yaml', 'version').then(
    () => '',
    (error) => error.message.trim().split('\n')[0],
  );
}

/** @throws {Error} when it does not come about within four minutes */
export async function until(what, holds) {
  let reason;
  for (const end = Date.now() + 240_000; Date.now() < end; await wait(500)) {
    try {
      if (await holds()) return;
    } catch (error) {
      reason = error;
    }
  }
  throw new Error(`waited in vain until ${what}${reason ? `: ${reason.message}` : ''}`);
}

// The files in deploy/ by which others run the service: what they name is what there is.
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { flagHelp, readSettings } from '../../../deploy/settings.ts';
import { startWorld, type World } from '../../support/world.ts';

const deploy = new URL('../../../deploy/', import.meta.url);
const SYSTEMD = '/usr/bin/systemd-analyze';

type Json = { [key: string]: Json } & Json[] & string;

function documents(path: string): Json[] {
  const found = parseAllDocuments(readFileSync(new URL(path, deploy), 'utf8'), { merge: true });
  return found.map((document) => {
    expect(document.errors, path).toEqual([]);
    return document.toJS() as Json;
  });
}

const manifests = ['compose', 'kubernetes', 'prometheus'].flatMap((folder) =>
  readdirSync(new URL(`${folder}/`, deploy))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => `${folder}/${name}`),
);

let world: World;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.end());

it.each(manifests)('%s can be read, and names settings that there are', (path) => {
  expect(documents(path).length).toBeGreaterThan(0);
  const text = readFileSync(new URL(path, deploy), 'utf8');
  const known = flagHelp.map(({ variable }) => variable);
  for (const name of new Set(text.match(/FAULTLINE_[A-Z_]+/g))) expect(known).toContain(name);
});

it.each(readdirSync(new URL('pipelines/', deploy)).filter((name) => name.endsWith('.yaml')))(
  'pipelines/%s can be read',
  (name) => {
    expect(documents(`pipelines/${name}`)).toHaveLength(1);
  },
);

/** What the container file sets besides. */
const IN_CONTAINER = { FAULTLINE_HOST: '0.0.0.0', FAULTLINE_DATA_DIR: '/data' };

/** The settings that a container is started with. */
function started(args: readonly string[], variables: Record<string, string>) {
  expect(args[0]).toBe('start');
  const flags: Record<string, string> = {};
  for (let i = 1; i < args.length; i += 2) flags[args[i]!.slice(2)] = args[i + 1]!;
  return readSettings(flags, { ...IN_CONTAINER, ...variables });
}

it('what compose starts is a start that is taken', () => {
  const [one] = documents('compose/compose.yaml');
  expect(started(['start'], plain(one!.services!.faultline!.environment!)).role).toBe('all');
  const [scaled] = documents('compose/scaled.yaml');
  const ours = Object.values(scaled!.services!).filter(
    ({ image }) => String(image) === 'faultline',
  );
  const roles = ours.map(({ command, environment }) => started(command!, plain(environment!)).role);
  expect(roles).toEqual(['collector', 'query', 'query']);
  const [cluster] = documents('compose/cluster.yaml');
  const spread = Object.values(cluster!.services!)
    .filter(({ image }) => String(image) === 'faultline')
    .map(({ command, environment }) => started(command!, plain(environment!)));
  expect(spread.map(({ role }) => role)).toEqual(['collector', 'collector', 'query', 'query']);
  for (const settings of spread) {
    const hosts = settings['clickhouse-url'].map((url) => new URL(url).hostname);
    expect(Object.keys(cluster!.services!)).toEqual(expect.arrayContaining(hosts));
    const { content } = cluster!.configs!.cluster!;
    for (const host of hosts) expect(String(content)).toContain(`<host>${host}</host>`);
    expect(String(content)).toContain(`<${settings['clickhouse-cluster']}>`);
  }
  const queues = ['collector-1', 'collector-2'].map((name) =>
    String(cluster!.services![name]!.volumes),
  );
  expect(new Set(queues).size).toBe(2);
});

/** `${NAME:?why}` stands for some token. */
const plain = (environment: Json): Record<string, string> =>
  Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [
      name,
      String(value).replaceAll(/\$\{(\w+)[^}]*\}/g, '$1'),
    ]),
  );

it('what Kubernetes starts is a start that is taken, behind ports that it opens', () => {
  const all = documents('kubernetes/faultline.yaml');
  const config = all.find(({ kind }) => String(kind) === 'ConfigMap')!.data!;
  const pods = all.filter(({ kind }) => ['StatefulSet', 'Deployment'].includes(String(kind)));
  expect(pods.length).toBe(2);
  for (const { spec } of pods) {
    const [container] = spec!.template!.spec!.containers!;
    const secrets = container!.env!.map(({ name }) => [name, `${name}`]);
    const settings = started(container!.args!, {
      ...plain(config),
      ...Object.fromEntries(secrets),
    });
    expect(settings.role).toBe(String(container!.name));
    const ports = container!.ports!.map(({ containerPort }) => Number(containerPort));
    const { 'otlp-grpc-port': grpc, 'otlp-http-port': http, 'query-port': query } = settings;
    expect(ports).toEqual(settings.role === 'collector' ? [grpc, http] : [query]);
    expect(spec!.selector!.matchLabels).toEqual(spec!.template!.metadata!.labels);
  }
});

/** Names of the metrics of both roles. */
async function exposedMetrics(): Promise<string[]> {
  const urls = [world.otlpHttp, world.query];
  const texts = urls.map(async (url) => (await fetch(`${url}/metrics`)).text());
  const all = (await Promise.all(texts)).join('\n');
  return [...all.matchAll(/^# HELP (\S+)/gm)].map(([, name]) => name!);
}

it('autoscaling asks for metrics that there are, through names that the adapter has', async () => {
  const [rules, ...scalers] = documents('kubernetes/autoscaling.yaml');
  const config = String(rules!.data!['config.yaml']);
  const exposed = await exposedMetrics();
  const series = [...config.matchAll(/(?:seriesQuery: |rate\()(\w+?)(?:_sum)?\{/g)];
  expect(series.length).toBe(4);
  for (const [, name] of series) expect(exposed).toContain(name);
  const names = scalers.map(({ spec }) => String(spec!.metrics![0]!.pods!.metric!.name));
  expect(names.length).toBe(2);
  for (const name of names) expect(config).toContain(`name: { as: ${name} }`);
});

it('the rules ask for metrics that there are', async () => {
  const exposed = ['up', ...(await exposedMetrics())];
  const [{ groups }] = documents('prometheus/faultline.rules.yaml') as [Json];
  const rules = groups!.flatMap((group) => group.rules!);
  expect(rules.length).toBeGreaterThan(5);
  for (const { expr } of rules as Json[]) {
    const names = String(expr).match(/\bfaultline_\w+|\bup\b/g) ?? [];
    expect(names.length, String(expr)).toBeGreaterThan(0);
    for (const name of names) expect(exposed).toContain(name);
  }
});

it('Grafana is given the same rules', () => {
  const [prometheus] = documents('prometheus/faultline.rules.yaml') as [Json];
  const [grafana] = documents('grafana/provisioning/alerting/faultline.yaml') as [Json];
  const wanted = prometheus.groups!.flatMap(({ rules }) => rules as unknown as Json[]);
  const given = grafana.groups!.flatMap(({ rules }) => rules as unknown as Json[]);
  const plainRule = (rule: Json) => ({
    alert: String(rule.alert),
    expr: String(rule.expr),
    for: String(rule.for ?? '0s'),
  });
  expect(
    given.map((rule) => ({
      alert: String(rule.title),
      expr: String(rule.data![0]!.model!.expr),
      for: String(rule.for),
    })),
  ).toEqual(wanted.map(plainRule));
});

const { status: promtool } = spawnSync('promtool', ['--version']);

it.skipIf(promtool !== 0)(
  'each rule fires when it has to, and not before (left out where there is no promtool)',
  async () => {
    const tests = fileURLToPath(new URL('faultline.rules.test.yaml', import.meta.url));
    const rules = fileURLToPath(new URL('prometheus/faultline.rules.yaml', deploy));
    const run = promisify(execFile);
    expect((await run('promtool', ['check', 'rules', rules])).stdout).toMatch(/SUCCESS: \d+ rules/);
    expect((await run('promtool', ['test', 'rules', tests])).stdout).toContain('SUCCESS');
    const alerts = readFileSync(rules, 'utf8').match(/alert: \w+/g) ?? [];
    const tested = readFileSync(tests, 'utf8');
    for (const alert of alerts) {
      expect(tested.split(`alertname: ${alert.slice('alert: '.length)}`).length, alert).toBe(3);
    }
  },
);

it.skipIf(!existsSync(SYSTEMD)).each(readdirSync(new URL('systemd/', deploy)))(
  'systemd takes the unit %s (left out where there is no systemd)',
  async (name) => {
    const unit = fileURLToPath(new URL(`systemd/${name}`, deploy));
    // Ends with 0, else this throws.
    const { stderr } = await promisify(execFile)(SYSTEMD, ['verify', unit]);
    expect(stderr.split('\n').filter((line) => line.includes('faultline'))).toEqual([]);
  },
);

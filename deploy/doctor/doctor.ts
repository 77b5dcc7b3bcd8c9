// All checks, in the order in which one would mend what they find.
import { hostInUrl, isLoopback } from '../../collector/serving/addresses.ts';
import { skippedText } from '../../query/base/skipped.ts';
import { passwordFile } from '../engine/folder.ts';
import type { Settings } from '../settings.ts';
import { checkClickHouse, checkCluster } from './clickhouse.ts';
import { type Finding, fail, ok, warn } from './finding.ts';
import { checkClock, checkEngine, checkFolder, checkNode, checkPasswords } from './machine.ts';
import { checkPort, type Door } from './ports.ts';
import { ask, askAsReader, isEmbedded, readinessOf, type Service } from './service.ts';
import { followSpan } from './span.ts';

export interface DoctorOptions {
  settings: Settings;
  /** A running service elsewhere than the settings say. @default from host and ports */
  otlpHttp?: string | undefined;
  query?: string | undefined;
  /** Token for asking. @default the first admin or query token of the settings */
  token?: string | undefined;
}

/** Looks at everything that Faultline needs and, where it runs, at the way of a span through it. */
export async function examine(options: DoctorOptions): Promise<Finding[]> {
  const { settings } = options;
  const urls = settings['clickhouse-url'];
  const isEmbedding = urls.length === 0;
  const service = serviceOf(options);
  const findings = [
    checkNode(process.versions.node),
    await checkEngine(isEmbedding),
    ...(await checkFolder(settings['data-dir'], settings['queue-max-mib'])),
    ...(isEmbedding ? [await checkPasswords(settings['data-dir'])] : []),
    ...(isEmbedding ? await checkLock(embeddedUrl(settings), settings['data-dir']) : []),
    checkClock(Date.now()),
    ...(await Promise.all(doorsOf(settings, service).map(checkPort))),
  ];
  const user = {
    username: settings['clickhouse-user'],
    password: settings['clickhouse-password'],
  };
  const looked = await Promise.all(urls.map((url) => checkClickHouse({ url, ...user })));
  findings.push(...looked.flatMap((found, at) => found.map((one) => atAddress(one, urls, at))));
  const cluster = settings['clickhouse-cluster'];
  if (cluster !== undefined)
    findings.push(...(await checkCluster({ url: urls, ...user }, cluster)));
  findings.push(...(await checkService(service)));
  return findings;
}

/** Where there are several addresses, which one is meant. */
function atAddress(finding: Finding, urls: readonly string[], at: number): Finding {
  const { detail } = finding;
  const url = urls[at]!;
  if (urls.length === 1 || detail.includes(url)) return finding;
  return { ...finding, detail: `${url}: ${detail}` };
}

function serviceOf({ settings, otlpHttp, query, token }: DoctorOptions): Service {
  const scheme = settings['tls-cert'] === undefined ? 'http' : 'https';
  const { host } = settings;
  // An address that means all of them is no address to call.
  const any = host === '0.0.0.0' || host === '::';
  const name = any ? '127.0.0.1' : hostInUrl(host);
  const address = (port: number) => `${scheme}://${name}:${port}`;
  return {
    otlpHttp: otlpHttp ?? address(settings['otlp-http-port']),
    query: query ?? address(settings['query-port']),
    ingestToken: settings['ingest-token'][0] ?? '',
    token: token ?? settings['admin-token'][0] ?? settings['query-token'][0] ?? '',
  };
}

function doorsOf(settings: Settings, { otlpHttp, query }: Service): Door[] {
  const { host } = settings;
  const answers = (url: string) => async () => (await readinessOf(url)) !== undefined;
  const doors: Door[] = [
    { flag: 'otlp-http-port', host, port: settings['otlp-http-port'], isOurs: answers(otlpHttp) },
    // gRPC has no page to ask; it is the collector's if the collector runs.
    { flag: 'otlp-grpc-port', host, port: settings['otlp-grpc-port'], isOurs: answers(otlpHttp) },
    { flag: 'query-port', host, port: settings['query-port'], isOurs: answers(query) },
  ];
  if (settings['clickhouse-url'].length === 0) {
    const port = settings['embedded-port'];
    const isOurs = () => isEmbedded(embeddedUrl(settings), settings['data-dir']);
    doors.push({ flag: 'embedded-port', host: '127.0.0.1', port, isOurs });
    const native = settings['embedded-native-port'];
    if (native !== undefined) {
      doors.push({ flag: 'embedded-native-port', host: '127.0.0.1', port: native, isOurs });
    }
  }
  return doors;
}

function embeddedUrl({ host, 'embedded-port': port }: Settings): string {
  return `http://${isLoopback(host) && host.includes(':') ? '[::1]' : '127.0.0.1'}:${port}`;
}

/** A running engine, tried out: whether a statement reaches files of this account. */
async function checkLock(url: string, dataDir: string): Promise<Finding[]> {
  const file = passwordFile(dataDir, 'reader').replaceAll(/[\\']/g, '\\$&');
  const answer = await askAsReader(url, dataDir, `SELECT length(file('${file}'))`);
  if (answer === undefined || /Authentication failed/.test(answer)) return [];
  return /^\d+\n$/.test(answer)
    ? [
        warn(
          'lock',
          'statements at the engine’s ports can read and overwrite what this account can',
          'give passwords of its users to nobody who may not, or run it on Linux 5.19 or later with Landlock',
        ),
      ]
    : [ok('lock', 'the engine reaches its own data only')];
}

/** A running Faultline: whether it is ready, and whether a span gets through. */
async function checkService(service: Service): Promise<Finding[]> {
  const [collector, query] = await Promise.all([
    readinessOf(service.otlpHttp),
    readinessOf(service.query),
  ]);
  if (!collector && !query) {
    return [ok('service', 'none runs here: no test span was sent')];
  }
  const findings = [
    ready('collector', service.otlpHttp, collector),
    ready('query service', service.query, query),
  ];
  if (findings.some(({ status }) => status === 'fail')) return findings;
  return [...findings, ...(await checkCounts(service)), ...(await followSpan(service))];
}

function ready(
  check: string,
  url: string,
  answer: Awaited<ReturnType<typeof readinessOf>>,
): Finding {
  if (!answer)
    return fail(check, `nothing of Faultline answers at ${url}`, 'start it, or give its address');
  return answer.status === 'ready'
    ? ok(check, `ready at ${url}`)
    : fail(check, `not ready at ${url}: ${answer.reason}`, 'mend that, and see its log');
}

/** What the collector counted: rows that were refused, failed spans that were skipped. */
async function checkCounts({ otlpHttp, token }: Service): Promise<Finding[]> {
  const response = await ask(`${otlpHttp}/metrics`, token).catch(() => undefined);
  const text = response?.ok ? await response.text() : '';
  return [checkDeadLetters(text), ...checkSkipped(text)];
}

function checkDeadLetters(text: string): Finding {
  const letters = /^faultline_dead_letters (\d+)/m.exec(text)?.[1];
  if (letters === undefined) {
    return warn('dead letters', 'cannot be counted', 'give --token, as /metrics needs one');
  }
  return letters === '0'
    ? ok('dead letters', 'none')
    : warn('dead letters', `${letters} rows were refused`, 'see "faultline deadletters list"');
}

const SKIPPED =
  /^faultline_failed_spans_skipped_total\{service="((?:[^"\\]|\\.)*)",span="((?:[^"\\]|\\.)*)"\} (\d+)$/gm;

/** @param metrics the text of a collector's `/metrics` */
export function checkSkipped(metrics: string): Finding[] {
  const unescaped = (label = '') => label.replace(/\\([\\"])/g, '$1');
  const skipped = [...metrics.matchAll(SKIPPED)].map(([, service, span, count]) => ({
    service: unescaped(service),
    span: unescaped(span),
    count: Number(count),
  }));
  const text = skippedText(skipped);
  if (text === undefined) return [];
  return [warn('skipped spans', text, '--keep all-errors keeps them')];
}

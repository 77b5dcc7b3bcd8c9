// The settings of `faultline start`, by flag or by environment variable.

import { z } from 'zod';
import { isLoopback } from '../collector/serving/addresses.ts';
import { SettingsError } from '../query/base/errors.ts';
import { templateFault } from '../query/base/trace-url.ts';

const port = z.coerce.number().int().min(0).max(65_535);
const file = z.string().min(1).optional();
/** A flag without a value is on. */
const switched = z.preprocess(
  (value) => (typeof value === 'boolean' ? `${value}` : value),
  z.stringbool({ error: 'expected true or false' }).default(false),
);
/** Repeated as a flag, separated by commas in a variable. */
const listOf = <T extends z.ZodType>(one: T) =>
  z.preprocess(
    (value) => (typeof value === 'string' ? value.split(',').map((part) => part.trim()) : value),
    z.array(one).default([]),
  );
const tokens = listOf(
  z.string().regex(/^[\w.~+/-]+=*$/, 'expected tokens of letters, digits and the signs -._~+/='),
);
const httpUrl = z.url({ protocol: /^https?$/, error: 'expected an http or https URL' });

/** One entry a flag: its schema with default, and the help text. */
const flags = {
  role: [
    z.enum(['all', 'collector', 'query']).default('all'),
    'what to run: all, collector (OTLP in) or query (questions, page, alerts); the last two need --clickhouse-url',
  ],
  'data-dir': [z.string().min(1).default('./.faultline'), 'embedded data and queue'],
  host: [
    z.string().min(1).default('127.0.0.1'),
    'address to listen on; any but a loopback address needs tokens',
  ],
  'base-path': [
    z
      .string()
      .regex(/^(\/[\w.~-]+)*$/, 'expected a path such as /faultline, without a slash at its end')
      .default(''),
    'path under which a proxy serves the query service and the page, where it passes it on',
  ],
  'otlp-http-port': [port.default(4318), 'OTLP over HTTP; 0 = any free one'],
  'otlp-grpc-port': [port.default(4317), 'OTLP over gRPC; 0 = any free one'],
  'query-port': [port.default(4320), 'query service; 0 = any free one'],
  'embedded-port': [port.default(8123), 'embedded ClickHouse; 0 = any free one'],
  'embedded-native-port': [
    port.optional(),
    'its native protocol; 0 = any free one (default closed)',
  ],
  'clickhouse-url': [
    listOf(httpUrl),
    'a ClickHouse server, instead of the embedded one (repeatable: servers of the same tables, tried in turn)',
  ],
  'clickhouse-cluster': [
    z
      .string()
      .regex(/^[\w.-]+$/, 'expected the name of a cluster: letters, digits and the signs _.-')
      .optional(),
    'cluster of these servers, as its configuration names it: tables on every shard (docs/cluster.md)',
  ],
  'partial-answers': [
    switched,
    'with --clickhouse-cluster: while a shard is away, answer from the others and say which is missing; otherwise such questions fail',
  ],
  'clickhouse-user': [z.string().default('default'), 'user on that server'],
  'clickhouse-password': [z.string().default(''), 'its password'],
  'clickhouse-reader-user': [
    z.string().optional(),
    'user on that server for statements that others send; it should only be able to read',
  ],
  'clickhouse-reader-password': [z.string().default(''), 'its password'],
  'collector-url': [
    httpUrl.optional(),
    'with --role query: OTLP over HTTP of a collector, to record evolutions and changes of groups; it is sent the first token that may change',
  ],
  'ingest-token': [tokens, 'bearer token of those who send (repeatable)'],
  'query-token': [tokens, 'bearer token of those who ask (repeatable)'],
  'admin-token': [tokens, 'bearer token of those who may change something too (repeatable)'],
  'query-rate-limit': [
    z.coerce.number().int().min(0).max(1_000_000).default(500),
    'requests a second that each token, or each address without tokens, may ask; 0 = any number',
  ],
  'query-max-age-seconds': [
    z.coerce.number().int().min(0).max(300).default(10),
    'seconds that an answer over HTTP may be old while many ask; 0 = none is given twice',
  ],
  'tls-cert': [file, 'certificate for OTLP and queries, a PEM file'],
  'tls-key': [file, 'its private key, a PEM file'],
  'tls-client-ca': [file, 'CA that client certificates must come from, a PEM file: mutual TLS'],
  keep: [z.enum(['agents', 'all-errors']).default('agents'), 'which failed spans to keep'],
  'redact-national-ids': [
    switched,
    'remove national ids too, besides secrets, e-mail addresses and card numbers',
  ],
  'retention-days': [z.coerce.number().int().min(1).max(3650).default(90), 'days to keep failures'],
  'max-disk-gib': [
    z.coerce.number().min(0).max(1_048_576).default(0),
    'most GiB that the tables may take; beyond it the oldest weeks are dropped; 0 = no bound',
  ],
  'lost-run-minutes': [
    z.coerce.number().int().min(0).max(10_080).default(60),
    'minutes of silence after which a run that has not ended is a failure; 0 = never',
  ],
  'group-mapping-seconds': [
    z.coerce.number().int().min(0).max(86_400).default(30),
    'seconds between two looks for groups that are one problem; 0 = never',
  ],
  'queue-max-mib': [
    z.coerce.number().int().min(1).max(1_048_576).default(1024),
    'most MiB of rows that wait for ClickHouse; beyond it senders have to wait',
  ],
  'max-body-mib': [z.coerce.number().int().min(1).max(1024).default(64), 'largest request body'],
  'trace-url': [
    z
      .string()
      .superRefine((template, context) => {
        const message = templateFault(template);
        if (message !== undefined) context.addIssue({ code: 'custom', message });
      })
      .optional(),
    'address of a trace where you look at traces, such as http://jaeger:16686/trace/{trace_id}?uiFind={span_id}; failures link to it',
  ],
  alerts: [file, 'rules for alerts, a JSON file: docs/alerts.md'],
  policies: [file, 'what may evolve by itself, a JSON file: docs/evolution-advice.md'],
  conditions: [file, 'conditions over all spans, a JSON file: docs/conditions.md'],
  'log-format': [z.enum(['pretty', 'json']).default('pretty'), 'form of the log'],
  'log-level': [
    z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
    'least severe level that is logged',
  ],
} as const satisfies Record<string, readonly [z.ZodType, string]>;

type Flag = keyof typeof flags;
export type Settings = { [K in Flag]: z.output<(typeof flags)[K][0]> };

const variable = (flag: string): string => `FAULTLINE_${flag.toUpperCase().replaceAll('-', '_')}`;

/** Names, environment variables, defaults and help of all flags, for the command line. */
export const flagHelp = Object.entries(flags).map(([flag, [schema, help]]) => {
  const fallback = schema.safeParse(undefined).data;
  return {
    flag,
    variable: variable(flag),
    help,
    fallback: fallback === undefined ? '' : `${fallback}`,
    repeatable: Array.isArray(fallback),
    isSwitch: typeof fallback === 'boolean',
  };
});

/** Settings whose value is never shown. */
const secret = /-(token|password)$/;

/**
 * Reads the settings: a flag wins over its variable, a variable over the default.
 *
 * @param given values by flag name
 * @throws {SettingsError} for the first setting that cannot be used
 */
export function readSettings(
  given: Readonly<Record<string, unknown>>,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Settings {
  const entries = Object.entries(flags).map(([flag, [schema]]) => {
    const value = given[flag] ?? (environment[variable(flag)] || undefined);
    const parsed = schema.safeParse(value);
    if (parsed.success) return [flag, parsed.data];
    const source = given[flag] === undefined ? variable(flag) : `--${flag}`;
    const got = secret.test(flag) ? 'a value that is not shown' : JSON.stringify(value);
    throw new SettingsError(
      `${source}: got ${got}; ${parsed.error.issues[0]?.message ?? 'not allowed'}`,
    );
  });
  const settings = Object.fromEntries(entries) as Settings;
  checkTls(settings);
  checkTokens(settings);
  checkHost(settings);
  checkRole(settings);
  return settings;
}

function checkTls(settings: Settings): void {
  const { 'tls-cert': cert, 'tls-key': key, 'tls-client-ca': ca } = settings;
  if (cert !== undefined && key === undefined) {
    throw new SettingsError('--tls-key: missing; --tls-cert needs it');
  }
  if (cert === undefined && (key !== undefined || ca !== undefined)) {
    const given = key === undefined ? '--tls-client-ca' : '--tls-key';
    throw new SettingsError(`--tls-cert: missing; ${given} needs it`);
  }
}

/** One token for two kinds of people would give the lesser ones all rights. */
function checkTokens(settings: Settings): void {
  for (const lesser of ['ingest-token', 'query-token'] as const) {
    if (settings['admin-token'].some((token) => settings[lesser].includes(token))) {
      throw new SettingsError(`--admin-token: one of them is given as --${lesser} too`);
    }
  }
}

/** Beyond this machine only those may come who show a token or a certificate. */
function checkHost(settings: Settings): void {
  if (isLoopback(settings.host)) return;
  const missing: string[] = [];
  const { role, 'tls-client-ca': ca } = settings;
  if (role !== 'query' && settings['ingest-token'].length === 0 && ca === undefined) {
    missing.push('--ingest-token (or --tls-client-ca)');
  }
  if (role !== 'collector' && settings['query-token'].length === 0) missing.push('--query-token');
  if (missing.length === 0) return;
  throw new SettingsError(
    `--host: got ${JSON.stringify(settings.host)}; an address that is not loopback needs ` +
      `${missing.join(' and ')}`,
  );
}

/** A part alone has its rows in a server that the others reach too. */
function checkRole(settings: Settings): void {
  const { role } = settings;
  const refuse = (flag: string, why: string): never => {
    throw new SettingsError(`--${flag}: ${why}`);
  };
  const needsServer =
    role === 'all' ? settings['clickhouse-cluster'] && '--clickhouse-cluster' : `--role ${role}`;
  if (needsServer && settings['clickhouse-url'].length === 0) {
    refuse('clickhouse-url', `missing; ${needsServer} needs it`);
  }
  if (settings['partial-answers'] && settings['clickhouse-cluster'] === undefined) {
    refuse('partial-answers', 'given without --clickhouse-cluster, whose shards it is about');
  }
  if (role === 'collector' && settings['partial-answers']) {
    refuse('partial-answers', 'given with --role collector; the query service answers');
  }
  if (role === 'collector' && settings.alerts !== undefined) {
    refuse('alerts', 'given with --role collector; alerts are sent by the query service');
  }
  if (role === 'collector' && settings['trace-url'] !== undefined) {
    refuse('trace-url', 'given with --role collector; the query service makes the links');
  }
  if (role === 'query' && settings.conditions !== undefined) {
    refuse('conditions', 'given with --role query; conditions are looked at by the collector');
  }
  if (role !== 'query' && settings['collector-url'] !== undefined) {
    refuse(
      'collector-url',
      `given with --role ${role}; only --role query sends to another collector`,
    );
  }
}

/**
 * A port that was given to a flag.
 * @throws {SettingsError} that names the flag
 */
export function portNumber(flag: string, value: string): number {
  const parsed = port.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new SettingsError(`${flag}: got ${JSON.stringify(value)}; expected a port, 0 to 65535`);
}

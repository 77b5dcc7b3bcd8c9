// What `faultline start` can be told, by flag or by environment variable.
import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65_535);

/** One entry a flag: its schema with default, and the help text. */
const flags = {
  'data-dir': [z.string().min(1).default('./.faultline'), 'embedded data'],
  host: [z.string().min(1).default('127.0.0.1'), 'address to listen on'],
  'otlp-http-port': [port.default(4318), 'OTLP over HTTP; 0 = any free one'],
  'query-port': [port.default(4320), 'query service; 0 = any free one'],
  'embedded-port': [port.default(8123), 'embedded ClickHouse; 0 = any free one'],
  'clickhouse-url': [
    z.url({ protocol: /^https?$/ }).optional(),
    'a ClickHouse server, instead of the embedded one',
  ],
  'clickhouse-user': [z.string().default('default'), 'user on that server'],
  'clickhouse-password': [z.string().default(''), 'its password'],
  keep: [z.enum(['agents', 'all-errors']).default('agents'), 'which failed spans to keep'],
  'retention-days': [z.coerce.number().int().min(1).max(3650).default(90), 'days to keep failures'],
  'max-body-mib': [z.coerce.number().int().min(1).max(1024).default(64), 'largest request body'],
  'log-format': [z.enum(['pretty', 'json']).default('pretty'), 'form of the log'],
  'log-level': [
    z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
    'least severe level that is logged',
  ],
} as const satisfies Record<string, readonly [z.ZodType, string]>;

type Flag = keyof typeof flags;
export type Settings = { [K in Flag]: z.output<(typeof flags)[K][0]> };

/** A setting that cannot be used; the message names it, what was given and what is allowed. */
export class SettingsError extends Error {
  override name = 'SettingsError';
}

const variable = (flag: string): string => `FAULTLINE_${flag.toUpperCase().replaceAll('-', '_')}`;

/** Names, environment variables, defaults and help of all flags, for the command line. */
export const flagHelp = Object.entries(flags).map(([flag, [schema, help]]) => {
  const fallback = schema.safeParse(undefined).data;
  return {
    flag,
    variable: variable(flag),
    help,
    fallback: fallback === undefined ? '' : `${fallback}`,
  };
});

const loopback = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

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
    throw new SettingsError(
      `${source}: got ${JSON.stringify(value)}; ${parsed.error.issues[0]?.message ?? 'not allowed'}`,
    );
  });
  const settings = Object.fromEntries(entries) as Settings;
  if (!loopback.test(settings.host)) {
    throw new SettingsError(
      `--host: got ${JSON.stringify(settings.host)}; only loopback addresses are allowed as long as ` +
        'there are no tokens',
    );
  }
  return settings;
}

// Where the private pipeline sends, read from the environment.
import { readFileSync } from 'node:fs';

/** Address and means of an OTLP/HTTP endpoint for traces. */
export interface Endpoint {
  /** The full address, `/v1/traces` included. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** @default none */
  readonly compression?: 'gzip' | 'none' | undefined;
  /** PEM texts for TLS. */
  readonly tls?: { ca?: string; cert?: string; key?: string } | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_BASE = 'http://127.0.0.1:4318';

/** Whether `OTEL_SDK_DISABLED` or `FAULTLINE_DISABLED` turns everything off. */
export function isDisabled(env: Environment = process.env): boolean {
  return [env.OTEL_SDK_DISABLED, env.FAULTLINE_DISABLED].some((value) =>
    /^(?:true|1|yes|on)$/i.test(value?.trim() ?? ''),
  );
}

/**
 * The endpoint that the environment names: `FAULTLINE_OTLP_ENDPOINT` (a base address), else
 * `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` (used as it is), else `OTEL_EXPORTER_OTLP_ENDPOINT` (a base
 * address), else `http://127.0.0.1:4318`.
 * @throws {TypeError} if the address is no http(s) URL; the message names the variable
 */
export function endpointFromEnvironment(env: Environment = process.env): Endpoint {
  const compression = pick(env, 'COMPRESSION');
  const { ca, cert, key } = {
    ca: readPem(pick(env, 'CERTIFICATE')),
    cert: readPem(pick(env, 'CLIENT_CERTIFICATE')),
    key: readPem(pick(env, 'CLIENT_KEY')),
  };
  const tls = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  return {
    url: urlFromEnvironment(env),
    headers: {
      ...parseHeaders(env.OTEL_EXPORTER_OTLP_HEADERS),
      ...parseHeaders(env.OTEL_EXPORTER_OTLP_TRACES_HEADERS),
    },
    compression: compression === 'gzip' ? 'gzip' : 'none',
    ...(Object.keys(tls).length > 0 && { tls }),
  };
}

/** `base` with `v1/traces` added to its path. @throws {TypeError} if it is no http(s) URL */
export function tracesUrl(base: string, name = 'endpoint'): string {
  const url = parseUrl(base, name);
  url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/traces`;
  return url.href;
}

function urlFromEnvironment(env: Environment): string {
  const own = env.FAULTLINE_OTLP_ENDPOINT?.trim();
  if (own) return tracesUrl(own, 'FAULTLINE_OTLP_ENDPOINT');
  const traces = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT?.trim();
  if (traces) return parseUrl(traces, 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT').href;
  const base = env.OTEL_EXPORTER_OTLP_ENDPOINT?.trim();
  return tracesUrl(base || DEFAULT_BASE, 'OTEL_EXPORTER_OTLP_ENDPOINT');
}

function parseUrl(text: string, name: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new TypeError(
    `${name} must be an address such as ${DEFAULT_BASE}, got ${JSON.stringify(text)}`,
  );
}

function pick(env: Environment, name: string): string | undefined {
  return env[`OTEL_EXPORTER_OTLP_TRACES_${name}`] || env[`OTEL_EXPORTER_OTLP_${name}`];
}

function readPem(path: string | undefined): string | undefined {
  return path ? readFileSync(path, 'utf8') : undefined;
}

/** Reads `key=value,key=value` with percent-encoded values, as the OTel specification has it. */
function parseHeaders(text: string | undefined): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const part of (text ?? '').split(',')) {
    const at = part.indexOf('=');
    if (at <= 0) continue;
    const value = part.slice(at + 1).trim();
    headers[part.slice(0, at).trim().toLowerCase()] = decoded(value);
  }
  return headers;
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

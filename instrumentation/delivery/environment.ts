// Where the private pipeline sends, read from the environment.
import { readFileSync } from 'node:fs';
import { sayOnce } from '../core/guard.ts';
import { type Environment, isOn, variable } from '../semconv/variables.ts';

/** Address and means of an OTLP/HTTP endpoint for traces. */
export interface Endpoint {
  /** The full address, `/v1/traces` included. */
  readonly url: string;
  /** What named it, for messages: a variable, or `endpoint`. @default 'endpoint' */
  readonly setting?: string;
  readonly headers: Readonly<Record<string, string>>;
  /** @default gzip, except to this machine itself */
  readonly compression?: 'gzip' | 'none' | undefined;
  /** PEM texts for TLS. */
  readonly tls?: { ca?: string; cert?: string; key?: string } | undefined;
}

const MAX_SPOOL_MIB = 65_536;
const DEFAULT_BASE = 'http://127.0.0.1:4318';
const TRACES_ENDPOINT = 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT';
const SIGNAL_PATH = /(?:\/+v1\/(?:traces|logs|metrics))+\/*$/;

/** Whether `OTEL_SDK_DISABLED` or `FAULTLINE_DISABLED` turns everything off. */
export function isDisabled(env: Environment = process.env): boolean {
  return isOn(env.OTEL_SDK_DISABLED?.trim() ?? '') || isOn(variable('FAULTLINE_DISABLED', env));
}

/** What `FAULTLINE_REPLAY` says: the process runs a case again and is no part of production; '' if not. */
export function replayOf(env: Environment = process.env): string {
  return variable('FAULTLINE_REPLAY', env);
}

/** Whether `FAULTLINE_EXPORT=app` asks that everything goes through the app's own exporter only. */
export function exportsThroughApp(env: Environment = process.env): boolean {
  const given = variable('FAULTLINE_EXPORT', env).toLowerCase() || 'own';
  if (given !== 'app' && given !== 'own') {
    sayOnce(
      'FAULTLINE_EXPORT',
      `FAULTLINE_EXPORT must be app or own, got ${JSON.stringify(given)}`,
    );
  }
  return given === 'app';
}

/** The bound of the spool in bytes: `FAULTLINE_SPOOL_MAX_MIB`, else 64 MiB. */
export function spoolMaxBytes(env: Environment = process.env): number {
  const given = variable('FAULTLINE_SPOOL_MAX_MIB', env) || '64';
  const mib = Number(given);
  const isBound = mib > 0 && mib <= MAX_SPOOL_MIB;
  if (!isBound) {
    sayOnce(
      'FAULTLINE_SPOOL_MAX_MIB',
      `FAULTLINE_SPOOL_MAX_MIB must be a number up to ${MAX_SPOOL_MIB}, got ${JSON.stringify(given)}; 64 is used`,
    );
  }
  return (isBound ? mib : 64) * 1024 * 1024;
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
  const { url, setting } = fromEnvironment(env);
  return {
    url,
    setting,
    headers: {
      ...parseHeaders(env.OTEL_EXPORTER_OTLP_HEADERS),
      ...parseHeaders(env.OTEL_EXPORTER_OTLP_TRACES_HEADERS),
    },
    compression: compression ? (compression === 'gzip' ? 'gzip' : 'none') : usualCompression(url),
    ...(Object.keys(tls).length > 0 && { tls }),
  };
}

/**
 * `base` with `v1/traces` added to its path. Where the path of a signal is there already, that is said, and
 * not doubled: nothing takes spans at `/v1/traces/v1/traces`.
 * @throws {TypeError} if it is no http(s) URL
 */
export function tracesUrl(base: string, name = 'endpoint'): string {
  const url = parseUrl(base, name);
  const path = url.pathname.replace(/\/+$/, '');
  const bare = path.replace(SIGNAL_PATH, '');
  url.pathname = bare;
  if (bare !== path) {
    const better = url.href.replace(/\/$/, '');
    sayOnce(
      name,
      `${name} is a base address, to which the path of a signal is added: ${better} is used`,
    );
  }
  url.pathname = `${bare}/v1/traces`;
  return url.href;
}

/** The address of an endpoint without user, password and query. */
export function addressOf({ url }: Endpoint): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

/** `gzip` where bytes travel, `none` to a loopback address, where they cost less than compressing. */
export function usualCompression(url: string): 'gzip' | 'none' {
  const { hostname } = new URL(url);
  return /^(?:127(?:\.\d+){3}|localhost|\[::1\])$/.test(hostname) ? 'none' : 'gzip';
}

function fromEnvironment(env: Environment): { url: string; setting: string } {
  const own = variable('FAULTLINE_OTLP_ENDPOINT', env);
  const based = (base: string, setting: string) => ({ url: tracesUrl(base, setting), setting });
  if (own) return based(own, 'FAULTLINE_OTLP_ENDPOINT');
  const traces = env[TRACES_ENDPOINT]?.trim();
  if (traces) return { url: parseUrl(traces, TRACES_ENDPOINT).href, setting: TRACES_ENDPOINT };
  const base = env.OTEL_EXPORTER_OTLP_ENDPOINT?.trim();
  return based(base || DEFAULT_BASE, 'OTEL_EXPORTER_OTLP_ENDPOINT');
}

/**
 * What the setting probably should be, from how the address failed; '' if nothing is known.
 * @param reason an error's code or message, or `it answered 404`
 */
export function likelyFix({ url, setting = 'endpoint' }: Endpoint, reason: string): string {
  const address = new URL(url);
  const { port, pathname } = address;
  const as = (change: Partial<Pick<URL, 'port' | 'protocol' | 'pathname'>>): string => {
    const { origin, pathname: path } = Object.assign(new URL(url), change);
    // All settings but one are bases, to which the path is added.
    return `${setting}=${origin}${setting === TRACES_ENDPOINT ? path : path.replace(SIGNAL_PATH, '').replace(/\/$/, '')}`;
  };
  if (
    /HPE_|Parse Error|ECONNRESET|ERR_STREAM/.test(reason) &&
    (port === '4317' || /HPE_/.test(reason))
  ) {
    const http =
      port === '4317' ? as({ port: '4318' }) : 'the port of OTLP over HTTP, usually 4318';
    return `spans are sent over HTTP, and this looks like a port of gRPC: try ${http}`;
  }
  if (/EPROTO|SSL|TLS_|ECONNRESET/.test(reason) && address.protocol === 'https:') {
    return `no TLS is spoken there: try ${as({ protocol: 'http:' })}`;
  }
  if (!/answered 40[45]/.test(reason) || pathname === '/v1/traces') return '';
  if (setting === TRACES_ENDPOINT) {
    const better = `${pathname.replace(SIGNAL_PATH, '').replace(/\/+$/, '')}/v1/traces`;
    const likely = better === pathname ? '/v1/traces' : better;
    return `this setting is used as it is: try ${as({ pathname: likely })}`;
  }
  return `Faultline takes spans at /v1/traces: try ${as({ pathname: '' })}`;
}

function parseUrl(text: string, name: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  const withScheme = `http://${text}`;
  const likely = !text.includes('://') && URL.canParse(withScheme) ? `; try ${withScheme}` : '';
  throw new TypeError(
    `${name} must be an address such as ${DEFAULT_BASE}, got ${JSON.stringify(text)}${likely}`,
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

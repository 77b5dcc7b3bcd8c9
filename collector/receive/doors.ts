// All ways in: OTLP over HTTP and gRPC, and a private one for the process itself.
import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { ServerInterceptor } from '@grpc/grpc-js';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { hostInUrl } from '../serving/addresses.ts';
import type { ConnectionLimits, TlsOptions } from '../serving/http-server.ts';
import { type HistoryAccess, historyAccess, ingestAccess, TokenSet } from '../serving/tokens.ts';
import type { Check } from '../telemetry/health.ts';
import { BodyBudget } from './body-budget.ts';
import { type GrpcReceiver, startGrpcReceiver } from './grpc.ts';
import { buildReceiver } from './receiver.ts';
import type { SignalService } from './signal-service.ts';

export interface DoorOptions {
  /** Address to listen on. */
  host: string;
  /** Port of OTLP over HTTP; 0 is any free one. */
  otlpHttpPort: number;
  /** Port of OTLP over gRPC; 0 is any free one. @default no gRPC */
  otlpGrpcPort?: number;
  /** Bearer tokens of those who may send. @default everyone may */
  ingestTokens?: readonly string[];
  /** Who may record evolutions and change groups. @default everyone who may send */
  access?: Pick<HistoryAccess, 'administer'>;
  /** Certificate, key and, for mutual TLS, the CA of the clients. @default no TLS */
  tls?: TlsOptions | undefined;
  /** Most MiB of a request body, before and after decompression. */
  maxBodyMib: number;
  /** Most MiB of all bodies that are in memory at one time. @default four of the largest */
  maxBodiesMib?: number;
  limits?: ConnectionLimits;
  /** Further routes of the OTLP/HTTP ports. */
  addRoutes?: (app: FastifyInstance) => void;
  /** Outside of all else in gRPC. */
  grpcInterceptors?: readonly ServerInterceptor[];
  /** What `/readyz` answers besides. */
  checks?: () => Promise<Record<string, Check>>;
  logger: Logger;
}

/** Where this process itself sends spans: past TLS, over loopback only. */
export interface PrivateDoor {
  url: string;
  headers: Record<string, string>;
}

export interface Doors {
  /** Base of the OTLP/HTTP endpoint, such as `http://127.0.0.1:4318`. */
  url: string;
  port: number;
  /** Address of the gRPC endpoint, such as `http://127.0.0.1:4317`; undefined without gRPC. */
  grpcUrl: string | undefined;
  grpcPort: number | undefined;
  /** Opened for the process's own evolutions; the token is new with every start. */
  private: PrivateDoor;
  /** Bytes of request bodies in memory. */
  bodyBytes(): number;
  close(): Promise<void>;
}

/** The collector could not start; the message says what to do. */
export class CollectorError extends Error {
  override name = 'CollectorError';
}

/** Addresses to listen on that are none to connect to, everywhere. */
const WILDCARDS: Record<string, string> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
/** Milliseconds that requests in progress get to end in when the doors close. */
const DRAIN_MS = 10_000;

type NotReady = () => Promise<string | undefined>;

/**
 * Opens all doors, or none.
 * @throws CollectorError when one cannot be listened on
 */
export async function openDoors(
  options: DoorOptions,
  signals: readonly SignalService[],
  notReady: NotReady,
): Promise<Doors> {
  const { host, tls, limits, logger } = options;
  const maxBodyBytes = options.maxBodyMib * 1024 * 1024;
  const allBytes = (options.maxBodiesMib ?? 4 * options.maxBodyMib) * 1024 * 1024;
  // Less than a body and what it decompresses to, and the largest could never be taken.
  const budget = new BodyBudget(Math.max(allBytes, 2 * maxBodyBytes));
  const tokens = options.ingestTokens ?? [];
  const own = randomBytes(32).toString('hex');
  const history = withOwn(own, options.access ?? historyAccess([], []));
  const access = ingestAccess(tokens.length > 0 ? [...tokens, own] : [], history);
  const shared = { signals, notReady, maxBodyBytes, budget, logger };
  const closes: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(closes.splice(0).map((end) => end()));
  };

  const listen = async (
    at: string,
    port: number,
    door: Partial<Parameters<typeof buildReceiver>[0]>,
  ) => {
    const app = buildReceiver({ ...shared, checks: options.checks, limits, ...door });
    options.addRoutes?.(app);
    await app.listen({ host: at, port });
    closes.push(() => closeInTime(app));
    return (app.server.address() as AddressInfo).port;
  };
  try {
    const port = await listen(host, options.otlpHttpPort, { access, tls }).catch((error) => {
      throw cannotListen(error, host, options.otlpHttpPort, 'OTLP/HTTP', '--otlp-http-port');
    });
    let grpc: GrpcReceiver | undefined;
    if (options.otlpGrpcPort !== undefined) {
      grpc = await startGrpcReceiver({
        ...shared,
        host,
        port: options.otlpGrpcPort,
        access,
        tls,
        interceptors: options.grpcInterceptors,
      }).catch((error) => {
        throw cannotListen(error, host, options.otlpGrpcPort!, 'OTLP/gRPC', '--otlp-grpc-port');
      });
      closes.push(grpc.close);
    }
    // The certificate need not be valid for a loopback address, and we have none to show.
    const inside = tls
      ? urlOf(
          'http',
          '127.0.0.1',
          await listen('127.0.0.1', 0, { access: ingestAccess([own], history) }),
        )
      : urlOf('http', WILDCARDS[host] ?? host, port);
    const scheme = tls ? 'https' : 'http';
    return {
      url: urlOf(scheme, host, port),
      port,
      grpcUrl: grpc && urlOf(scheme, host, grpc.port),
      grpcPort: grpc?.port,
      private: { url: inside, headers: { authorization: `Bearer ${own}` } },
      bodyBytes: () => budget.bytes,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The process itself may change whatever it was asked to by those who may. */
function withOwn(
  own: string,
  { administer }: Pick<HistoryAccess, 'administer'>,
): Pick<HistoryAccess, 'administer'> {
  const ours = new TokenSet([own]);
  return { administer: (header) => (ours.has(header) ? 'granted' : administer(header)) };
}

/** Requests in progress may end; those that do not are cut off. */
async function closeInTime(app: FastifyInstance): Promise<void> {
  const late = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS);
  await app.close();
  clearTimeout(late);
}

function urlOf(scheme: string, host: string, port: number): string {
  return `${scheme}://${hostInUrl(host)}:${port}`;
}

function cannotListen(
  error: NodeJS.ErrnoException,
  host: string,
  port: number,
  what: string,
  flag: string,
): CollectorError {
  const where = `cannot listen on ${host} port ${port} for ${what}`;
  const reasons: Record<string, string> = {
    EADDRINUSE: `the port is in use; stop what uses it, or give another with ${flag}`,
    EACCES: `ports below 1024 need privileges; give another with ${flag}`,
    EADDRNOTAVAIL: 'this machine has no such address; give another with --host',
    ENOTFOUND: 'the name does not resolve; give another with --host',
  };
  const reason = reasons[error.code ?? ''] ?? error.message;
  return new CollectorError(`${where}: ${reason}`, { cause: error });
}

// OTLP over gRPC. Knows the protocol: services, limits, status codes; what the bodies mean is decided
// by the services of the signals.
import {
  Metadata,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptor,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { exportResponse, retryInfo, rpcStatus } from '../decode/response.ts';
import { DecodeError } from '../decode/span.ts';
import { SinkUnavailable } from '../queue/sink.ts';
import { hostInUrl } from '../serving/addresses.ts';
import type { TlsOptions } from '../serving/http-server.ts';
import { type AccessCheck, type IngestAccess, ingestAccess } from '../serving/tokens.ts';
import { addHealthService, HEALTH_PATH } from '../telemetry/grpc-health.ts';
import { BodyBudget, OverBudget } from './body-budget.ts';
import type { SignalService } from './signal-service.ts';

/** Longer, and OTel's exporters drop the batch: they give up after 10 s in all. */
const RETRY_AFTER_SECONDS = 1;
/** Milliseconds that calls in progress get to end in when the server closes. */
const DRAIN_MS = 10_000;

export interface GrpcOptions {
  /** What takes the requests, a gRPC service for each. */
  signals: readonly SignalService[];
  host: string;
  /** 0 is any free one. */
  port: number;
  /** Bytes of a message before and after decompression. */
  maxBodyBytes: number;
  /** Who may send, and who may change. @default everyone */
  access?: IngestAccess;
  /** Bodies in memory, shared by all doors. @default four of the largest */
  budget?: BodyBudget;
  tls?: TlsOptions | undefined;
  /** Why nothing can be taken now, for grpc.health.v1. @default it always can */
  notReady?: () => Promise<string | undefined>;
  /** Outside of all else. @default none */
  interceptors?: readonly ServerInterceptor[] | undefined;
  logger: Logger;
}

export interface GrpcReceiver {
  port: number;
  /** Stops accepting and waits for the calls in progress, 10 s at most. */
  close(): Promise<void>;
}

/**
 * Starts to listen.
 * @throws {NodeJS.ErrnoException} with the code of the socket's error when it cannot
 */
export async function startGrpcReceiver(options: GrpcOptions): Promise<GrpcReceiver> {
  const access = options.access ?? ingestAccess([]);
  const server = new Server({
    'grpc.max_receive_message_length': options.maxBodyBytes,
    'grpc.max_concurrent_streams': 100,
    'grpc.keepalive_time_ms': 60_000,
    'grpc.keepalive_timeout_ms': 20_000,
    interceptors: [...(options.interceptors ?? []), accessInterceptor(access.send)],
  });
  const budget = options.budget ?? new BodyBudget(4 * options.maxBodyBytes);
  for (const service of options.signals) {
    server.addService(unary(service.signal.grpcService), {
      Export: exportTo(service, access.change, budget, options.logger),
    });
  }
  addHealthService(server, options.notReady ?? (async () => undefined));
  const { host } = options;
  const address = `${hostInUrl(host)}:${options.port}`;
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, credentials(options.tls), (error, bound) =>
      error ? reject(withCode(error)) : resolve(bound),
    );
  });
  return { port, close: () => drain(server) };
}

function credentials(tls: TlsOptions | undefined): ServerCredentials {
  if (!tls) return ServerCredentials.createInsecure();
  const pair = { cert_chain: Buffer.from(tls.cert), private_key: Buffer.from(tls.key) };
  const ca = tls.ca === undefined ? null : Buffer.from(tls.ca);
  return ServerCredentials.createSsl(ca, [pair], ca !== null);
}

/** A service whose only method hands on bytes as they are: the reader needs no message objects. */
function unary(name: string): ServiceDefinition {
  const asItIs = (bytes: Buffer): Buffer => bytes;
  return {
    Export: {
      path: `/${name}/Export`,
      requestStream: false,
      responseStream: false,
      requestSerialize: asItIs,
      requestDeserialize: asItIs,
      responseSerialize: asItIs,
      responseDeserialize: asItIs,
    },
  };
}

/** Refuses, before the message is read, those who may not send. */
function accessInterceptor(access: AccessCheck): ServerInterceptor {
  return ({ path }, call) =>
    new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, pass) => {
            if (path === HEALTH_PATH || access(bearerOf(metadata)) === 'granted') {
              pass(metadata);
              return;
            }
            const details = 'an ingest token is needed as bearer';
            call.sendStatus({ code: status.UNAUTHENTICATED, details });
          },
        }),
    });
}

function bearerOf(metadata: Metadata): string | undefined {
  return metadata.get('authorization')[0]?.toString();
}

function exportTo(
  service: SignalService,
  mayChange: AccessCheck,
  budget: BodyBudget,
  logger: Logger,
) {
  const accept = async (body: Buffer, authorization: string | undefined): Promise<Buffer> => {
    const lease = budget.lease(body.length);
    try {
      const changes = mayChange(authorization) === 'granted';
      const { rejected, message } = await service.accept(body, 'protobuf', changes);
      return exportResponse('protobuf', service.signal, rejected, message);
    } finally {
      lease.release();
    }
  };
  return (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>): void => {
    accept(call.request, bearerOf(call.metadata)).then(
      (response) => answer(null, response),
      (error: Error) => answer(toStatus(error, logger)),
    );
  };
}

function toStatus(error: Error, logger: Logger) {
  if (error instanceof DecodeError) {
    return { code: status.INVALID_ARGUMENT, details: error.message };
  }
  if (error instanceof OverBudget) return retryLater(error.message);
  if (error instanceof SinkUnavailable) return retryLater('rows cannot be stored now, try again');
  logger.error({ err: error }, 'a request failed');
  return { code: status.INTERNAL, details: 'the collector failed on this request' };
}

/** UNAVAILABLE with the google.rpc.RetryInfo that OTLP asks for. */
function retryLater(details: string) {
  const metadata = new Metadata();
  metadata.set(
    'grpc-status-details-bin',
    rpcStatus('protobuf', status.UNAVAILABLE, details, [retryInfo(RETRY_AFTER_SECONDS)]),
  );
  return { code: status.UNAVAILABLE, details, metadata };
}

/** The library has the socket's error only in its message. */
function withCode(error: Error): NodeJS.ErrnoException {
  const code = /\bE[A-Z]{4,}\b/.exec(error.message)?.[0];
  return Object.assign(error, code === undefined ? {} : { code });
}

function drain(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(() => server.forceShutdown(), DRAIN_MS);
    server.tryShutdown(() => {
      clearTimeout(late);
      resolve();
    });
  });
}

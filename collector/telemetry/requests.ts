// Counts and traces the requests of all doors.
import { ServerInterceptingCall, type ServerInterceptor, status } from '@grpc/grpc-js';
import type { Span } from '@opentelemetry/api';
import type { FastifyInstance } from 'fastify';
import { Counter, type Registry } from 'prom-client';
import type { RefusedLogins } from '../serving/refused-logins.ts';
import { endSpan, startServerSpan, type Tracing, traceHttp, within } from '../serving/tracing.ts';

export interface RequestObserverOptions {
  registry: Registry;
  refused: RefusedLogins;
  tracing?: Tracing | undefined;
}

const SIGNAL_OF_ROUTE: Record<string, string> = {
  '/v1/traces': 'traces',
  '/v1/logs': 'logs',
  '/v1/metrics': 'metrics',
};

/** Watches requests from outside: through hooks and an interceptor, before and after all else. */
export class RequestObserver {
  private readonly refused: RefusedLogins;
  private readonly tracing: Tracing | undefined;
  private readonly requests: Counter<'signal' | 'transport' | 'encoding' | 'status'>;

  constructor({ registry, refused, tracing }: RequestObserverOptions) {
    this.refused = refused;
    this.tracing = tracing;
    this.requests = new Counter({
      name: 'faultline_requests_total',
      help: 'OTLP requests answered, by signal, transport, encoding and status (of HTTP or gRPC).',
      labelNames: ['signal', 'transport', 'encoding', 'status'],
      registers: [registry],
    });
  }

  /** Watches a server that does not listen yet. */
  http(app: FastifyInstance): void {
    if (this.tracing) traceHttp(app, this.tracing);
    app.addHook('onResponse', (request, { statusCode }, done) => {
      if (statusCode === 401) this.refused.note('http', request.ip);
      const signal = SIGNAL_OF_ROUTE[request.url.split('?', 1)[0]!];
      if (signal !== undefined) {
        const encoding = encodingOf(request.headers['content-type']);
        this.requests.inc({ signal, transport: 'http', encoding, status: String(statusCode) });
      }
      done();
    });
  }

  /** Watches calls; has to be the first of a server's interceptors. */
  grpc(): ServerInterceptor {
    return ({ path }, call) => {
      let span: Span | undefined;
      let done = false;
      const end = (code: status): void => {
        if (done) return;
        done = true;
        const signal = /\.(trace|logs|metrics)\.v1\./.exec(path)?.[1] ?? 'other';
        this.requests.inc({
          signal: signal === 'trace' ? 'traces' : signal,
          transport: 'grpc',
          encoding: 'protobuf',
          status: status[code],
        });
        if (code === status.UNAUTHENTICATED) this.refused.note('grpc', hostOf(call.getPeer()));
        span?.setAttribute('rpc.response.status_code', status[code]);
        endSpan(span, code === status.OK ? undefined : status[code]);
      };
      return new ServerInterceptingCall(call, {
        start: (next) =>
          next({
            onReceiveMetadata: (metadata, pass) => {
              const attributes = { 'rpc.system.name': 'grpc', 'rpc.method': path.slice(1) };
              span =
                this.tracing &&
                startServerSpan(this.tracing, path.slice(1), metadata.getMap(), attributes);
              pass(metadata);
            },
            onReceiveMessage: (message: Buffer, pass) => {
              span?.setAttribute('rpc.request.size', message.length);
              pass(message);
            },
            onReceiveHalfClose: (pass) => within(span, pass),
            onCancel: () => end(status.CANCELLED),
          }),
        sendStatus: (answer, next) => {
          end(answer.code ?? status.UNKNOWN);
          next(answer);
        },
      });
    };
  }
}

function encodingOf(type = ''): string {
  if (/^application\/(?:x-)?protobuf\b/i.test(type)) return 'protobuf';
  return /^application\/json\b/i.test(type) ? 'json' : 'other';
}

/** Without the port, which is another with every call. */
function hostOf(peer: string): string {
  return peer.replace(/:\d+$/, '');
}

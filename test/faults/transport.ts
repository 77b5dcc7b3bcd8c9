// The three ways in which exporters send: OTLP/HTTP with protobuf and with JSON, and OTLP/gRPC.
import { Agent, request as httpRequest } from 'node:http';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { Request } from './requests.ts';

/** Where a collector takes spans. */
export interface Address {
  otlpHttp: string;
  otlpGrpc: string;
}

/** `again`: not acknowledged, and the sender may send it again. Anything else is wrong and said so. */
export type Answer = 'acknowledged' | 'again' | { wrong: string };

export interface Transport {
  send(to: Address, request: Request): Promise<Answer>;
  close(): void;
}

/** Milliseconds after which an exporter gives an attempt up. */
const TIMEOUT_MS = 10_000;

/** Answers that the OTLP specification lets a sender repeat. */
const RETRYABLE_HTTP = new Set([429, 502, 503, 504]);
const RETRYABLE_GRPC = new Set([
  status.CANCELLED,
  status.DEADLINE_EXCEEDED,
  status.ABORTED,
  status.OUT_OF_RANGE,
  status.UNAVAILABLE,
  status.DATA_LOSS,
]);

export function httpTransport(encoding: 'protobuf' | 'json'): Transport {
  const agent = new Agent({ keepAlive: true });
  const headers = {
    'content-type': encoding === 'json' ? 'application/json' : 'application/x-protobuf',
  };
  const nothing = encoding === 'json' ? '{}' : '';
  return {
    send: ({ otlpHttp }, request) =>
      new Promise((resolve) => {
        const body = request[encoding];
        const call = httpRequest(`${otlpHttp}/v1/traces`, {
          method: 'POST',
          agent,
          headers: { ...headers, 'content-length': Buffer.byteLength(body) },
          timeout: TIMEOUT_MS,
        });
        call.once('timeout', () => call.destroy(new Error('no answer in time')));
        call.on('error', () => resolve('again'));
        // Whatever else may end it; what was decided before stays.
        call.once('close', () => resolve('again'));
        call.once('response', (response) => {
          let text = '';
          response.setEncoding('latin1').on('data', (chunk: string) => {
            text += chunk;
          });
          response.once('error', () => resolve('again'));
          response.once('end', () => {
            const { statusCode = 0 } = response;
            if (statusCode === 200 && text === nothing) resolve('acknowledged');
            else if (RETRYABLE_HTTP.has(statusCode)) resolve('again');
            else resolve({ wrong: `HTTP ${statusCode}: ${text.slice(0, 200)}` });
          });
        });
        call.end(body);
      }),
    close: () => agent.destroy(),
  };
}

const SERVICES = {
  traces: 'opentelemetry.proto.collector.trace.v1.TraceService',
  logs: 'opentelemetry.proto.collector.logs.v1.LogsService',
};
const asItIs = (bytes: Buffer): Buffer => bytes;

/** One call over a connection of its own, however large. @throws what it is refused with */
export async function exportOnce(
  url: string,
  signal: keyof typeof SERVICES,
  body: Buffer,
  isGzip: boolean,
): Promise<void> {
  const client = new Client(new URL(url).host, credentials.createInsecure(), {
    'grpc.max_send_message_length': -1,
    'grpc.use_local_subchannel_pool': 1,
    ...(isGzip && { 'grpc.default_compression_algorithm': 2 }),
  });
  try {
    await new Promise<void>((resolve, reject) => {
      client.makeUnaryRequest(
        `/${SERVICES[signal]}/Export`,
        asItIs,
        asItIs,
        body,
        new Metadata(),
        { deadline: Date.now() + 3 * TIMEOUT_MS },
        (error) => (error ? reject(error) : resolve()),
      );
    });
  } finally {
    client.close();
  }
}

export function grpcTransport(): Transport {
  let client: { address: string; client: Client } | undefined;
  const clientOf = (address: string): Client => {
    if (client?.address === address) return client.client;
    client?.client.close();
    const options = { 'grpc.max_reconnect_backoff_ms': 500, 'grpc.use_local_subchannel_pool': 1 };
    client = {
      address,
      client: new Client(address, credentials.createInsecure(), options),
    };
    return client.client;
  };
  return {
    send: ({ otlpGrpc }, { protobuf }) =>
      new Promise((resolve) => {
        const answered = (error: ServiceError | null, response?: Buffer): void => {
          if (error === null && response?.length === 0) resolve('acknowledged');
          else if (error && RETRYABLE_GRPC.has(error.code)) resolve('again');
          else resolve({ wrong: `gRPC ${error?.code}: ${error?.details ?? 'a partial success'}` });
        };
        clientOf(new URL(otlpGrpc).host).makeUnaryRequest(
          `/${SERVICES.traces}/Export`,
          asItIs,
          asItIs,
          protobuf,
          new Metadata(),
          { deadline: Date.now() + TIMEOUT_MS },
          answered,
        );
      }),
    close: () => client?.client.close(),
  };
}

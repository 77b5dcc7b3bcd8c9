// The HTTP server under a door: TLS and the limits of a connection.
import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';

/** PEM texts; with `ca` the other side must show a certificate that the CA has signed. */
export interface TlsOptions {
  cert: string;
  key: string;
  ca?: string | undefined;
}

/** Limits of a connection; times in milliseconds. */
export interface ConnectionLimits {
  /** For all headers of a request to come in. @default 20000 */
  headersTimeoutMs?: number;
  /** For a whole request to come in. @default 60000 */
  requestTimeoutMs?: number;
  /** For the next request on a connection; longer than the 60 s of usual load balancers. @default 75000 */
  keepAliveTimeoutMs?: number;
  /** Bytes of all headers of a request. @default 16384 */
  maxHeaderBytes?: number;
  /** Connections at one time; what comes above is closed. @default 4096 */
  maxConnections?: number;
}

/** How often Node looks for requests that are too slow, at most; milliseconds. */
const CHECK_EVERY_MS = 5_000;

/** An HTTP server, or an HTTPS one when there is `tls`, that is not listening yet. */
export function createHttpServer(
  handler: http.RequestListener,
  tls: TlsOptions | undefined,
  limits: ConnectionLimits = {},
): http.Server {
  const headersTimeout = limits.headersTimeoutMs ?? 20_000;
  const requestTimeout = limits.requestTimeoutMs ?? 60_000;
  const options: http.ServerOptions = {
    headersTimeout,
    requestTimeout,
    keepAliveTimeout: limits.keepAliveTimeoutMs ?? 75_000,
    maxHeaderSize: limits.maxHeaderBytes ?? 16 * 1024,
    connectionsCheckingInterval: Math.min(CHECK_EVERY_MS, headersTimeout, requestTimeout),
  };
  const server = tls
    ? https.createServer(
        { ...options, cert: tls.cert, key: tls.key, ...mutual(tls.ca), handshakeTimeout: 10_000 },
        handler,
      )
    : http.createServer(options, handler);
  server.maxConnections = limits.maxConnections ?? 4096;
  closeUnusedToo(server, tls ? 'secureConnection' : 'connection');
  return server;
}

/**
 * Node takes a connection without any request yet for one in use, and its close would wait for it for
 * ever: the timeouts of requests end with the listening.
 */
function closeUnusedToo(server: http.Server, opened: string): void {
  const unused = new Set<Socket>();
  server.on(opened, (socket: Socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  server.on('request', (request) => unused.delete(request.socket));
  const closeIdle = server.closeIdleConnections.bind(server);
  server.closeIdleConnections = () => {
    closeIdle();
    for (const socket of unused) socket.destroy();
  };
}

function mutual(ca: string | undefined): https.ServerOptions {
  return ca === undefined ? {} : { ca, requestCert: true, rejectUnauthorized: true };
}

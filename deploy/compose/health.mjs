// The container's health check: whether a role of it is alive. A container that runs one role has one of the ports.
import { connect } from 'node:net';

const {
  FAULTLINE_OTLP_HTTP_PORT: collector = '4318',
  FAULTLINE_QUERY_PORT: query = '4320',
  FAULTLINE_TLS_CERT: certificate,
} = process.env;

const asks = (port) =>
  fetch(`http://127.0.0.1:${port}/healthz`).then(({ ok }) => ok || Promise.reject(new Error(port)));

/** With TLS of its own it may want a client's certificate, which is not here: it is alive when it takes connections. */
const reaches = (port) =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port }, resolve);
    socket.once('error', reject);
  });

const isAlive = certificate ? reaches : asks;
Promise.any([collector, query].map(isAlive)).then(
  () => process.exit(0),
  () => process.exit(1),
);

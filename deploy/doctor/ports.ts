// Checks whether ports are free, or who has them.
import { createServer } from 'node:net';
import { type Finding, fail, ok, reasonOf } from './finding.ts';

/** A port that `faultline start` would listen on. */
export interface Door {
  flag:
    | 'otlp-http-port'
    | 'otlp-grpc-port'
    | 'query-port'
    | 'embedded-port'
    | 'embedded-native-port';
  host: string;
  port: number;
  /** Whether Faultline answers there. */
  isOurs: () => Promise<boolean>;
}

/** Whether the port is free, or Faultline's own already. */
export async function checkPort({ flag, host, port, isOurs }: Door): Promise<Finding> {
  const check = flag.replaceAll('-', ' ');
  if (port === 0) return ok(check, 'any free one');
  const refused = await tryPort(host, port);
  if (refused === undefined) return ok(check, `${port} is free`);
  if (refused.code === 'EADDRINUSE') {
    return (await isOurs())
      ? ok(check, `${port} is Faultline's, which runs`)
      : fail(check, `${port} is taken by another program`, `give another port with --${flag}`);
  }
  const advice =
    refused.code === 'EACCES' ? `give a port above 1023 with --${flag}` : 'give another --host';
  return fail(check, `${host}:${port} cannot be listened on: ${reasonOf(refused)}`, advice);
}

function tryPort(host: string, port: number): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((settle) => {
    const server = createServer();
    server.once('error', settle);
    server.listen({ host, port, exclusive: true }, () => server.close(() => settle(undefined)));
  });
}

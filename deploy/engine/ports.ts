/** Ports for the engine: whether one is free is seen before it starts, which then says more clearly why not. */
import { type AddressInfo, createServer } from 'node:net';

/** The message is the system's code and words. */
export class PortError extends Error {
  override name = 'PortError';
}

/**
 * The port itself, or any free one for 0.
 * @throws PortError when it cannot be listened on
 */
export function freePort(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => reject(new PortError(error.message, { cause: error })));
    server.listen({ host, port, exclusive: true }, () => {
      const { port: found } = server.address() as AddressInfo;
      server.close(() => resolve(found));
    });
  });
}

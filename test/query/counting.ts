// Stands before a service, hands everything on, and counts what was asked of it.
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Counting {
  /** Where to ask instead. */
  url: string;
  /** How many requests it takes. */
  of(ask: () => Promise<unknown>): Promise<number>;
  close(): void;
}

/** @param to base address of the service: the query service, or ClickHouse, where each is a statement */
export async function counting(to: string): Promise<Counting> {
  let asked = 0;
  const server = createServer((incoming, response) => {
    asked += 1;
    const { url = '/', method, headers } = incoming;
    const onward = request(new URL(url, to), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    incoming.pipe(onward);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    of: async (ask) => {
      const before = asked;
      await ask();
      return asked - before;
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

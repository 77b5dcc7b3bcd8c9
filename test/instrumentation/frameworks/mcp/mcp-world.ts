// A server with tools that fail in every way, and a client of it, of both versions of the SDK.
import * as client2 from '@modelcontextprotocol/client';
import * as client1 from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import * as server1 from '@modelcontextprotocol/sdk/server/index.js';
import * as mcp1 from '@modelcontextprotocol/sdk/server/mcp.js';
import * as server2 from '@modelcontextprotocol/server';
import { z } from 'zod';

/** What both versions have in common, as far as the tests go. */
export interface Tools {
  registerTool(name: string, config: object, handler: (input: { id: string }) => unknown): unknown;
  connect(transport: unknown): Promise<void>;
  close(): Promise<void>;
}
export interface Caller {
  connect(transport: unknown): Promise<void>;
  close(): Promise<void>;
  call(params: { name: string; arguments?: object }, options?: object): Promise<Answer>;
}
export interface Answer {
  isError?: boolean;
  content: { text: string }[];
}
export interface Version {
  servers: object[];
  clients: object[];
  server(): Tools;
  client(): Caller;
  pair(): [unknown, unknown];
}

const about = (version: string) => ({ name: 'orders', version });
const asker = { name: 'desk', version: '0.1.0' };

export const VERSIONS: Record<string, Version> = {
  'version 1': {
    servers: [server1, mcp1],
    clients: [client1],
    server: () => new mcp1.McpServer(about('1.0.0')) as unknown as Tools,
    client: () => {
      const made = new client1.Client(asker);
      return Object.assign(made, {
        call: (params: { name: string }, options?: object) =>
          made.callTool(params, undefined, options) as Promise<Answer>,
      }) as unknown as Caller;
    },
    pair: () => InMemoryTransport.createLinkedPair(),
  },
  'version 2': {
    servers: [server2],
    clients: [client2],
    server: () => new server2.McpServer(about('2.0.0')) as unknown as Tools,
    client: () => {
      const made = new client2.Client(asker);
      return Object.assign(made, {
        call: (params: { name: string }, options?: object) =>
          made.callTool(params, options) as unknown as Promise<Answer>,
      }) as unknown as Caller;
    },
    pair: () => server2.InMemoryTransport.createLinkedPair(),
  },
};

/** The server's tools; `slow` answers when `done` is called. */
export function withTools(server: Tools, slow: Promise<void>): Tools {
  const inputSchema = z.object({ id: z.string() });
  const text = (said: string) => ({ content: [{ type: 'text', text: said }] });
  server.registerTool('find', { description: 'Finds an order.', inputSchema }, ({ id }) =>
    text(`order ${id}`),
  );
  server.registerTool('total', { description: 'Sums up.', inputSchema }, async ({ id }) => {
    throw new TypeError(`order ${id} has no total`);
  });
  server.registerTool('refuse', { description: 'Refuses.', inputSchema }, () => ({
    ...text('the order is closed'),
    isError: true,
  }));
  server.registerTool('slow', { description: 'Waits.', inputSchema }, async () => {
    await slow;
    return text('late');
  });
  return server;
}

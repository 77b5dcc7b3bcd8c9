// A real HTTP receiver of webhooks that fails on demand.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** How one request is answered: a status, with more; not at all; by closing the connection. */
export type Answer =
  | number
  | { status: number; headers?: Record<string, string>; body?: string }
  | 'hang'
  | 'drop';

export interface Got {
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
  // biome-ignore lint/suspicious/noExplicitAny: what a webhook sends
  json: any;
  answer: Answer;
}

export class AlertReceiver {
  /** All requests, also those that failed. */
  readonly got: Got[] = [];
  /** Answers to the next requests; then 200, or {@link always}. */
  readonly next: Answer[] = [];
  always: Answer = 200;
  readonly #server: Server;

  constructor(make: (listener: RequestListener) => Server = createServer) {
    this.#server = make(async (request, response) => {
      let body = '';
      for await (const chunk of request.setEncoding('utf8')) body += chunk;
      const answer = this.next.shift() ?? this.always;
      const json = body.startsWith('{') ? JSON.parse(body) : undefined;
      this.got.push({ url: request.url!, headers: request.headers, body, json, answer });
      if (answer === 'drop') request.socket.destroy();
      else if (typeof answer === 'number') response.writeHead(answer).end();
      else if (answer !== 'hang')
        response.writeHead(answer.status, answer.headers).end(answer.body);
    });
  }

  async start(port = 0): Promise<this> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** What it took. */
  get taken(): Got[] {
    return this.got.filter(({ answer }) => answer === 200);
  }

  /** Rules that send it every new group, looked for each second; its secret is read from the variable. */
  rules(secretFrom: string) {
    const url = `http://127.0.0.1:${this.port}/`;
    return {
      every_seconds: 1,
      receivers: { pager: { type: 'webhook', url, secret: { env: secretFrom } } },
      rules: [{ name: 'all', on: ['new'], to: ['pager'] }],
    };
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** Waits until a condition holds. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 150_000; Date.now() < end; await wait(50)) {
    if (await holds()) return;
  }
  throw new Error(`waited in vain until ${what}`);
}

export const secret = `whsec_${Buffer.from('a key of twenty-four byte').toString('base64')}`;

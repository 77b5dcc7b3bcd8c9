// Stands between the collector and ClickHouse and does to inserts what networks and servers do.
import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/**
 * What happens to an insert. `pass`: nothing. `refuse`: the connection is closed at once. `hold`: it
 * is taken and never answered. `slow`: it is handed on in small pieces. `cut`: the connection breaks
 * in the middle of the rows, for both sides. `mute`: ClickHouse takes it, and the answer is lost.
 * A number: ClickHouse answers with the error of this code; with `landed`, after it took the rows.
 */
export type Mode =
  | { kind: 'pass' | 'refuse' | 'hold' | 'slow' | 'cut' | 'mute' }
  | { kind: 'error'; code: number; name: string; status: number; landed: boolean };

export class InsertProxy {
  mode: Mode = { kind: 'pass' };
  /** Inserts to which something other than `pass` was done. */
  disturbed = 0;
  /** Inserts that were handed on and answered. */
  passed = 0;
  private readonly to: () => string;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  private constructor(to: () => string) {
    this.to = to;
    this.server = createServer((incoming, response) => {
      this.handle(incoming, response).catch(() => incoming.socket.destroy());
    });
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
  }

  /** @param to where ClickHouse is */
  static async start(to: () => string): Promise<InsertProxy> {
    const proxy = new InsertProxy(to);
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Breaks all connections, those that are held too. */
  reset(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  close(): void {
    this.server.close();
    this.reset();
  }

  private async handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { mode } = this;
    if (mode.kind === 'pass' || !isInsert(incoming)) {
      const isRows = isInsert(incoming);
      const answer = await this.forward(incoming, [await bodyOf(incoming)]);
      response.writeHead(answer.status, answer.headers).end(answer.body);
      if (isRows && answer.status === 200) this.passed++;
      return;
    }
    this.disturbed++;
    if (mode.kind === 'refuse') {
      incoming.socket.destroy();
      return;
    }
    const body = await bodyOf(incoming);
    if (mode.kind === 'hold') return;
    if (mode.kind === 'cut') {
      await this.forward(incoming, [body.subarray(0, body.length / 2)], body.length).catch(
        () => {},
      );
      incoming.socket.destroy();
      return;
    }
    if (mode.kind === 'error') {
      if (mode.landed) await this.forward(incoming, [body]);
      const text = `Code: ${mode.code}. DB::Exception: as the test wants it. (${mode.name}) (version 26.1.1.1)\n`;
      const headers = {
        'X-ClickHouse-Exception-Code': String(mode.code),
        'content-type': 'text/plain',
      };
      response.writeHead(mode.status, headers).end(text);
      return;
    }
    const answer = await this.forward(incoming, mode.kind === 'slow' ? pieces(body) : [body]);
    if (mode.kind === 'mute') incoming.socket.destroy();
    else response.writeHead(answer.status, answer.headers).end(answer.body);
  }

  /** @param length what is declared; less is sent when the connection is to break */
  private async forward(incoming: IncomingMessage, body: Buffer[], length?: number) {
    const { transfer: _t, ...rest } = { transfer: '', ...incoming.headers };
    const headers: Record<string, string | string[] | undefined> = { ...rest };
    delete headers['transfer-encoding'];
    delete headers.connection;
    headers['content-length'] = String(
      length ?? body.reduce((sum, piece) => sum + piece.length, 0),
    );
    const call = request(`${this.to()}${incoming.url}`, {
      method: incoming.method ?? 'POST',
      headers,
    });
    const answered = once(call, 'response') as Promise<[IncomingMessage]>;
    answered.catch(() => {});
    for (const piece of body) {
      call.write(piece);
      if (body.length > 1) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    if (length !== undefined) {
      // What was written is on its way before the break.
      await new Promise((resolve) => setTimeout(resolve, 20));
      call.destroy();
    } else call.end();
    const [answer] = await answered;
    return {
      status: answer.statusCode ?? 500,
      headers: withoutFraming(answer.headers),
      body: await bodyOf(answer),
    };
  }
}

function isInsert({ url = '' }: IncomingMessage): boolean {
  return /[?&]query=INSERT/i.test(url);
}

async function bodyOf(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function pieces(body: Buffer): Buffer[] {
  const size = Math.max(1, Math.ceil(body.length / 10));
  return Array.from({ length: Math.ceil(body.length / size) }, (_, index) =>
    body.subarray(index * size, (index + 1) * size),
  );
}

function withoutFraming(headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  const { 'transfer-encoding': _, connection: __, 'keep-alive': ___, ...kept } = headers;
  return kept;
}

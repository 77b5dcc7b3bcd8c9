/** The threads that run SELECTs, as many as are needed at once; they live until the engine closes. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { ClickHouseException } from './exception.ts';
import type { FromWorker, Select, ToWorker } from './select-worker.ts';

export class Selects {
  #path: string;
  #all: Thread[] = [];
  #idle: Thread[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Rows of a SELECT in chunks. Leaving the loop early waits until the engine is done with it.
   * @param running gets the connection's `log_comment` before the query begins.
   * @throws ClickHouseException
   */
  async *rows(select: Select, running: (comment: string) => void): AsyncGenerator<Uint8Array> {
    const thread = this.#idle.pop() ?? this.#spawn();
    let message: FromWorker | undefined;
    const isOver = () => message?.kind === 'end' || message?.kind === 'failed';
    try {
      thread.send({ kind: 'select', select });
      message = await thread.next();
      if (message.kind === 'running') {
        running(message.comment);
        message = await thread.next();
      }
      while (message.kind === 'chunk') {
        yield message.bytes;
        thread.send({ kind: 'more' });
        message = await thread.next();
      }
      if (message.kind === 'failed') {
        throw new ClickHouseException(message.code, message.text.trimEnd(), message.text);
      }
    } finally {
      while (!isOver()) {
        thread.send({ kind: 'leave' });
        message = await thread.next();
      }
      this.#idle.push(thread);
    }
  }

  /** Closes the connections of all threads; nothing may run any more. The threads stay. */
  async close(): Promise<void> {
    await Promise.all(
      this.#all.map((thread) => {
        thread.send({ kind: 'close' });
        return thread.next();
      }),
    );
  }

  #spawn(): Thread {
    const thread = new Thread(this.#path);
    this.#all.push(thread);
    return thread;
  }
}

/** A worker whose messages wait until they are asked for. */
class Thread {
  #worker: Worker;
  #inbox: FromWorker[] = [];
  #wake: () => void = () => {};

  constructor(path: string) {
    this.#worker = startThread({ path });
    this.#worker.on('message', (message: FromWorker) => {
      this.#inbox.push(message);
      this.#wake();
    });
  }

  send(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  async next(): Promise<FromWorker> {
    while (true) {
      const message = this.#inbox.shift();
      if (message) return message;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** The thread's file is beside this one: built a .js, from the sources (tests) a .ts through tsx. */
function startThread(data: { path: string }): Worker {
  const own = import.meta.url;
  if (!own.endsWith('.ts')) {
    return new Worker(new URL('./select-worker.js', own), { workerData: data });
  }
  const tsx = pathToFileURL(createRequire(own).resolve('tsx/esm/api')).href.replace(/cjs$/, 'mjs');
  const file = new URL('./select-worker.ts', own).href;
  const code = `import('${tsx}').then((api) => (api.register(), import('${file}')))`;
  return new Worker(code, { eval: true, execArgv: [], workerData: data });
}

/**
 * A thread that runs SELECTs and hands their rows to the main thread.
 *
 * chDB begins a streamed query synchronously, and beginning one includes running its scalar
 * subqueries: seconds, during which the calling thread does nothing else. In a thread of its own
 * that holds up nobody. Such a thread must not end before the process does: chDB's addon closes
 * the connections of all threads when one of them ends.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { Session } from 'chdb';
import { loadChdb } from './chdb.ts';
import { Connections } from './connections.ts';
import { ClickHouseException } from './exception.ts';
import { framingOf } from './framing.ts';

export interface Select {
  args: readonly string[];
  database: string | undefined;
  sql: string;
  params: Readonly<Record<string, string>>;
  /** The format that the answer has, whether the statement or the request names it. */
  format: string;
}

export type ToWorker =
  | { kind: 'select'; select: Select }
  /** The last chunk is taken; send the next. */
  | { kind: 'more' }
  /** Nobody takes the rest. */
  | { kind: 'leave' }
  | { kind: 'close' };

/** After a select: `running`, any number of `chunk`, then one `end` or `failed`. */
export type FromWorker =
  | { kind: 'running'; comment: string }
  | { kind: 'chunk'; bytes: Uint8Array }
  | { kind: 'end' }
  | { kind: 'failed'; code: number; text: string }
  | { kind: 'closed' };

const { path } = workerData as { path: string };
const chdb = await loadChdb();
const connections = new Connections((args) => new chdb.Session(path, { connectionArgs: args }));
let answered: (go: boolean) => void = () => {};

parentPort?.on('message', (message: ToWorker) => {
  if (message.kind === 'select') void run(message.select);
  else if (message.kind === 'close') void close();
  else answered(message.kind === 'more');
});

function send(message: FromWorker): void {
  parentPort?.postMessage(message);
}

async function run({ args, database, sql, params, format }: Select): Promise<void> {
  try {
    const connection = connections.lend(args, database, params);
    let clean = false;
    try {
      send({ kind: 'running', comment: connection.comment });
      clean = await answer(connection.session, sql, format);
    } finally {
      // A failed stream stays in the engine's process list until its connection closes.
      connections.giveBack(connection, clean);
    }
    send({ kind: 'end' });
  } catch (error) {
    const { code, text } = ClickHouseException.from(error);
    send({ kind: 'failed', code, text });
  }
}

/** Sends what the format makes of the rows. False if nobody took the rest. */
async function answer(session: Session, sql: string, format: string): Promise<boolean> {
  const framing = framingOf(format);
  let chunks = 0;
  if (framing.kind !== 'whole') {
    for await (const chunk of session.queryStream(sql, { format })) {
      const raw = chunk.raw();
      const again = framing.kind === 'header' && chunks > 0;
      chunks += 1;
      if (!(await hand(again ? raw.subarray(framing.length(raw)) : raw))) return false;
    }
    // Without rows there is no chunk, but a header is still owed.
    if (framing.kind === 'joined' || chunks > 0) return true;
  }
  const result = await session.queryAsync(sql, { format });
  return hand(result.bytes());
}

/** Hands one chunk over and waits until it is taken. False if nobody takes more. */
function hand(chunk: Uint8Array): Promise<boolean> {
  if (chunk.length === 0) return Promise.resolve(true);
  const bytes = new Uint8Array(chunk);
  const go = new Promise<boolean>((resolve) => {
    answered = resolve;
  });
  parentPort?.postMessage({ kind: 'chunk', bytes } satisfies FromWorker, [bytes.buffer]);
  return go;
}

async function close(): Promise<void> {
  connections.closeIdle();
  await chdb.drainPending();
  send({ kind: 'closed' });
}

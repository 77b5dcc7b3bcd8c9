// An agent that fails on purpose and then ends in the way it is told. What it has recorded it writes to
// a file, a session a line, after the failure is recorded and before anything else happens.
import { fork } from 'node:child_process';
import { openSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setImmediate as turn } from 'node:timers/promises';
import { isMainThread, Worker, workerData } from 'node:worker_threads';

const { instrumentGraph } = await import(process.env.CRASH_INSTRUMENTATION);
const [, , way, sessions, failures] = isMainThread ? process.argv : ['', '', ...workerData];
const log = openSync(process.env.CRASH_LOG, 'a');
const graph = instrumentGraph({
  agentId: process.env.CRASH_AGENT,
  graph: { id: 'crash', nodes: [{ id: 'work' }, { id: 'stray' }], edges: [] },
});

let made = 0;
const note = (session) => writeSync(log, `${session}\n`);

async function fail() {
  made += 1;
  const session = `${sessions}-${made}`;
  const input = { order: made, text: 'x'.repeat(500) };
  await graph
    .run({ sessionId: session }, (run) =>
      run.node('work', { input, maxAttempts: 1 }, () => {
        throw new TypeError(`order has no total`);
      }),
    )
    .catch(() => {});
  note(session);
}

async function failAll() {
  for (let n = 0; n < Number(failures); n += 1) await fail();
}

/** Fails on and on, and lets the event loop turn now and then. */
async function failOn(turns = 10) {
  for (;;) {
    await fail();
    if (made % turns === 0) await turn();
  }
}

/** A node that leaves something running which fails. */
function stray(work) {
  const session = `${sessions}-stray`;
  note(session);
  return graph.run({ sessionId: session }, (run) =>
    run.node('stray', { input: 1 }, () => {
      work();
      return new Promise((resolve) => setTimeout(resolve, 10_000));
    }),
  );
}

const ways = {
  idle: () => graph.run({}, () => {}),
  natural: failAll,
  async throw() {
    await failAll();
    await stray(() =>
      setTimeout(() => {
        throw new RangeError('nobody caught this');
      }, 1),
    );
  },
  async rejection() {
    await failAll();
    await stray(() => void Promise.reject(new RangeError('nobody caught this')));
  },
  async exit() {
    await failAll();
    process.exit(3);
  },
  async signal() {
    await failAll();
    console.log('ready');
    await failOn();
  },
  async memory() {
    await failAll();
    const kept = [];
    for (;;) {
      await fail();
      kept.push(new Array(100_000).fill(made).map((value, index) => ({ value, index })));
    }
  },
  /** Fails until its standard input ends. */
  async steady() {
    let going = true;
    createInterface({ input: process.stdin }).on('close', () => {
      going = false;
    });
    console.log('ready');
    while (going) {
      await fail();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  },
  async worker() {
    new Worker(new URL(import.meta.url), { workerData: ['throw', `${sessions}-worker`, failures] });
    await failAll();
  },
  async child() {
    fork(new URL(import.meta.url), ['exit', `${sessions}-child`, failures]);
    await failAll();
  },
};
await ways[way]();

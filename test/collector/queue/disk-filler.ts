// A process that fills a queue until its disk takes no more, empties it, and so on: what it may write is
// limited from outside. Ends with 0 when every entry that was appended came out once, in order.
import { pino } from 'pino';
import { QueueStore } from '../../../collector/queue/store.ts';
import { Random } from '../../faults/random.ts';

const [folder = '', seed = '1'] = process.argv.slice(2);
const random = new Random(Number(seed));
const logger = pino({ level: 'silent' });
const ROUNDS = 6;
const MOST_TRIES = 20;

let store = new QueueStore(folder, logger);
let appended = 0;
let taken = 0;

const entry = () => ({
  at: appended++,
  tables: { failures: { rows: 1, layout: 'x', bytes: Buffer.alloc(sizeOf(), appended) } },
});
const [largest] = random.shuffled([300, 4_000, 60_000]);
const sizeOf = () => random.int(8, largest!);

for (let round = 0; round < ROUNDS; round++) {
  fill(random.int(1, 30));
  if (random.next() < 0.5) {
    store.close();
    store = new QueueStore(folder, logger);
  }
  empty();
  const next = [entry()];
  attempt(() => store.append(next));
}

/** Appends until the disk has refused so often; smaller ones may go where larger ones do not. */
function fill(refusals: number): void {
  while (refusals > 0) {
    const before = appended;
    const entries = Array.from({ length: random.int(1, 5) }, entry);
    const seen = random.next() < 0.2 ? [[`span ${random.next()}`, '1'] as const] : [];
    try {
      store.append(entries, new Map(seen));
    } catch {
      appended = before;
      refusals--;
    }
    if (random.next() < 0.02) attempt(() => store.nextBatch({ bytes: 100_000, entries: 100 }));
  }
}

function empty(): void {
  while (store.state.done < store.state.last) {
    const batch = attempt(() => store.nextBatch({ bytes: 1e9, entries: 1e9 }))!;
    for (const { at } of batch.entries) {
      if (at !== taken++) throw new Error(`${at} came out where ${taken - 1} was due`);
    }
    const refused = Array.from({ length: random.int(0, 3) }, (_, index) => {
      return { table: 'failures' as const, index, row: 'r'.repeat(20_000), reason: 'none' };
    });
    attempt(() => store.confirm(batch, refused, 0));
  }
  if (taken !== appended) throw new Error(`${appended} went in, ${taken} came out`);
  const letters = [...store.deadLetters()].map(({ id }) => id);
  if (letters.length !== store.state.deadLetters) throw new Error('dead letters are missing');
  attempt(() => store.removeDeadLetters(letters));
}

/** What makes room has to come through on a full disk, if not at once. */
function attempt<T>(action: () => T): T {
  for (let tries = 1; ; tries++) {
    try {
      return action();
    } catch (error) {
      if (tries === MOST_TRIES) throw error;
    }
  }
}

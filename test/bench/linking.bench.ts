// What the linker keeps in memory of traces that are not linked yet, and what linking a large trace takes.
import { addLinked } from '../../collector/linking/linked-rows.ts';
import { OpenTraces } from '../../collector/linking/open-traces.ts';
import {
  type Alone,
  type RecordedSpan,
  receivedRows,
  recordedSpans,
} from '../support/recorded-spans.ts';

export const name = 'Linking: memory of open traces, CPU time of one large trace';

const MOST_OPEN = 100_000;
const OPEN_MS = 15 * 60_000;
const MIB = 1024 * 1024;

function heapMib(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / MIB;
}

function openTraces(): void {
  const traces = new OpenTraces(MOST_OPEN, OPEN_MS);
  const before = heapMib();
  let opened = 0;
  for (const count of [MOST_OPEN / 10, MOST_OPEN, 3 * MOST_OPEN]) {
    for (; opened < count; opened++) {
      traces.open(opened.toString(16).padStart(32, '0'), opened);
      // As the linker does: what was looked at waits for its next look.
      if (opened % 1000 === 999) for (const id of traces.take()) traces.wait(id, opened);
    }
    const mib = (heapMib() - before).toFixed(1);
    console.log(
      `  ${count.toLocaleString('en')} opened: ${traces.size.toLocaleString('en')} kept, ${mib} MiB`,
    );
  }
}

/** A run of so many nodes, one inside the other or side by side, of which one in a hundred fails. */
function largeTrace(spans: number, isDeep: boolean): Alone[] {
  const [root] = recordedSpans('langgraph-openinference-good');
  const { resource, scopeSpans } = root!;
  const [{ scope, spans: one }] = scopeSpans;
  const start = BigInt(one[0].startTimeUnixNano);
  return Array.from({ length: spans }, (_, i): Alone => {
    const at = start + BigInt(isDeep ? i : 10 * i);
    const end = i === 0 || isDeep ? start + BigInt(10 * spans - i) : at + 9n;
    const node = `node${i % 50}`;
    const span: RecordedSpan = {
      ...one[0],
      spanId: id(i + 1),
      parentSpanId: i === 0 ? Buffer.alloc(0) : id(isDeep ? i : 1),
      name: i === 0 ? 'graph' : node,
      startTimeUnixNano: String(at),
      endTimeUnixNano: String(end),
      attributes: [
        { key: 'openinference.span.kind', value: { stringValue: 'CHAIN' } },
        ...(i === 0 ? [] : [{ key: 'langgraph_node', value: { stringValue: node } }]),
      ],
      status: i % 100 === 99 ? { code: 2, message: `node ${i % 7} broke` } : { code: 1 },
    };
    return { resource, scopeSpans: [{ scope, spans: [span] }] };
  });
}

function id(n: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(n, 4);
  return bytes;
}

async function linkLargeTraces(): Promise<void> {
  for (const isDeep of [false, true]) {
    for (const spans of [5_000, 50_000]) {
      const all = largeTrace(spans, isDeep);
      const requests: Alone[][] = [];
      while (all.length > 0) requests.push(all.splice(0, 5_000));
      const rows = await receivedRows(requests);
      const before = process.cpuUsage();
      addLinked(rows, { record: () => true, trace: () => true });
      const { user, system } = process.cpuUsage(before);
      const shape = isDeep ? 'one inside the other' : 'side by side';
      const seconds = ((user + system) / 1e6).toFixed(1);
      console.log(
        `  ${spans.toLocaleString('en')} spans ${shape}: ${seconds} CPU-s, with the second look`,
      );
    }
  }
}

export async function run(): Promise<void> {
  console.log('open traces');
  openTraces();
  console.log('one trace');
  await linkLargeTraces();
}
